"""What a task, a worker and a start cost, as ratios of interleaved runs: the figures by which the
pool is judged. Needs a release build and a machine with two cores that is otherwise idle.

    python3 bars.py [WORDS [RUNS]]

WORDHASH names the program (default: wordhash). Without WORDS the built-in list is taken.
"""

import json
import os
import statistics
import subprocess
import sys

WORDHASH = os.environ.get("WORDHASH", "wordhash")
LIST = sys.argv[1:2]
RUNS = sys.argv[2] if len(sys.argv) > 2 else "9"
SIZES = ["500", "1000", "5000", "10000", "50000", "100000", "even"]


def sweep(*options):
    command = [WORDHASH, "sweep", "--quiet", "--runs", RUNS, "--format", "json", *options, *LIST]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["results"]


def part(row, name):
    return statistics.median(sample[name] for sample in row["samples"])


def ratio(row, reference, name="map"):
    """The median, over the rounds, of one row's part over another's."""
    pairs = zip(row["samples"], reference["samples"])
    return statistics.median(a[name] / b[name] for a, b in pairs if b[name])


def flatness(rows):
    ordered = sorted(rows, key=lambda row: part(row, "map"))
    return ratio(ordered[-1], ordered[0])


def show(what, figure, bar):
    print(f"{what:62}{figure:>9}   {bar}")


def main():
    rows = sweep("-w", "2", "-c", ",".join(["1", *SIZES]), "--transport", "shared,pipe")
    of = {name: [row for row in rows if row["transport"] == name] for name in ("shared", "pipe")}
    best = {}
    for name, flat_bar, one_bar in (("shared", "<= 1.15", "<= 2"), ("pipe", "<= 1.3", "<= 4")):
        one = next(row for row in of[name] if row["chunksize"] == 1)
        others = [row for row in of[name] if row["chunksize"] != 1]
        best[name] = min(others, key=lambda row: part(row, "map"))
        show(f"{name}: slowest of seven sizes / fastest (map)", f"{flatness(others):.2f}", flat_bar)
        show(f"{name}: chunk size 1 / fastest (map)", f"{ratio(one, best[name]):.2f}", one_bar)
    show("pipe / shared, each at its best size (map)",
         f"{ratio(best['pipe'], best['shared']):.2f}", "<= 2")

    rows = sweep("-w", "1,2", "-c", "5000", "--start-method", "spawn,fork")
    serial = rows[0]
    row = {(row["workers"], row["start_method"]): row for row in rows}
    show("one worker, shared / serial (map)", f"{ratio(row[1, 'spawn'], serial):.2f}", "<= 1.1")
    show("one worker / two workers (map)",
         f"{ratio(row[1, 'spawn'], row[2, 'spawn']):.2f}", ">= 1.7")
    for method, bar in (("spawn", "<= 6 ms"), ("fork", "<= 3 ms")):
        show(f"two workers ready, {method}",
             f"{part(row[2, method], 'start') * 1e3:.1f} ms", bar)
    show("set, two threads / one", f"{ratio(row[2, 'spawn'], row[1, 'spawn'], 'set'):.2f}", "<= 0.6")


if __name__ == "__main__":
    main()
