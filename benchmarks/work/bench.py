"""What a row of work is given, and how it measures.

    ROWS = Rows()

    @ROWS.add("get")
    def get(bench: Bench) -> Round:
        keys = bench.fill(10_000)               # prepared once

        def measured() -> Sample:               # measured whenever the suite asks
            tr = bench.transaction()
            with timed(len(keys)) as sample:
                for key in keys:
                    tr.get(key).value
            return sample

        return measured

The same functions run with this package and the official one, so they use only what both have.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

PREFIX = b"bench/"
VALUE = b"v" * 100
BATCH = 1_000  # pairs in a transaction that fills


@dataclass
class Sample:
    """Seconds (or bytes) for one operation, how many processors were at work, and what is worth knowing."""

    amount: float = 0.0
    processors: float = 0.0
    note: str = ""


Round = Callable[[], Sample]
Make = Callable[["Bench"], Round]


@contextmanager
def timed(operations: int) -> Iterator[Sample]:
    """Measures its block, which does so many operations."""
    sample = Sample()
    cpu, begin = processor_seconds(), time.perf_counter()
    yield sample
    seconds = time.perf_counter() - begin
    sample.amount = seconds / operations
    sample.processors = (processor_seconds() - cpu) / seconds


def processor_seconds() -> float:
    """What this process has used, and those that it has started and that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


@dataclass
class Bench:
    """One process's package, database and size of work."""

    package: str  # "ours", "official", or another store
    database: str = "memory:bench"
    scale: float = 1.0
    closing: list[Callable[[], Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.opened: Any = None

    def count(self, number: int) -> int:
        """How many operations to do where a whole run does `number`."""
        return max(1, int(number * self.scale))

    @property
    def db(self) -> Any:
        """The database, opened when it is first asked for."""
        if self.opened is None:
            self.opened = self.open()
        return self.opened

    def open(self, event_model: str | None = None) -> Any:
        import fdb

        fdb.api_version(740)
        return fdb.open(self.database, event_model=event_model)

    def transaction(self) -> Any:
        """A transaction that has its read version, so that a row measures its own work only."""
        tr = self.db.create_transaction()
        tr.get_read_version().wait()
        return tr

    def fill(self, number: int) -> list[bytes]:
        """Stores pairs of 16 + 100 bytes, `number` of them in a whole run, and returns their keys in a mixed order."""
        count = self.count(number)
        keys = [key_of(at) for at in range(count)]
        for first in range(0, count, BATCH):
            tr = self.db.create_transaction()
            for key in keys[first : first + BATCH]:
                tr[key] = VALUE
            tr.commit().wait()
        return [keys[at * 7919 % count] for at in range(count)]

    def clean(self) -> None:
        """Removes what the rows have stored, for a database that outlives the process."""
        for close in self.closing:
            close()
        if self.opened is not None and not self.database.startswith("memory:"):
            self.opened.clear_range(PREFIX, PREFIX + b"\xff")


def key_of(number: int) -> bytes:
    """A key of 16 bytes."""
    return PREFIX + b"%010d" % number


class Rows:
    """The rows of a module, by name."""

    def __init__(self) -> None:
        self.made: dict[str, Make] = {}

    def add(self, name: str) -> Callable[[Make], Make]:
        def register(make: Make) -> Make:
            if name in self.made:
                raise ValueError(f"two rows are called {name}")
            self.made[name] = make
            return make

        return register
