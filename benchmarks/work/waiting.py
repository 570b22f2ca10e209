"""The same work with more waiting and with less, where answers come late, as those of a cluster do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import fdb
from work.bench import VALUE, Bench, Round, Rows, key_of, timed

fdb.api_version(740)

ROWS = Rows()
LATENCY = 0.001, 0.002  # seconds
READS, WRITES, INCREMENTS, THREADS = 20, 100, 100, 20


@fdb.transactional(read_only=True)
def one_by_one(tr: Any) -> list[Any]:
    return [bytes(tr[key_of(number)]) for number in range(READS)]


@fdb.transactional(read_only=True)
def together(tr: Any) -> list[Any]:
    return [bytes(value) for value in [tr[key_of(number)] for number in range(READS)]]


@fdb.transactional(read_only=True)
def as_a_range(tr: Any) -> list[Any]:
    return [row.value for row in tr[key_of(0) : key_of(READS)]]


@fdb.transactional
def write_all(tr: Any) -> None:
    for number in range(WRITES):
        tr[key_of(number)] = VALUE


def write_each(db: Any) -> None:
    for number in range(WRITES):
        db[key_of(number)] = VALUE


@fdb.transactional
def increment(tr: Any, number: int) -> None:
    tr[key_of(number)] = bytes(tr[key_of(number)])


@fdb.transactional
async def increment_in_task(tr: Any, number: int) -> None:
    tr[key_of(number)] = await tr[key_of(number)]


def increment_each(db: Any) -> None:
    for number in range(INCREMENTS):
        increment(db, number)


def increment_in_threads(db: Any) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda number: increment(db, number), range(INCREMENTS)))


WAYS: dict[str, Callable[[Any], object]] = {
    "20 reads, one after the other": one_by_one,
    "20 reads, asked for together": together,
    "20 rows, as a range": as_a_range,
    "100 writes, a transaction each": write_each,
    "100 writes, one transaction": write_all,
    "100 transactions, one after the other": increment_each,
    "100 transactions, 20 threads": increment_in_threads,
}


def late(bench: Bench, work: Callable[[Any], object], opened: Any = None) -> Round:
    """Measures all of the work."""
    bench.fill(int(max(READS, WRITES, INCREMENTS) / bench.scale))
    db = opened or bench.db

    def measured() -> Any:
        fdb.embedded.set_latency(bench.db, *LATENCY)
        try:
            with timed(1) as sample:
                work(db)
        finally:
            fdb.embedded.set_latency(bench.db, None)
        return sample

    return measured


def add(name: str, work: Callable[[Any], object]) -> None:
    ROWS.add(name)(lambda bench: late(bench, work))


for _name, _work in WAYS.items():
    add(_name, _work)


@ROWS.add("100 transactions, 100 tasks")
def tasks(bench: Bench) -> Round:
    async def increments(db: Any) -> None:
        await asyncio.gather(*(increment_in_task(db, number) for number in range(INCREMENTS)))

    opened = bench.open("asyncio")
    return late(bench, lambda db: asyncio.run(increments(db)), opened)
