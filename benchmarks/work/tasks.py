"""Tasks of asyncio, with this package; with the official one, whose event model for it works with no Python 3, what a
program of asyncio does instead: a pool of threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import fdb
from work.bench import PREFIX, VALUE, Bench, Round, Rows, Sample, key_of, timed

fdb.api_version(740)

ROWS = Rows()
KEYS = 10_000
LONG = 100_000
JOBS = 1_000
EACH = 10  # increments of a job

Measured = Callable[[Any], Coroutine[Any, Any, Sample]]


def in_loop(bench: Bench, measured: Measured) -> Round:
    """Runs `measured` with a database for asyncio, always in the same loop."""
    loop = asyncio.new_event_loop()
    bench.closing.append(loop.close)
    db = bench.open("asyncio")
    return lambda: loop.run_until_complete(measured(db))


async def ready(db: Any) -> Any:
    tr = db.create_transaction()
    await tr.get_read_version()
    return tr


@ROWS.add("get")
def get(bench: Bench) -> Round:
    keys = bench.fill(KEYS)

    async def measured(db: Any) -> Sample:
        tr = await ready(db)
        with timed(len(keys)) as sample:
            for key in keys:
                await tr.get(key)
        return sample

    return in_loop(bench, measured)


@ROWS.add("pipelined get")
def pipelined(bench: Bench) -> Round:
    keys = bench.fill(KEYS)

    async def measured(db: Any) -> Sample:
        tr = await ready(db)
        with timed(len(keys)) as sample:
            reads = [tr.get(key) for key in keys]
            for read in reads:
                await read
        return sample

    return in_loop(bench, measured)


@ROWS.add("get in an executor")
def executor_get(bench: Bench) -> Round:
    """The same without an event model: one call after the other in a thread of the loop's."""
    keys = bench.fill(KEYS)[: bench.count(2_000)]
    loop = asyncio.new_event_loop()
    bench.closing.append(loop.close)
    pool = ThreadPoolExecutor(1)
    bench.closing.append(pool.shutdown)

    async def measured() -> Sample:
        tr = bench.transaction()
        with timed(len(keys)) as sample:
            for key in keys:
                await loop.run_in_executor(pool, lambda key=key: tr.get(key).value)
        return sample

    return lambda: loop.run_until_complete(measured())


@ROWS.add("begin, get, end")
def whole_get(bench: Bench) -> Round:
    keys = bench.fill(KEYS)

    async def measured(db: Any) -> Sample:
        with timed(len(keys)) as sample:
            for key in keys:
                await db.create_transaction().get(key)
        return sample

    return in_loop(bench, measured)


@ROWS.add("range of 100,000, iterator")
def iterator_range(bench: Bench) -> Round:
    bench.fill(LONG)
    rows = bench.count(LONG)
    begin, end = key_of(0), key_of(rows)
    wanted = rows * (len(begin) + len(VALUE))

    async def measured(db: Any) -> Sample:
        tr = await ready(db)
        with timed(rows) as sample:
            read = 0
            async for key, value in tr.get_range(begin, end):
                read += len(key) + len(value)
            if read != wanted:
                raise AssertionError(f"{read} bytes read")
        return sample

    return in_loop(bench, measured)


@ROWS.add("concurrent gets")
def concurrent_gets(bench: Bench) -> Round:
    """A task and a transaction for each get, all at the same time."""
    keys = bench.fill(KEYS)

    async def measured(db: Any) -> Sample:
        async def read(key: bytes) -> bytes:
            return bytes((await db.create_transaction().get(key)) or b"")

        with timed(len(keys)) as sample:
            values = await asyncio.gather(*(read(key) for key in keys))
        if set(values) != {VALUE}:
            raise AssertionError("a get gave another value")
        return sample

    return in_loop(bench, measured)


@ROWS.add("increments of 1,000 tasks")
def increments(bench: Bench) -> Round:
    """Ten transactional increments of an own key for each task, all tasks at the same time."""
    keys = [PREFIX + b"own%06d" % at for at in range(bench.count(JOBS))]

    async def measured(db: Any) -> Sample:
        @fdb.transactional
        async def add_one(tr: Any, key: bytes) -> None:
            value = await tr[key]
            number = int.from_bytes(bytes(value), "little") if value.present() else 0
            tr[key] = (number + 1).to_bytes(8, "little")

        async def job(key: bytes) -> None:
            for _ in range(EACH):
                await add_one(db, key)

        with timed(len(keys) * EACH) as sample:
            await asyncio.gather(*(job(key) for key in keys))
        return sample

    return in_loop(bench, measured)
