"""Runs programs that were written for the vendor's client library, on the engine in its place.

    python tests/peers/run.py [--only TEXT] [--list]

Each peer finds the engine as its libfdb_c.so: the official Python packages at several API versions,
asyncio-foundationdb and the binding of node with their own tests, layers on the official package and on
this project's, and C and C++ programs compiled against the headers. Exit status 1 when one fails, 2 when
one could not be installed.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from official import PeerFailed, PeerUnavailable  # noqa: E402
from peer_jobs import jobs  # noqa: E402


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default="", help="peers with this text in their name")
    parser.add_argument("--list", action="store_true", help="print the names and stop")
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    options = parse(argv)
    status = 0
    for job in jobs():
        if options.only not in job.name:
            continue
        if options.list:
            print(job.name)
            continue
        start = time.perf_counter()
        try:
            printed = job.work()
        except PeerUnavailable as problem:
            status, printed = max(status, 2), f"NOT INSTALLED: {problem}"
        except PeerFailed as problem:
            status, printed = 1, f"FAILED: {problem}"
        print(f"{job.name} ({time.perf_counter() - start:.1f} s): {printed}", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
