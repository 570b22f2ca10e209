"""A process that measures rows of work; started by the suite, see `suite.measure.Worker`.

    python measured.py [--package NAME] [--database CLUSTER] [--scale NUMBER] MODULE ROW
    python measured.py [...] --once MODULE                    # each row once: a test

MODULE is one of `work/`. Prints "ready", then a line of JSON for each line that it reads.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from dataclasses import asdict

from work.bench import Bench, Rows


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--package", default="ours")
    parser.add_argument("--database", default="memory:bench")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--once", action="store_true")
    parser.add_argument("module")
    parser.add_argument("row", nargs="?")
    return parser.parse_args(argv)


def rows_of(module: str) -> Rows:
    found: Rows = importlib.import_module(f"work.{module}").ROWS
    return found


def main(argv: list[str]) -> int:
    options = parse(argv)
    rows = rows_of(options.module).made
    for name in rows if options.once else [options.row]:
        bench = Bench(options.package, options.database, options.scale)
        measured = rows[name](bench)
        print("ready", flush=True)
        for _ in [""] if options.once else sys.stdin:
            print(json.dumps(asdict(measured())), flush=True)
        bench.clean()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
