"""Compares durable databases of this package with sqlite3 and lmdb: the same pairs, in the same directory.

    python benchmarks/durable.py [--pairs N ...] [--rounds N] [--directory DIRECTORY] [--row TEXT ...] [--json]

Each round measures each store in a process of its own, one after the other, in an order that changes; the
median of the rounds counts. Pairs have keys of 16 and values of 100 bytes. The first number of --pairs is what
all rows are measured with, further ones are for opening, memory and size. The databases are made once and kept
in the directory, which must be on a real disk: one in memory makes commits look free.

The last column says what bounds this package's row: how much of one processor was at work (Python lets one thread
work at a time, so 100 % is the most that its share of the work can take), and what the disk's sync takes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = HERE.parent / "build"
STORES = ("ours", "sqlite3", "lmdb")
WORK_SECONDS = 1800
MEMORY_FILE_SYSTEMS = {"tmpfs", "ramfs"}
SYNC_ROW = "disk"

Times = dict[str, float]  # by store


@dataclass(frozen=True)
class Target:
    """What is wanted of this package's number, given all numbers."""

    text: str
    reached: Callable[[Times], bool]


@dataclass(frozen=True)
class Row:
    title: str
    work: str  # what durable_work.py calls it
    unit: str
    sync: str = "full"
    target: Target | None = None
    at_most_pairs: int = 1 << 62
    at_least_pairs: int = 0

    def shown(self, amount: float) -> str:
        if self.unit == "/s":
            return f"{1 / amount:,.0f} /s"
        if self.unit == "us":
            return f"{amount * 1e6:,.2f} us"
        if self.unit == "ms":
            return f"{amount * 1e3:,.1f} ms"
        if self.unit == "MB":
            return f"{amount / 1e6:,.0f} MB"
        return f"{amount:.2f} {self.unit}"


READ_TARGET = Target("at most 1.3 of lmdb", lambda t: t["ours"] <= 1.3 * t["lmdb"])
SIZE_TARGET = Target("at most 1.3 of the data", lambda t: t["ours"] <= 1.3)
OPEN_TARGET = Target("under 0.5 s", lambda t: t["ours"] < 0.5)

#: The rows, in groups that one process of a store measures in this order.
GROUPS: tuple[tuple[Row, ...], ...] = (
    (
        Row(
            "durable commits, 1 thread",
            "commits 1",
            "/s",
            target=Target(
                "at least 0.8 of the better",
                lambda t: 0.8 * t["ours"] <= min(t["sqlite3"], t["lmdb"]),
            ),
        ),
        Row("durable commits, 8 threads", "commits 8", "/s"),
        Row(
            "durable commits, 64 threads",
            "commits 64",
            "/s",
            target=Target(
                "5 times sqlite3, 2 times lmdb",
                lambda t: 5 * t["ours"] <= t["sqlite3"] and 2 * t["ours"] <= t["lmdb"],
            ),
        ),
    ),
    (Row("commits without sync, 1 thread", "commits 1", "/s", sync="off"),),
    (
        Row("opening and a first read", "open", "ms", target=OPEN_TARGET),
        Row("memory then", "resident", "MB"),
        Row("random read, not read before", "first_read", "us"),
        Row("random read, one transaction", "read", "us", target=READ_TARGET),
        Row("random read, db.get(key)", "whole_read", "us", target=READ_TARGET),
        Row("scan, one pair", "scan", "us", target=READ_TARGET),
    ),
)
SIZE_ROW = Row("size on disk / data", "load", "times", target=SIZE_TARGET)
#: The works that are of any size; the others are measured with the first number of pairs.
ANY_SIZE = ("open", "resident", "load")


@dataclass
class Measured:
    """A row's numbers for one operation, and the processors at work, by store and round."""

    amounts: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in STORES})
    processors: dict[str, list[float]] = field(
        default_factory=lambda: {name: [] for name in STORES}
    )

    def add(self, store: str, numbers: list[float]) -> None:
        self.amounts[store].append(numbers[0])
        self.processors[store].append(numbers[1])

    def medians(self) -> Times:
        return {store: statistics.median(amounts) for store, amounts in self.amounts.items()}

    def processor(self) -> float:
        return statistics.median(self.processors["ours"])


