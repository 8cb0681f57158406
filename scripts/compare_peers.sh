#!/usr/bin/env bash
# Whole processes from exec to exit, in the same rounds: wordhash beside what one would run instead,
# Python (scripts/pool_peer.py) and a short rayon + sha2 + HashSet program (scripts/rayon_peer).
#
#   scripts/compare_peers.sh [FILE [OPTION…]]
#
# FILE is a word list; without one, the built-in list is written to a temporary file first. OPTIONs
# go to `wordhash compare`: --runs 25, --export peers.html, … All rows are compared with the first,
# Python; --reference names another one.
# WORDHASH names the program (default: wordhash), PYTHON the interpreter (default: python3).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export WORDHASH=${WORDHASH:-wordhash} PYTHON=${PYTHON:-python3} PEER=$here/pool_peer.py
list=${1:-}
shift $(($# < 1 ? $# : 1))

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if [ -z "$list" ]; then
    list=$folder/words.txt
    "$WORDHASH" generate > "$list"
fi
CARGO_TARGET_DIR=$folder/target cargo build --quiet --release --manifest-path "$here/rayon_peer/Cargo.toml"
export RAYON=$folder/target/release/rayon_peer

"$WORDHASH" compare --format table --shell \
    --program 'python, serial=exec "$PYTHON" "$PEER" {words} serial' \
    --program 'rayon + sha2 + HashSet=exec "$RAYON" {words}' \
    --program 'wordhash=exec "$WORDHASH" {words}' \
    --program 'wordhash -b threads=exec "$WORDHASH" -b threads {words}' \
    --program 'wordhash --serial=exec "$WORDHASH" --serial {words}' \
    "$@" "$list"
