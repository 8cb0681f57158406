#!/usr/bin/env bash
# What MPI ranks must keep on two cores, printed; ends with 1 if a bar is missed.
#
#   scripts/mpi_bars.sh [WORDHASH]      default: target/release/wordhash, built with --features mpi
#
# - Two ranks beside one rank, part `map`: at least 1.7 times as fast.
# - Two ranks beside two worker processes, whole run: at most 1.5 times as long. The time of a run
#   leaves out MPI's own start, which comes once a program and is loading, not hashing.
#
# Medians of 15 runs on the built-in list, in turns; of three turns, the middle one.
set -euo pipefail
cd "$(dirname "$0")/.."
wordhash=${1:-target/release/wordhash}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
"$wordhash" generate > "$folder/words.txt"
sweep=(sweep --quiet --no-serial --runs 15 -c auto --format json "$folder/words.txt")
for turn in 1 2 3; do
    for ranks in 1 2; do
        mpirun --oversubscribe --bind-to none -n $ranks "$wordhash" "${sweep[@]}" --backend mpi \
            > "$folder/$turn.mpi$ranks.json"
    done
    "$wordhash" "${sweep[@]}" --backend processes -w 2 > "$folder/$turn.processes.json"
done
python3 - "$folder" << 'EOF'
import json, statistics, sys

def medians(turn, name):
    with open(f"{sys.argv[1]}/{turn}.{name}.json") as file:
        samples = json.load(file)["results"][0]["samples"]
    return {part: 1000 * statistics.median(s[part] or 0 for s in samples)
            for part in ("total", "start", "map", "exchange", "set") if part in samples[0]}

turns = [{name: medians(turn, name) for name in ("mpi1", "mpi2", "processes")} for turn in (1, 2, 3)]
print("ms                   total  start    map  exchange    set")
for turn in turns:
    for name, title in (("mpi1", "1 rank"), ("mpi2", "2 ranks"), ("processes", "2 processes")):
        t = turn[name]
        print(f"{title:18} {t['total']:7.1f} {t['start']:6.1f} {t['map']:6.1f} {t['exchange']:9.1f} {t['set']:6.1f}")
speedup = statistics.median(turn["mpi1"]["map"] / turn["mpi2"]["map"] for turn in turns)
beside = statistics.median(turn["mpi2"]["total"] / turn["processes"]["total"] for turn in turns)
print(f"map, two ranks beside one rank: {speedup:.2f} times as fast (bar: at least 1.7)")
print(f"whole run, two ranks beside two processes: {beside:.2f} times as long (bar: at most 1.5)")
sys.exit(speedup < 1.7 or beside > 1.5)
EOF
