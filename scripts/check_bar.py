"""What a check of 100 MB of text against the built-in list costs, beside what must be done for it
in any case: read the text, hash the known words, hash the text's distinct words. Whole processes,
in turn, medians. Needs a release build and a machine that is otherwise idle.

    python3 check_bar.py [RUNS]

WORDHASH names the program (default: wordhash), BACKEND how it runs (default: threads).
"""

import itertools
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time

WORDHASH = os.environ.get("WORDHASH", "wordhash")
BACKEND = os.environ.get("BACKEND", "threads")
RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 7
TEXT_BYTES = 100_000_000


def write_text(path, words, weights):
    """Lines of words, drawn evenly or by weight, and the distinct ones; how many those are."""
    drawn, size = set(), 0
    with open(path, "w") as text:
        while size < TEXT_BYTES:
            some = random.choices(words, cum_weights=weights, k=10_000)
            drawn.update(some)
            lines = (" ".join(some[at:at + 8]) + ".\n" for at in range(0, len(some), 8))
            size += text.write("".join(lines))
    with open(path + ".words", "w") as distinct:
        distinct.writelines(word + "\n" for word in drawn)
    return len(drawn)


def seconds(command):
    begin = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begin


def main():
    random.seed(1)
    with tempfile.TemporaryDirectory() as folder:
        known = os.path.join(folder, "known")
        with open(known, "wb") as file:
            subprocess.run([WORDHASH, "generate"], stdout=file, check=True)
        with open(known) as file:
            words = sorted(set(file.read().split()))
        random.shuffle(words)
        by_rank = list(itertools.accumulate(1 / rank for rank in range(1, len(words) + 1)))
        for name, weights in (("as in prose (Zipf)", by_rank), ("evenly", None)):
            text = os.path.join(folder, "text")
            distinct = write_text(text, words, weights)
            commands = {
                "check": [WORDHASH, "check", "-b", BACKEND, "--known", known, text],
                "read the text": ["cat", text],
                "hash the known words": [WORDHASH, "-b", BACKEND, known],
                "hash its distinct words": [WORDHASH, "-b", BACKEND, text + ".words"],
            }
            rounds = [{what: seconds(command) for what, command in commands.items()}
                      for _ in range(RUNS)]
            print(f"words drawn {name}, {distinct:,} of them distinct")
            for what in commands:
                print(f"  {what:26}{statistics.median(row[what] for row in rounds):8.3f} s")
            ratio = statistics.median(
                row["check"] / sum(row[what] for what in row if what != "check") for row in rounds)
            print(f"  {'check / the others':26}{ratio:8.2f}")


if __name__ == "__main__":
    main()
