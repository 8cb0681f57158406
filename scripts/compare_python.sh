#!/usr/bin/env bash
# The tutorial's experiment in Python and in wordhash, on the same list, in the same rounds: Python's
# ProcessPoolExecutor with seven chunk sizes beside wordhash serially, on threads and in processes.
#
#   scripts/compare_python.sh [FILE [WORKERS [OPTION…]]]
#
# FILE is a word list; without one, 120,000 words are generated: with them, Python's rows have their
# verdicts within a minute. OPTIONs go to `wordhash sweep`: --export report.html, --runs 25, … Times of Python are whole processes: the
# start of the interpreter and the loading of the list belong to them.
# WORDHASH names the program (default: wordhash), PYTHON the interpreter (default: python3).
set -euo pipefail
export WORDHASH=${WORDHASH:-wordhash} PYTHON=${PYTHON:-python3}
PEER=$(dirname "$0")/pool_peer.py
export PEER
list=${1:-}
workers=${2:-2}
shift $(($# < 2 ? $# : 2))

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if [ -z "$list" ]; then
    list=$folder/words.txt
    "$WORDHASH" generate --words 120k > "$list"
fi

# `exec`: no shell waits beside the program. What a shell fills in is quoted by it.
"$WORDHASH" sweep --format table --shell -b serial,threads,processes -w "$workers" \
    --program 'python=exec "$PYTHON" "$PEER" {words} {workers} {chunksize}' "$@" "$list"
