"""Three stores of keys and values in files, with the same few operations: this package, sqlite3 and lmdb.

All hold the same pairs: keys of 16 bytes, values of 100. A store belongs to the process that made it; what
`committer` and `reader` return belongs to one thread.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

import fdb

fdb.api_version(740)

KEY_BYTES = 16
VALUE_BYTES = 100
PAIR_BYTES = KEY_BYTES + VALUE_BYTES
LOAD_PAIRS = 20_000  # in one transaction
BUSY_SECONDS = 600
LMDB_BYTES = 16 << 30  # of address space
READ_PAIRS = 50_000  # in one transaction of this package, which may last five seconds

Commit = Callable[[bytes, bytes], None]
Read = Callable[[bytes], Any]
Pair = tuple[bytes, bytes]


def key_of(number: int) -> bytes:
    """Spread over the key space, so that neighbours in time are none in the file."""
    return b"%016x" % (number * 0x9E3779B97F4A7C15 % (1 << 64))


def value_of(number: int) -> bytes:
    return (b"%020d" % number) * (VALUE_BYTES // 20)


def pairs(count: int) -> list[Pair]:
    """All pairs, in the order of their keys."""
    return sorted((key_of(number), value_of(number)) for number in range(count))


class Store(Protocol):
    def load(self, rows: Iterable[Pair]) -> None:
        """Stores pairs that come in the order of their keys."""

    def committer(self) -> Commit:
        """Returns what stores a pair in a transaction of its own and returns when that is committed."""

    def reader(self) -> Read:
        """Returns what reads the value of a key, in one transaction for many reads."""

    def whole_reader(self) -> Read:
        """Returns what reads the value of a key, in a transaction of its own."""

    def scan(self, first: bytes, count: int) -> Iterator[Any]:
        """Yields the bytes of keys and values, from a key on."""

    def close(self) -> None: ...


def batches(rows: Iterable[Pair], size: int) -> Iterator[list[Pair]]:
    batch: list[Pair] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


class OurStore:
    """`file:` of this package."""

    def __init__(self, directory: Path, sync: str) -> None:
        self.database = fdb.open(f"file:{directory / 'data.fdb'}?sync={sync}")

    def load(self, rows: Iterable[Pair]) -> None:
        for batch in batches(rows, LOAD_PAIRS):
            tr = self.database.create_transaction()
            for key, value in batch:
                tr[key] = value
            tr.commit().wait()

    def committer(self) -> Commit:
        database = self.database

        def commit(key: bytes, value: bytes) -> None:
            tr = database.create_transaction()
            tr[key] = value
            tr.commit().wait()

        return commit

    def reader(self) -> Read:
        tr = self.database.create_transaction()

        def read(key: bytes) -> bytes | None:
            return tr.get(key).value

        return read

    def whole_reader(self) -> Read:
        read: Read = self.database.get
        return read

    def scan(self, first: bytes, count: int) -> Iterator[Any]:
        tr = self.database.create_transaction()
        for key, value in tr.get_range(first, b"\xff", limit=count, streaming_mode=-1):
            yield len(key) + len(value)

    def close(self) -> None:
        self.database.close()


class SqliteStore:
    """Python's sqlite3, write-ahead log, one table without row ids."""

    def __init__(self, directory: Path, sync: str) -> None:
        self.path = directory / "data.sqlite"
        self.synchronous = {"full": "FULL", "off": "OFF"}[sync]
        self.connection = self._connect()
        self.connection.execute(
            "CREATE TABLE IF NOT EXISTS kv(k BLOB PRIMARY KEY, v BLOB) WITHOUT ROWID"
        )

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={self.synchronous}")
        # What it may keep of the file in memory; by default that is 2 MB, and reads would pay for it.
        connection.execute("PRAGMA cache_size=-1000000")
        return connection

    def load(self, rows: Iterable[Pair]) -> None:
        for batch in batches(rows, LOAD_PAIRS):
            self.connection.execute("BEGIN IMMEDIATE")
            self.connection.executemany("INSERT OR REPLACE INTO kv VALUES(?, ?)", batch)
            self.connection.execute("COMMIT")

    def committer(self) -> Commit:
        connection = self._connect()

        def commit(key: bytes, value: bytes) -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT OR REPLACE INTO kv VALUES(?, ?)", (key, value))
            connection.execute("COMMIT")

        return commit

    def reader(self) -> Read:
        connection = self.connection
        if not connection.in_transaction:
            connection.execute("BEGIN")

        def read(key: bytes) -> bytes | None:
            row = connection.execute("SELECT v FROM kv WHERE k = ?", (key,)).fetchone()
            return None if row is None else row[0]

        return read

    def whole_reader(self) -> Read:
        execute = self.connection.execute

        def read(key: bytes) -> bytes | None:
            execute("BEGIN")
            row = execute("SELECT v FROM kv WHERE k = ?", (key,)).fetchone()
            execute("COMMIT")
            return None if row is None else row[0]

        return read

    def scan(self, first: bytes, count: int) -> Iterator[Any]:
        select = "SELECT k, v FROM kv WHERE k >= ? ORDER BY k LIMIT ?"
        for key, value in self.connection.execute(select, (first, count)):
            yield len(key) + len(value)

    def close(self) -> None:
        self.connection.close()


class LmdbStore:
    """lmdb, with its default of a sync for each commit."""

    def __init__(self, directory: Path, sync: str) -> None:
        import lmdb

        self.environment = lmdb.open(
            str(directory / "data.lmdb"),
            map_size=LMDB_BYTES,
            subdir=False,
            sync=sync == "full",
            max_readers=200,
        )
        self.transaction: Any = None

    def load(self, rows: Iterable[Pair]) -> None:
        for batch in batches(rows, LOAD_PAIRS):
            with self.environment.begin(write=True) as transaction:
                transaction.cursor().putmulti(batch, append=True)

    def committer(self) -> Commit:
        environment = self.environment

        def commit(key: bytes, value: bytes) -> None:
            with environment.begin(write=True) as transaction:
                transaction.put(key, value)

        return commit

    def _reading(self) -> Any:
        if self.transaction is None:
            self.transaction = self.environment.begin()
        return self.transaction

    def reader(self) -> Read:
        read: Read = self._reading().get
        return read

    def whole_reader(self) -> Read:
        begin = self.environment.begin

        def read(key: bytes) -> Any:
            with begin() as transaction:
                return transaction.get(key)

        return read

    def scan(self, first: bytes, count: int) -> Iterator[Any]:
        cursor = self._reading().cursor()
        cursor.set_range(first)
        for _, (key, value) in zip(range(count), cursor, strict=False):
            yield len(key) + len(value)

    def close(self) -> None:
        if self.transaction is not None:
            self.transaction.abort()
        self.environment.close()


STORES: dict[str, Callable[[Path, str], Store]] = {
    "ours": OurStore,
    "sqlite3": SqliteStore,
    "lmdb": LmdbStore,
}
