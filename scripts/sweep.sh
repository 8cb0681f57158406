#!/bin/sh
# Sweep chunk sizes with nothing but single runs: one line of time for each size.
#
#   scripts/sweep.sh [FILE [WORKERS [SIZE...]]]
#
# FILE is a word list; without one, the built-in list is written to a temporary file first.
# `wordhash sweep` does the same in one process, in rounds of random order, with
# verdicts; this script is for those who want to see one run after another, or to change what is run.
set -eu
wordhash=${WORDHASH:-wordhash}
list=${1:-}
workers=${2:-2}
if [ $# -ge 2 ]; then shift 2; else shift $#; fi
[ $# -gt 0 ] || set -- 500 1000 5000 10000 50000 100000 even

if [ -z "$list" ]; then
    list=$(mktemp)
    trap 'rm -f "$list"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    "$wordhash" generate > "$list"
fi

"$wordhash" --serial "$list"
for size in "$@"; do
    "$wordhash" --workers "$workers" --chunksize "$size" "$list" | tail -n 1
done
