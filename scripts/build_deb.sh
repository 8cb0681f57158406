#!/usr/bin/env bash
# Builds a Debian package, manual pages and completions included, and installs it in a scratch
# root to see that everything is where it belongs. Needs `cargo deb`.
#
#   scripts/build_deb.sh            the package lands in target/debian/
#   scripts/build_deb.sh --assets   only make the pages and completions, in target/assets/
#
# WORDHASH_PROGRAM names a program that makes them in place of a fresh release build; for --assets.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-target}
# cargo-deb finds the assets by the paths in Cargo.toml, wherever the target directory is.
assets=target/assets

if [ -z "${WORDHASH_COMMIT:-}" ] && [ -e .git ]; then
    WORDHASH_COMMIT=$(git rev-parse --short=12 HEAD)
fi
export WORDHASH_COMMIT=${WORDHASH_COMMIT:-}

program=${WORDHASH_PROGRAM:-}
if [ -z "$program" ]; then
    cargo build --locked --release --bin wordhash
    program=$target/release/wordhash
fi

rm -rf "$assets"
mkdir -p "$assets"/man "$assets"/completions
"$program" man | gzip -9n >"$assets/man/wordhash.1.gz"
commands=$("$program" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z]*\) .*/\1/p')
for command in $commands; do
    "$program" man "$command" | gzip -9n >"$assets/man/wordhash-$command.1.gz"
done
"$program" completions bash >"$assets/completions/wordhash"
"$program" completions zsh >"$assets/completions/_wordhash"
"$program" completions fish >"$assets/completions/wordhash.fish"
if [ "${1:-}" = --assets ]; then exit; fi

if ! cargo deb --version >/dev/null 2>&1; then
    echo "build_deb.sh: cargo deb is not installed: cargo install cargo-deb" >&2
    exit 2
fi
package=$(cargo deb --locked --no-build | tail -n 1)

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
dpkg-deb --extract "$package" "$root"
for file in usr/bin/wordhash usr/share/man/man1/wordhash.1.gz usr/share/man/man1/wordhash-sweep.1.gz \
    usr/share/bash-completion/completions/wordhash usr/share/zsh/vendor-completions/_wordhash \
    usr/share/fish/vendor_completions.d/wordhash.fish; do
    if [ ! -s "$root/$file" ]; then
        echo "build_deb.sh: $package lacks $file" >&2
        exit 1
    fi
done
"$root/usr/bin/wordhash" --version
echo "$package"
