#!/usr/bin/env bash
# Whole processes in turn, from exec to exit: wordhash beside what one would run instead, Python
# (scripts/pool_peer.py) and a short rayon + sha2 + HashSet program (scripts/rayon_peer).
#
#   scripts/compare_peers.sh [FILE [RUNS]]
#
# FILE is a word list; without one, the built-in list is written to a temporary file first. Prints
# the median seconds of each program and the median of the ratios within a round. Each timed run
# comes right behind one of the same program that is not timed: on a virtual machine, whoever comes
# first behind a pause pays for the memory that the host took back meanwhile, and these programs
# differ in how long others have to wait for them.
# WORDHASH names the program (default: wordhash), PYTHON the interpreter (default: python3).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export WORDHASH=${WORDHASH:-wordhash}
list=${1:-}
runs=${2:-7}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if [ -z "$list" ]; then
    list=$folder/words.txt
    "$WORDHASH" generate > "$list"
fi
CARGO_TARGET_DIR=$folder/target cargo build --quiet --release --manifest-path "$here/rayon_peer/Cargo.toml"

# Not `exec`: the folder is removed when it has ended.
"${PYTHON:-python3}" - "$here" "$folder/target/release/rayon_peer" "$list" "$runs" <<'PROGRAM'
import os, statistics, subprocess, sys, time

here, rayon, path, runs = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
wordhash = os.environ["WORDHASH"]
programs = {
    "python, serial": [sys.executable, here + "/pool_peer.py", path, "serial"],
    "rayon + sha2 + HashSet": [rayon, path],
    "wordhash": [wordhash, path],
    "wordhash -b threads": [wordhash, "-b", "threads", path],
    "wordhash --serial": [wordhash, "--serial", path],
}
seconds = {name: [] for name in programs}
for turn in range(runs):
    for name in programs if turn % 2 else reversed(programs):
        for timed in (False, True):
            begin = time.perf_counter()
            subprocess.run(programs[name], check=True, stdout=subprocess.DEVNULL)
            if timed:
                seconds[name].append(time.perf_counter() - begin)


def ratio(name, reference):
    return statistics.median(a / b for a, b in zip(seconds[reference], seconds[name]))


print(f"{'':24}{'seconds':>9}{'python / it':>13}{'rayon / it':>12}")
for name in programs:
    print(f"{name:24}{statistics.median(seconds[name]):9.3f}"
          f"{ratio(name, 'python, serial'):13.1f}{ratio(name, 'rayon + sha2 + HashSet'):12.1f}")
PROGRAM
