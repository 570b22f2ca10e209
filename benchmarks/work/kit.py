"""Calls while somebody looks on or breaks things: what the test kit costs while it is in use."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import fdb
import fdb.testing
from work.bench import Bench, Round, Rows, Sample, timed

fdb.api_version(740)

ROWS = Rows()
CALLS = 2_000


def get(db: Any, count: int) -> None:
    """Reads of one transaction."""
    tr = db.create_transaction()
    for _ in range(count):
        tr[b"key"].present()


def set_(db: Any, count: int) -> None:
    """Writes of one transaction."""
    tr = db.create_transaction()
    for _ in range(count):
        tr[b"key"] = b"value"


def commit(db: Any, count: int) -> None:
    """Transactions with one write."""
    for _ in range(count):
        db[b"key"] = b"value"


@contextlib.contextmanager
def nothing(db: Any) -> Iterator[None]:
    yield


@contextlib.contextmanager
def rules(db: Any) -> Iterator[None]:
    """Faults of reads and commits that never happen."""
    with fdb.testing.faults(db, seed=1) as faults:
        faults.add("not_committed", probability=0)
        faults.add("transaction_too_old", probability=0)
        yield


@contextlib.contextmanager
def predicate(db: Any) -> Iterator[None]:
    """The same, said by a function."""
    with fdb.testing.faults(db, seed=1) as faults:
        faults.add("not_committed", when=lambda operation: False)
        faults.add("transaction_too_old", when=lambda operation: False)
        yield


@contextlib.contextmanager
def standing_clock(db: Any) -> Iterator[None]:
    with fdb.testing.clock(db) as clock:
        clock.freeze()
        yield


@contextlib.contextmanager
def recorded(db: Any) -> Iterator[None]:
    """A log of everything."""
    with fdb.testing.record(db):
        yield


Work = Callable[[Any, int], None]
Setting = Callable[[Any], contextlib.AbstractContextManager[None]]
WORKS: dict[str, Work] = {"get": get, "set": set_, "commit": commit}
SETTINGS: dict[str, Setting] = {
    "nothing": nothing,
    "rules of faults": rules,
    "a predicate of faults": predicate,
    "a standing clock": standing_clock,
    "a log": recorded,
}


def call(bench: Bench, work: Work, setting: Setting) -> Round:
    """Measures one call, each time in a database of its own."""
    count = bench.count(CALLS)

    def measured() -> Sample:
        with fdb.testing.temporary_database() as db:
            db[b"key"] = b"value"
            with setting(db), timed(count) as sample:
                work(db, count)
        return sample

    return measured


def add(work: str, setting: str) -> None:
    ROWS.add(f"{work}, {setting}")(lambda bench: call(bench, WORKS[work], SETTINGS[setting]))


for _work in WORKS:
    for _setting in SETTINGS:
        add(_work, _setting)
