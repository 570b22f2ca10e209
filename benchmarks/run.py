"""Compares this package with foundationdb 7.4.8 from PyPI, both on the embedded engine.

    python benchmarks/run.py [--rounds N] [--json] [--row TEXT ...]

Each row is measured in processes of its own, in rounds that alternate between the two packages, and
the best round counts: what other programs on the machine do makes a round slower, never faster. The
ratio is the official package's time divided by ours, so above 1 means that this package is faster.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "peers"))

from official import Peer, PeerUnavailable, library_environment  # noqa: E402

OFFICIAL = Peer("bench-official", ("foundationdb==7.4.8", "gevent"))
ROUND_SECONDS = 300
START_ROW = "import and open"
IMPORT_AND_OPEN = """
import fdb
fdb.api_version(740)
db = fdb.open("memory:bench")
db.create_transaction().get_read_version().wait()
"""


@dataclass
class Row:
    """The times of one row, in seconds for one operation, a number for each round."""

    name: str
    ours: list[float] = field(default_factory=list)
    official: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        return min(self.official) / min(self.ours)


@dataclass(frozen=True)
class Package:
    """How to run a program with one of the packages."""

    name: str
    python: str
    environment: dict[str, str] | None

    def output(self, *args: str) -> str:
        done = subprocess.run(
            [self.python, *args],
            env=self.environment,
            cwd=HERE,  # not where a folder "fdb" lies, which -c would import for both packages
            capture_output=True,
            text=True,
            timeout=ROUND_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{self.name}: {' '.join(args)}\n{done.stderr}")
        return done.stdout

    def measure(self, row: str) -> float:
        if row == START_ROW:
            start = time.perf_counter()
            self.output("-c", IMPORT_AND_OPEN)
            opened = time.perf_counter() - start
            start = time.perf_counter()
            self.output("-c", "pass")
            return opened - (time.perf_counter() - start)
        script = str(HERE / "workloads.py")
        return float(json.loads(self.output(script, self.name, row))[row])


def row_names() -> list[str]:
    """The rows of `workloads.py`, in its order."""
    text = (HERE / "workloads.py").read_text().splitlines()
    names = [line[len('@row("') : -len('")')] for line in text if line.startswith('@row("')]
    return [*names, START_ROW]


def amount(seconds: float) -> str:
    """A time with a fitting unit."""
    for unit, factor in (("s ", 1.0), ("ms", 1e3), ("us", 1e6)):
        if seconds * factor >= 1:
            return f"{seconds * factor:8.2f} {unit}"
    return f"{seconds * 1e9:8.1f} ns"


def compare(names: list[str], rounds: int, packages: tuple[Package, Package]) -> list[Row]:
    """Measures all rows; which package begins changes from round to round."""
    rows = []
    for name in names:
        row = Row(name)
        for turn in range(rounds):
            for package in packages if turn % 2 == 0 else packages[::-1]:
                getattr(row, package.name).append(package.measure(name))
        rows.append(row)
        line = f"{name:38} {amount(min(row.ours))} {amount(min(row.official))} {row.ratio:7.1f}x"
        print(line, file=sys.stderr if "--json" in sys.argv else sys.stdout, flush=True)
    return rows


def as_json(rows: list[Row]) -> str:
    """Everything that was measured, for another program."""
    return json.dumps(
        [
            {
                "row": row.name,
                "ours": min(row.ours),
                "official": min(row.official),
                "ratio": row.ratio,
                "median_ratio": statistics.median(row.official) / statistics.median(row.ours),
                "rounds": {"ours": row.ours, "official": row.official},
            }
            for row in rows
        ],
        indent=1,
    )


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="processes of each package for a row")
    parser.add_argument("--json", action="store_true", help="print all times as JSON")
    parser.add_argument("--row", action="append", default=[], help="only rows with this text")
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    options = parse(argv)
    names = [
        name for name in row_names() if not options.row or any(text in name for text in options.row)
    ]
    try:
        environment = library_environment()
        official = Package("official", str(OFFICIAL.ensure()), environment)
    except PeerUnavailable as problem:
        print(problem, file=sys.stderr)
        return 2
    ours = Package("ours", sys.executable, {**os.environ})
    if not options.json:
        print(f"{'one operation':38} {'this package':>11} {'official':>11} {'ratio':>8}")
    rows = compare(names, options.rounds, (ours, official))
    if options.json:
        print(as_json(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
