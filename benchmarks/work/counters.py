"""Increments of one number by many threads: by a Counter, and by hand."""

from __future__ import annotations

import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import fdb
from work.bench import PREFIX, Bench, Round, Rows, Sample, timed

fdb.api_version(740)

ROWS = Rows()
THREADS = 64
#: Increments of all threads together.
INCREMENTS = 6_400
#: The same where answers are late, as by a cluster.
LATE_INCREMENTS = 640
LATENCY = 0.001, 0.002  # seconds

#: Makes an increment and what reads the number, of a key that nobody has used.
Way = Callable[[bytes], tuple[Callable[[Any], object], Callable[[Any], int]]]


def with_counter(shards: int) -> Way:
    def make(key: bytes) -> tuple[Callable[[Any], object], Callable[[Any], int]]:
        counter = fdb.layers.Counter(key, shards=shards)
        return counter.add, counter.get

    return make


def unpacked(value: Any) -> int:
    return int(struct.unpack("<q", value)[0]) if value else 0


def by_atomic_add(key: bytes) -> tuple[Callable[[Any], object], Callable[[Any], int]]:
    """As fast as it can be: an addition that an unknown result counts twice."""
    one = struct.pack("<q", 1)
    return lambda db: db.add(key, one), lambda db: unpacked(db[key])


def by_reading(key: bytes) -> tuple[Callable[[Any], object], Callable[[Any], int]]:
    """What programs write by hand that have no atomic operations in mind."""

    @fdb.transactional
    def increment(tr: Any) -> None:
        tr[key] = struct.pack("<q", unpacked(tr[key].value) + 1)

    return increment, lambda db: unpacked(db[key])


WAYS: dict[str, Way] = {
    "Counter": with_counter(1),
    "Counter of 16 shards": with_counter(16),
    "atomic add": by_atomic_add,
    "read and write": by_reading,
}


def increments(bench: Bench, way: Way, total: int) -> Round:
    """Measures so many increments of all threads; the number has to be right."""
    db, key = bench.db, PREFIX + b"counter"
    each = max(bench.count(total) // THREADS, 1)

    def measured() -> Sample:
        db.clear_range_startswith(key)
        increment, get = way(key)

        def work(_: int) -> None:
            for _ in range(each):
                increment(db)

        with ThreadPoolExecutor(THREADS) as pool, timed(each * THREADS) as sample:
            list(pool.map(work, range(THREADS)))
        if get(db) != each * THREADS:
            raise AssertionError(f"{each * THREADS} increments, and the number is {get(db)}")
        sample.note = f"{1 / sample.amount:,.0f} increments/s"
        return sample

    return measured


def late(bench: Bench, way: Way) -> Round:
    measured = increments(bench, way, LATE_INCREMENTS)

    def measured_late() -> Sample:
        fdb.embedded.set_latency(bench.db, *LATENCY)
        try:
            return measured()
        finally:
            fdb.embedded.set_latency(bench.db, None)

    return measured_late


def add(name: str, way: Way) -> None:
    ROWS.add(name)(lambda bench: increments(bench, way, INCREMENTS))
    ROWS.add(f"{name}, late")(lambda bench: late(bench, way))


for _name, _way in WAYS.items():
    add(_name, _way)
