#!/usr/bin/env bash
# The same job in Python and in wordhash, on the same list, in turn: one table of seconds and
# ratios (Python's time divided by wordhash's; the median of the pairs).
#
#   scripts/compare_python.sh [FILE [WORKERS [RUNS]]]
#
# FILE is a word list; without one, the built-in list is written to a temporary file first.
# WORDHASH names the program (default: wordhash), PYTHON the interpreter (default: python3).
set -euo pipefail
wordhash=${WORDHASH:-wordhash}
python=${PYTHON:-python3}
peer=$(dirname "$0")/pool_peer.py
list=${1:-}
workers=${2:-2}
runs=${3:-5}
sizes=(500 5000 10000 100000)

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if [ -z "$list" ]; then
    list=$folder/words.txt
    "$wordhash" generate > "$list"
fi

# wordhash's lines, as "words distinct seconds".
ours() {
    "$wordhash" "$@" "$list" | awk '/^Loaded/ {words = $2} /^Done/ {distinct = $3}
        /seconds$/ {print words, distinct, $(NF - 1)}'
}

# pair NAME PYTHON-ARGUMENTS WORDHASH-ARGUMENTS...: one run of each, written to NAME's file.
pair() {
    local name=$1 theirs=$2
    shift 2
    local a b
    # shellcheck disable=SC2086 # the arguments are words
    a=$("$python" "$peer" "$list" $theirs)
    b=$(ours "$@")
    if [ "${a% *}" != "${b% *}" ]; then
        echo "the counts differ for $name: Python ${a% *}, wordhash ${b% *}" >&2
        exit 1
    fi
    echo "${a##* } ${b##* }" >> "$folder/$name"
}

for ((run = 0; run < runs; run++)); do
    pair serial serial --serial
    for size in "${sizes[@]}"; do
        pair "$workers workers, chunksize $size" "$workers $size" --workers "$workers" --chunksize "$size"
    done
done

median() { sort -g | awk '{v[NR] = $1} END {print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'; }
printf '%-28s %10s %10s %8s\n' "" "Python s" "wordhash s" "ratio"
for name in serial "${sizes[@]/#/$workers workers, chunksize }"; do
    printf '%-28s %10.3f %10.3f %8.1f\n' "$name" \
        "$(awk '{print $1}' "$folder/$name" | median)" \
        "$(awk '{print $2}' "$folder/$name" | median)" \
        "$(awk '{print $1 / $2}' "$folder/$name" | median)"
done
