#!/usr/bin/env bash
# What `wordhash digest` costs beside `cat` of a file with the same bytes, both through a pipe to a
# second `cat`, in turn: hashing and writing must not take more than three times what only writing
# takes.
#
#   scripts/compare_cat.sh [FILE [WORKERS [RUNS]]]
#
# FILE is a word list; without one, the built-in list is written to a temporary file first. Prints
# the median seconds of both and the median of the ratios of the pairs.
# WORDHASH names the program (default: wordhash), PYTHON the interpreter (default: python3).
set -euo pipefail
export WORDHASH=${WORDHASH:-wordhash}
list=${1:-}
workers=${2:-2}
runs=${3:-11}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if [ -z "$list" ]; then
    list=$folder/words.txt
    "$WORDHASH" generate > "$list"
fi

# Not `exec`: the folder is removed when it has ended.
"${PYTHON:-python3}" - "$folder/records" "$list" "$workers" "$runs" <<'PROGRAM'
import os, statistics, subprocess, sys, time

records, path, workers, runs = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
ways = [[], ["-b", "threads"], ["--serial"], ["--only-hash"], ["--null", "--raw"], ["--binary"]]


def seconds(command):
    """From before both programs are started until both have ended."""
    begin = time.perf_counter()
    with open(os.devnull, "wb") as nowhere:
        first = subprocess.Popen(command, stdout=subprocess.PIPE)
        second = subprocess.Popen(["cat"], stdin=first.stdout, stdout=nowhere)
        first.stdout.close()
        if first.wait() or second.wait():
            sys.exit(f"{command} failed")
    return time.perf_counter() - begin


print(f"{'':42}{'MB':>6}{'digest s':>10}{'cat s':>8}{'ratio':>7}")
for way in ways:
    run = [os.environ["WORDHASH"], "digest", "--quiet", "--workers", workers, *way, path]
    with open(records, "wb") as file:
        subprocess.run(run, check=True, stdout=file)
    pairs = [(seconds(run), seconds(["cat", records])) for _ in range(runs + 1)][1:]
    ours, cats = zip(*pairs)
    print(f"{' '.join(['digest --workers', workers, *way]):42}{os.path.getsize(records) / 1e6:6.0f}"
          f"{statistics.median(ours):10.3f}{statistics.median(cats):8.3f}"
          f"{statistics.median(a / b for a, b in pairs):7.2f}")
PROGRAM
