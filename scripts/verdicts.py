"""Puts the verdicts to the test on this machine, with real sweeps.

    python3 verdicts.py [SWEEPS [ROUNDS]]          default: 60 sweeps of 25 rounds

- Equal rows: eight chunk sizes that all make one task of the whole list. A sweep that calls any
  row faster or slower than another makes a false claim; at most 5 % of all sweeps may.
- Unequal rows: beside an even share for each of two threads, a chunk size that gives one thread
  10 % (5 %) more than its share. A sweep finds the difference when it calls that row slower.

WORDHASH names the program (default: wordhash). The sweeps run one after another; other work on the
machine costs power, not truth.
"""

import json
import os
import subprocess
import sys
import tempfile

WORDHASH = os.environ.get("WORDHASH", "wordhash")
SWEEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 60
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 25


def sweep(words, rounds, *options):
    command = [WORDHASH, "sweep", "--quiet", "--no-serial", "--format", "json",
               "--runs", str(rounds), *options, words]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def claims(result):
    """Whether the sweep says of any row that it is faster or slower than another."""
    rows = result["results"]
    verdicts = [row["against_recommended"] for row in rows if row["against_recommended"]]
    apart = any(found["verdict"] in ("faster", "slower") for found in verdicts)
    return apart or len(result["answers"][0]["fastest"]) != len(rows)


def equal_rows(words):
    sizes = ",".join(str(size) for size in range(2001, 2009))
    for name, options in (("threads", ["-b", "threads"]), ("processes", ["-b", "processes"])):
        false = sum(
            claims(sweep(words, ROUNDS, "-w", "2", "-c", sizes, *options)) for _ in range(SWEEPS)
        )
        print(f"equal rows, {name}: {false} of {SWEEPS} sweeps of {ROUNDS} rounds with a claim "
              f"(at most {SWEEPS // 20})", flush=True)


def unequal_rows(words):
    for percent, rounds in ((10, 50), (5, 100)):
        larger = 1000 + 10 * percent
        found = wrong = 0
        for _ in range(SWEEPS):
            result = sweep(words, rounds, "-w", "2", "-b", "threads", "--rounds", "200",
                           "--reference", "1000", "--margin", "0%", "-c", f"1000,{larger}")
            verdict = result["results"][1]["against_reference"]["verdict"]
            found += verdict == "slower"
            wrong += verdict == "faster"
        print(f"a thread with {percent} % more than its share: found by {found} of {SWEEPS} sweeps "
              f"of {rounds} rounds, the opposite claimed by {wrong}", flush=True)


def main():
    with tempfile.TemporaryDirectory() as folder:
        words = os.path.join(folder, "words.txt")
        with open(words, "wb") as file:
            made = [WORDHASH, "generate", "--words", "2k", "--distinct", "1900"]
            subprocess.run(made, check=True, stdout=file)
        equal_rows(words)
        unequal_rows(words)


if __name__ == "__main__":
    main()
