"""This package's database in memory, and lmdb and sqlite3 where they sync nothing: the same pairs, the same few operations.

All are used from Python, with transactions that are begun and ended likewise: lmdb in a directory in memory, where the
system has one, and sqlite3 with its own databases in memory.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from work.bench import VALUE, Bench, Round, Rows, Sample, key_of, timed

ROWS = Rows()
KEYS = 100_000
OPERATIONS = 10_000
IN_MEMORY = Path("/dev/shm")
LMDB_BYTES = 1 << 30  # of address space

Read = Callable[[bytes], Any]


class Store(Protocol):
    def load(self, keys: list[bytes]) -> None:
        """Stores a value for each key, some thousand in a transaction."""

    def whole_get(self, key: bytes) -> Any:
        """Begins a transaction, reads a value, ends the transaction."""

    def whole_set(self, key: bytes) -> None:
        """Begins a transaction, writes a value, commits."""

    def reader(self) -> tuple[Read, Callable[[], object]]:
        """Begins a transaction; returns what reads in it, and what ends it."""

    def rows(self, begin: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Begins a transaction that reads a range, and ends it when all rows were taken."""


class Ours:
    def __init__(self, bench: Bench) -> None:
        self.db = bench.db

    def load(self, keys: list[bytes]) -> None:
        for first in range(0, len(keys), 1_000):
            tr = self.db.create_transaction()
            for key in keys[first : first + 1_000]:
                tr[key] = VALUE
            tr.commit().wait()

    def whole_get(self, key: bytes) -> Any:
        return self.db.create_transaction().get(key).value

    def whole_set(self, key: bytes) -> None:
        tr = self.db.create_transaction()
        tr.set(key, VALUE)
        tr.commit().wait()

    def reader(self) -> tuple[Read, Callable[[], object]]:
        tr = self.db.create_transaction()
        return lambda key: tr.get(key).value, tr.cancel

    def rows(self, begin: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        return iter(self.db.create_transaction().get_range(begin, end))


class Lmdb:
    def __init__(self, bench: Bench) -> None:
        import lmdb

        directory = tempfile.mkdtemp(dir=IN_MEMORY if IN_MEMORY.is_dir() else None)
        bench.closing.append(lambda: shutil.rmtree(directory))
        self.environment = lmdb.open(directory, map_size=LMDB_BYTES, sync=False)

    def load(self, keys: list[bytes]) -> None:
        for first in range(0, len(keys), 1_000):
            with self.environment.begin(write=True) as transaction:
                for key in keys[first : first + 1_000]:
                    transaction.put(key, VALUE)

    def whole_get(self, key: bytes) -> Any:
        transaction = self.environment.begin()
        value = transaction.get(key)
        transaction.abort()
        return value

    def whole_set(self, key: bytes) -> None:
        transaction = self.environment.begin(write=True)
        transaction.put(key, VALUE)
        transaction.commit()

    def reader(self) -> tuple[Read, Callable[[], object]]:
        transaction = self.environment.begin()
        return transaction.get, transaction.abort

    def rows(self, begin: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        transaction = self.environment.begin()
        cursor = transaction.cursor()
        cursor.set_range(begin)
        for row in cursor:
            if row[0] >= end:
                break
            yield row
        transaction.abort()


class Sqlite:
    """One table without row ids. What begins and ends a transaction are statements of their own."""

    def __init__(self, bench: Bench) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        self.execute = self.connection.execute
        self.execute("CREATE TABLE kv(k BLOB PRIMARY KEY, v BLOB) WITHOUT ROWID")

    def load(self, keys: list[bytes]) -> None:
        self.execute("BEGIN")
        rows = [(key, VALUE) for key in keys]
        self.connection.executemany("INSERT OR REPLACE INTO kv VALUES(?, ?)", rows)
        self.execute("COMMIT")

    def get(self, key: bytes) -> Any:
        row = self.execute("SELECT v FROM kv WHERE k = ?", (key,)).fetchone()
        return None if row is None else row[0]

    def whole_get(self, key: bytes) -> Any:
        self.execute("BEGIN")
        value = self.get(key)
        self.execute("COMMIT")
        return value

    def whole_set(self, key: bytes) -> None:
        self.execute("BEGIN")
        self.execute("INSERT OR REPLACE INTO kv VALUES(?, ?)", (key, VALUE))
        self.execute("COMMIT")

    def reader(self) -> tuple[Read, Callable[[], object]]:
        self.execute("BEGIN")
        return self.get, lambda: self.execute("COMMIT")

    def rows(self, begin: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        self.execute("BEGIN")
        select = "SELECT k, v FROM kv WHERE k >= ? AND k < ? ORDER BY k"
        yield from self.execute(select, (begin, end))
        self.execute("COMMIT")


STORES: dict[str, Callable[[Bench], Store]] = {"ours": Ours, "lmdb": Lmdb, "sqlite3": Sqlite}


def filled(bench: Bench) -> tuple[Store, list[bytes]]:
    """A store with pairs, and keys of some of them in a mixed order."""
    store = STORES[bench.package](bench)
    count = bench.count(KEYS)
    store.load([key_of(at) for at in range(count)])
    return store, [key_of(at * 7919 % count) for at in range(bench.count(OPERATIONS))]


def for_each(keys: list[bytes], work: Callable[[bytes], Any], wanted: Any) -> Sample:
    """Measures `work` for each key, which always gives the same."""
    with timed(len(keys)) as sample:
        for key in keys:
            if work(key) != wanted:
                raise AssertionError(f"{key!r} gave another value")
    return sample


@ROWS.add("begin, get, end")
def whole_get(bench: Bench) -> Round:
    store, keys = filled(bench)
    return lambda: for_each(keys, store.whole_get, VALUE)


@ROWS.add("begin, set, commit, end")
def whole_set(bench: Bench) -> Round:
    store, keys = filled(bench)
    return lambda: for_each(keys, store.whole_set, None)


@ROWS.add("get")
def get(bench: Bench) -> Round:
    store, keys = filled(bench)

    def measured() -> Sample:
        read, end = store.reader()
        sample = for_each(keys, read, VALUE)
        end()
        return sample

    return measured


def range_row(bench: Bench, number: int, times: int) -> Round:
    store, _ = filled(bench)
    rows, turns = bench.count(number), bench.count(times)
    begin, end = key_of(0), key_of(rows)

    def measured() -> Sample:
        with timed(rows * turns) as sample:
            for _ in range(turns):
                if sum(1 for key, value in store.rows(begin, end)) != rows:
                    raise AssertionError("other rows were read")
        return sample

    return measured


@ROWS.add("range of 100")
def short_range(bench: Bench) -> Round:
    return range_row(bench, 100, 200)


@ROWS.add("range of 100,000")
def long_range(bench: Bench) -> Round:
    return range_row(bench, KEYS, 1)
