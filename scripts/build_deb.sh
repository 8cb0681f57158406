#!/usr/bin/env bash
# Builds a Debian package, manual pages and completions included, and installs it in a scratch
# root to see that everything is where it belongs and works. Needs `cargo deb` and `dpkg`.
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
# The project's own changelog is for users; Debian wants one that tells its releases apart.
gzip -9nc CHANGELOG.md >"$assets/NEWS.gz"
field() { sed -n "s/^$1 = \"\(.*\)\"$/\1/p" Cargo.toml | head -n 1; }
when=$(git log -1 --format=%ct 2>/dev/null || true)
printf 'wordhash (%s-1) unstable; urgency=medium\n\n  * See NEWS.gz.\n\n -- %s  %s\n' \
    "$(field version)" "$(field maintainer)" "$(date -u -R -d "@${SOURCE_DATE_EPOCH:-${when:-0}}")" >"$assets/changelog"
if [ "${1:-}" = --assets ]; then exit; fi

if ! cargo deb --version >/dev/null 2>&1; then
    echo "build_deb.sh: cargo deb is not installed: cargo install cargo-deb" >&2
    exit 2
fi
package=$(cargo deb --locked --no-build --strip | tail -n 1)

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
if [ "$(id -u)" = 0 ]; then
    mkdir -p "$root"/var/lib/dpkg/{info,updates}
    touch "$root"/var/lib/dpkg/{status,available}
    # The libraries that it depends on are those of this system.
    dpkg --root="$root" --force-depends --log=/dev/null --install "$package" >/dev/null 2>"$root/said" ||
        { cat "$root/said" >&2; exit 1; }
else
    # dpkg gives files to root, which takes root.
    dpkg-deb --extract "$package" "$root"
fi

fail() { echo "build_deb.sh: $package: $*" >&2; exit 1; }
for page in wordhash $(printf 'wordhash-%s ' $commands); do
    file=$root/usr/share/man/man1/$page.1.gz
    [ -s "$file" ] || fail "no page of $page"
    if command -v mandoc >/dev/null; then
        gunzip -c "$file" | mandoc -W warning >/dev/null || fail "mandoc complains of the page of $page"
    fi
done
for file in bash-completion/completions/wordhash zsh/vendor-completions/_wordhash \
    fish/vendor_completions.d/wordhash.fish doc/wordhash/copyright; do
    [ -s "$root/usr/share/$file" ] || fail "no usr/share/$file"
done
bash --norc -uc 'source "$1" && complete -p wordhash' bash \
    "$root/usr/share/bash-completion/completions/wordhash" >/dev/null || fail "bash cannot load the completions"
printf 'a\nb\na\n' | "$root/usr/bin/wordhash" -w 2 - | grep -qx 'Done, with 2 hashes' || fail "it cannot count to 2"
"$root/usr/bin/wordhash" --version
echo "$package"
