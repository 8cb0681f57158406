"""The job of wordhash with Python's own pool, for scripts/compare_python.sh.

    python3 pool_peer.py WORDS serial
    python3 pool_peer.py WORDS WORKERS CHUNKSIZE

Prints the number of words, the number of distinct hashes, and the seconds from before the workers
are started until the set of hashes is complete, loading left out: the span that wordhash times.
"""

import hashlib
import sys
import time
from concurrent.futures import ProcessPoolExecutor


def sha512(word):
    return hashlib.sha512(word).digest()


def words_of(path):
    with open(path, "rb") as source:
        lines = source.read().split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    return [line.removesuffix(b"\r") for line in lines]


def main():
    path, how, *rest = sys.argv[1:]
    words = words_of(path)
    begin = time.perf_counter()
    if how == "serial":
        known = set(map(sha512, words))
    else:
        with ProcessPoolExecutor(max_workers=int(how)) as pool:
            known = set(pool.map(sha512, words, chunksize=int(rest[0])))
    seconds = time.perf_counter() - begin
    print(len(words), len(known), f"{seconds:.3f}")


if __name__ == "__main__":
    main()
