"""The measured work, for one package in one process; started by `run.py`.

    python workloads.py PACKAGE ROW...

PACKAGE is "ours" or "official" and only chooses between forms of a program where the two packages offer
different ones (asyncio, gevent). Prints one line of JSON: seconds for one operation, by row.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import fdb
import fdb.tuple

PREFIX = b"bench/"
KEY = PREFIX + b"key"
VALUE = b"v" * 100
SHORT_ROWS = 100
LONG_ROWS = 100_000
CONCURRENT = 10_000
GREENLETS = 1_000
THREADS = 64  # more only wait for the interpreter lock
TUPLE = ("users", 123456789, b"bytes\x00with zero", "na\u00efve", -42, 2.5, None, (1, "nested"))

Seconds = float
Row = Callable[[Any], Seconds]
ROWS: dict[str, Row] = {}


def row(name: str) -> Callable[[Row], Row]:
    def register(function: Row) -> Row:
        ROWS[name] = function
        return function

    return register


def official(argv: list[str]) -> bool:
    return argv[1] == "official"


def best(work: Callable[[], None], operations: int, repeats: int = 5) -> Seconds:
    """The least time for one operation in several repeats, after one to warm up."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times) / operations


@contextmanager
def transaction(db: Any) -> Iterator[Any]:
    """A transaction with a read version, so that a row measures its own work only."""
    tr = db.create_transaction()
    tr.get_read_version().wait()
    yield tr
    tr.cancel()


def fill(db: Any, count: int) -> tuple[bytes, bytes]:
    """Stores `count` rows and gives the range that holds them."""
    prefix = PREFIX + b"rows%d/" % count
    for first in range(0, count, 10_000):
        tr = db.create_transaction()
        for number in range(first, min(first + 10_000, count)):
            tr[prefix + b"%08d" % number] = VALUE
        tr.commit().wait()
    return prefix, prefix + b"\xff"


# ---- one operation after the other ---------------------------------------------------------


@row("get and value, open transaction")
def single_get(db: Any) -> Seconds:
    db[KEY] = VALUE
    count = 20_000
    with transaction(db) as tr:

        def work() -> None:
            for _ in range(count):
                tr.get(KEY).value  # noqa: B018 - the property waits

        return best(work, count)


@row("set, open transaction")
def single_set(db: Any) -> Seconds:
    count = 20_000

    def work() -> None:
        tr = db.create_transaction()
        for _ in range(count):
            tr.set(KEY, VALUE)

    return best(work, count)


@row("transactional increment")
def increment(db: Any) -> Seconds:
    count = 2_000
    key = PREFIX + b"counter"

    @fdb.transactional
    def add_one(tr: Any) -> None:
        value = tr[key]
        number = int.from_bytes(bytes(value), "little") if value.present() else 0
        tr[key] = (number + 1).to_bytes(8, "little")

    def work() -> None:
        for _ in range(count):
            add_one(db)

    return best(work, count)


def range_row(db: Any, rows: int, rounds: int, repeats: int) -> Seconds:
    begin, end = fill(db, rows)
    with transaction(db) as tr:

        def work() -> None:
            for _ in range(rounds):
                read = 0
                for item in tr.get_range(begin, end, streaming_mode=fdb.StreamingMode.want_all):
                    read += len(item.key) + len(item.value)
                if read != rows * (len(begin) + 8 + len(VALUE)):
                    raise AssertionError(f"{read} bytes read")

        return best(work, rounds, repeats)


@row("range of 100 rows")
def short_range(db: Any) -> Seconds:
    return range_row(db, SHORT_ROWS, rounds=200, repeats=5)


@row("range of 100,000 rows")
def long_range(db: Any) -> Seconds:
    return range_row(db, LONG_ROWS, rounds=1, repeats=3)


@row("tuple pack")
def tuple_pack(db: Any) -> Seconds:
    count = 20_000

    def work() -> None:
        for _ in range(count):
            fdb.tuple.pack(TUPLE)

    return best(work, count)


@row("tuple unpack")
def tuple_unpack(db: Any) -> Seconds:
    count = 20_000
    packed = fdb.tuple.pack(TUPLE)

    def work() -> None:
        for _ in range(count):
            fdb.tuple.unpack(packed)

    return best(work, count)


