"""What the test kit costs: a fixture for each test, and calls while somebody looks on or breaks things.

    python benchmarks/testing.py [--rounds N] [--tests N]

The fixtures are measured as the difference between tests with and without them, in a process of their own each. The calls are
measured in one process, a round of each setting after the other; the median of the rounds counts, and the column `x` says
how much longer that is than with nothing of the kit in use. What it costs not to be in use shows in instructions only:
`make bench-durable` counts them.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

import fdb
import fdb.testing

FIXTURES = (
    "fdb_db",
    "fdb_db, fdb_faults, fdb_clock",
    "fdb_db, fdb_record",
    "fdb_db, fdb_directory",
    "fdb_file_db",
)
CALLS = 2_000

Work = Callable[[fdb.Database], None]


def get(db: fdb.Database) -> None:
    """Reads of one transaction."""
    tr = db.create_transaction()
    for _ in range(CALLS):
        tr[b"key"].present()


def set_(db: fdb.Database) -> None:
    """Writes of one transaction."""
    tr = db.create_transaction()
    for _ in range(CALLS):
        tr[b"key"] = b"value"


def commit(db: fdb.Database) -> None:
    """Transactions with one write."""
    for _ in range(CALLS):
        db[b"key"] = b"value"


@contextlib.contextmanager
def nothing(db: fdb.Database) -> Iterator[None]:
    """Nothing of the kit."""
    yield


@contextlib.contextmanager
def rules(db: fdb.Database) -> Iterator[None]:
    """Faults of reads and commits that never happen."""
    with fdb.testing.faults(db, seed=1) as faults:
        faults.add("not_committed", probability=0)
        faults.add("transaction_too_old", probability=0)
        yield


@contextlib.contextmanager
def predicate(db: fdb.Database) -> Iterator[None]:
    """The same, said by a function."""
    with fdb.testing.faults(db, seed=1) as faults:
        faults.add("not_committed", when=lambda operation: False)
        faults.add("transaction_too_old", when=lambda operation: False)
        yield


@contextlib.contextmanager
def standing_clock(db: fdb.Database) -> Iterator[None]:
    """A clock that stands."""
    with fdb.testing.clock(db) as clock:
        clock.freeze()
        yield


@contextlib.contextmanager
def recorded(db: fdb.Database) -> Iterator[None]:
    """A log of everything."""
    with fdb.testing.record(db):
        yield


SETTINGS = (nothing, rules, predicate, standing_clock, recorded)
WORKS = (get, set_, commit)


def seconds(
    work: Work, setting: Callable[[fdb.Database], contextlib.AbstractContextManager[None]]
) -> float:
    """Returns what one call takes, in a database of its own."""
    with fdb.testing.temporary_database() as db:
        db[b"key"] = b"value"
        with setting(db):
            begin = time.perf_counter()
            work(db)
            return (time.perf_counter() - begin) / CALLS


def print_calls(rounds: int) -> None:
    """Measures and prints the calls."""
    times: dict[tuple[str, str], list[float]] = {}
    for _, setting, work in itertools.product(range(rounds), SETTINGS, WORKS):
        times.setdefault((setting.__name__, work.__name__), []).append(seconds(work, setting))
    print(
        f"{'':16}" + "".join(f"{work.__name__.rstrip('_') + ', us':>12}{'x':>7}" for work in WORKS)
    )
    for setting in SETTINGS:
        line = f"{setting.__name__.replace('_', ' '):16}"
        for work in WORKS:
            median = statistics.median(times[setting.__name__, work.__name__])
            without = statistics.median(times[nothing.__name__, work.__name__])
            line += f"{median * 1e6:12.2f}{median / without:7.1f}"
        print(line)


def suite_seconds(fixtures: str, tests: int) -> float:
    """Returns how long pytest needs for tests that only want fixtures."""
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "test_suite.py"
        path.write_text(
            "import fdb, pytest\nfdb.api_version(740)\n"
            f"@pytest.mark.parametrize('number', range({tests}))\n"
            f"def test(number{', ' + fixtures if fixtures else ''}):\n    pass\n"
        )
        begin = time.perf_counter()
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:randomly",
            str(path),
        ]
        subprocess.run(command, cwd=directory, check=True, capture_output=True)
        return time.perf_counter() - begin


def print_fixtures(rounds: int, tests: int) -> None:
    """Measures and prints the fixtures."""
    times: dict[str, list[float]] = {}
    for _, fixtures in itertools.product(range(rounds), ("", *FIXTURES)):
        times.setdefault(fixtures, []).append(suite_seconds(fixtures, tests))
    without = statistics.median(times[""])
    print(f"{'fixtures':34}{'ms a test':>10}")
    for fixtures in FIXTURES:
        print(f"{fixtures:34}{(statistics.median(times[fixtures]) - without) / tests * 1e3:10.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tests", type=int, default=1000, help="tests of a suite")
    arguments = parser.parse_args()
    fdb.api_version(740)
    print_fixtures(arguments.rounds, arguments.tests)
    print()
    print_calls(arguments.rounds)


if __name__ == "__main__":
    main()