def file_system(path: Path) -> str:
    """The kind of file system that a directory is on."""
    command = ["stat", "--file-system", "--format=%T", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def run_work(store: str, directory: Path, pairs: int, sync: str, works: list[str]) -> dict:
    command = [sys.executable, str(HERE / "durable_work.py"), store, str(directory), str(pairs)]
    done = subprocess.run(
        [*command, sync, *works], capture_output=True, text=True, timeout=WORK_SECONDS, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{store}: {' '.join(works)}\n{done.stderr}")
    return dict(json.loads(done.stdout))


class Comparison:
    def __init__(self, directory: Path, rounds: int, wanted: list[str]) -> None:
        self.directory = directory
        self.rounds = rounds
        self.wanted = wanted
        self.sync_seconds: list[float] = []

    def place(self, store: str, pairs: int) -> Path:
        return self.directory / f"{store}-{pairs}"

    def prepare(self, pairs: int) -> Measured:
        """Makes the databases that are not there; returns their sizes relative to the data."""
        sizes = Measured()
        for store in STORES:
            place = self.place(store, pairs)
            note = place / "size.json"
            if not note.exists():
                place.mkdir(parents=True, exist_ok=True)
                for leftover in place.iterdir():
                    leftover.unlink()
                numbers = run_work(store, place, pairs, "full", ["load"])["load"]
                note.write_text(json.dumps(numbers))
            sizes.add(store, json.loads(note.read_text()))
        return sizes

    def is_wanted(self, row: Row) -> bool:
        return not self.wanted or any(text in row.title for text in self.wanted)

    def measure(self, pairs: int, everything: bool) -> list[tuple[Row, Measured]]:
        results = [(SIZE_ROW, self.prepare(pairs))] if self.is_wanted(SIZE_ROW) else []
        self.prepare(pairs)
        for group in GROUPS:
            rows = [
                row for row in group if self.is_wanted(row) and (everything or row.work in ANY_SIZE)
            ]
            measured = {row: Measured() for row in rows}
            for turn in range(self.rounds if rows else 0):
                self._round(pairs, rows, measured, turn)
            results += measured.items()
        return results

    def _round(self, pairs: int, rows: list[Row], measured: dict[Row, Measured], turn: int) -> None:
        if rows[0].work.startswith("commits") and rows[0].sync == "full":
            found = run_work(SYNC_ROW, self.directory, 0, "full", [])
            self.sync_seconds.append(found[SYNC_ROW][0])
        works: list[str] = []
        for row in rows:
            works += ["warm", row.work] if row.work == "read" else [row.work]
        for store in STORES[turn % 3 :] + STORES[: turn % 3]:
            found = run_work(store, self.place(store, pairs), pairs, rows[0].sync, works)
            for row in rows:
                measured[row].add(store, found[row.work])

    def bound(self, row: Row, measured: Measured) -> str:
        if row.work in ("load", "resident"):
            return ""
        at_work = f"{measured.processor():.0%} of a processor"
        if row.sync == "full" and row.work.startswith("commits") and self.sync_seconds:
            return f"{at_work}; a sync takes {statistics.median(self.sync_seconds) * 1e3:.2f} ms"
        return at_work


HEADING = f"{'':32} {'ours':>12} {'sqlite3':>12} {'lmdb':>12}  {'/sqlite3':>8} {'/lmdb':>8}  target"


def line(row: Row, times: Times, bound: str) -> str:
    numbers = " ".join(f"{row.shown(times[store]):>12}" for store in STORES)
    ratios = [times[other] / times["ours"] for other in STORES[1:]]
    if row.unit != "/s":
        ratios = [1 / ratio for ratio in ratios]
    against = " ".join(f"{ratio:8.2f}" for ratio in ratios)
    target = ""
    if row.target is not None:
        target = f"{row.target.text}: {'reached' if row.target.reached(times) else 'MISSED'}"
    return f"{row.title:32} {numbers}  {against}  {target:40} {bound}".rstrip()


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--directory", type=Path, default=BUILD / "bench-durable")
    parser.add_argument("--row", action="append", default=[], help="only rows with this text")
    parser.add_argument("--json", action="store_true", help="print all numbers as JSON")
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    options = parse(argv)
    options.directory.mkdir(parents=True, exist_ok=True)
    kind = file_system(options.directory)
    if kind in MEMORY_FILE_SYSTEMS:
        print(
            f"error: {options.directory} is in memory ({kind}): name a directory on a disk with --directory"
        )
        return 2
    comparison = Comparison(options.directory, options.rounds, options.row)
    everything = []
    for number, pairs in enumerate(options.pairs):
        if not options.json:
            print(
                f"{pairs:,} pairs, medians of {options.rounds} rounds ({kind})\n{HEADING}",
                flush=True,
            )
        for row, measured in comparison.measure(pairs, everything=number == 0):
            if not options.json:
                print(line(row, measured.medians(), comparison.bound(row, measured)), flush=True)
            everything.append(
                {
                    "pairs": pairs,
                    "row": row.title,
                    "amounts": measured.amounts,
                    "processors": measured.processors,
                }
            )
    if options.json:
        print(json.dumps({"sync_seconds": comparison.sync_seconds, "rows": everything}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