# ---- many at a time ------------------------------------------------------------------------


def fill_concurrent(db: Any) -> list[bytes]:
    keys = [PREFIX + b"many/%05d" % number for number in range(CONCURRENT)]
    for first in range(0, CONCURRENT, 5_000):
        tr = db.create_transaction()
        for key in keys[first : first + 5_000]:
            tr[key] = VALUE
        tr.commit().wait()
    return keys


@row("10,000 concurrent gets")
def concurrent_gets(db: Any) -> Seconds:
    """A transaction for each get: tasks of asyncio here, a pool of threads with the official one."""
    keys = fill_concurrent(db)
    return threads_get(db, keys) if official(sys.argv) else asyncio.run(tasks_get(keys))


def threads_get(db: Any, keys: list[bytes]) -> Seconds:
    def read(key: bytes) -> bytes:
        return bytes(db.create_transaction().get(key).value)

    with ThreadPoolExecutor(THREADS) as pool:

        def work() -> None:
            if set(pool.map(read, keys)) != {VALUE}:
                raise AssertionError("a get gave another value")

        return best(work, len(keys), repeats=3)


async def tasks_get(keys: list[bytes]) -> Seconds:
    db = fdb.open(cluster(), event_model="asyncio")

    async def read(key: bytes) -> bytes:
        return bytes((await db.create_transaction().get(key)) or b"")

    times = []
    for _ in range(4):  # the first is to warm up
        start = time.perf_counter()
        values = await asyncio.gather(*(read(key) for key in keys))
        times.append(time.perf_counter() - start)
        if set(values) != {VALUE}:
            raise AssertionError("a get gave another value")
    return min(times[1:]) / len(keys)


@row("1,000 gevent greenlets, 10 gets each")
def greenlets(db: Any) -> Seconds:
    import gevent

    keys = fill_concurrent(db)
    db = fdb.open(cluster(), event_model="gevent")

    def read(number: int) -> None:
        for key in keys[number * 10 : number * 10 + 10]:
            if db.create_transaction().get(key).wait() != VALUE:
                raise AssertionError("a get gave another value")

    def work() -> None:
        gevent.joinall([gevent.spawn(read, n) for n in range(GREENLETS)], raise_error=True)

    return best(work, GREENLETS * 10, repeats=3)


# ---- directories ---------------------------------------------------------------------------


def directory_row(db: Any, work: Callable[[Any, list[tuple[str, ...]]], None]) -> Seconds:
    """Times `work` on a directory with fresh children each time."""
    count = 100
    times = []
    for turn in range(4):
        fdb.directory.remove_if_exists(db, ("bench",))
        paths = [("bench", f"d{turn}-{number}") for number in range(count)]
        start = time.perf_counter()
        work(db, paths)
        times.append(time.perf_counter() - start)
    return min(times[1:]) / count


@row("directory create")
def directory_create(db: Any) -> Seconds:
    def work(db: Any, paths: list[tuple[str, ...]]) -> None:
        for path in paths:
            fdb.directory.create(db, path)

    return directory_row(db, work)


@row("directory open")
def directory_open(db: Any) -> Seconds:
    path = ("bench", "opened", "deep")
    fdb.directory.create_or_open(db, path)

    def work() -> None:
        for _ in range(200):
            fdb.directory.open(db, path)

    return best(work, 200)


@row("directory list of 100")
def directory_list(db: Any) -> Seconds:
    for number in range(100):
        fdb.directory.create_or_open(db, ("bench", "listed", f"d{number:03}"))

    def work() -> None:
        for _ in range(20):
            if len(fdb.directory.list(db, ("bench", "listed"))) != 100:
                raise AssertionError("not all directories were listed")

    return best(work, 20)


# ---- start ---------------------------------------------------------------------------------


def cluster() -> str:
    """The database of this process."""
    return os.environ.get("BENCH_CLUSTER", "memory:bench")


def measure(rows: list[str]) -> dict[str, Seconds]:
    fdb.api_version(740)
    db = fdb.open(cluster())
    return {name: ROWS[name](db) for name in rows}


def main(argv: list[str]) -> int:
    print(json.dumps(measure(argv[2:])))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
