"""Items through a queue by many threads: by a Queue, and by the recipe, which has the key after the last one for what is new."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import fdb
from work.bench import PREFIX, VALUE, Bench, Round, Rows, Sample, timed

fdb.api_version(740)

ROWS = Rows()
WORKERS = (1, 8, 64)
#: Items of all workers together.
ITEMS = 6_400
#: The same for each worker where answers are late, as by a cluster.
LATE_ITEMS = 16
LATENCY = 0.001, 0.002  # seconds
BATCH = 16

#: Puts or takes so many items.
Work = Callable[[Any, int], None]


class Recipe:
    """Rows (number, random bytes): the number is one more than the last, and the random bytes tell those apart that had the same idea."""

    def __init__(self, prefix: bytes) -> None:
        self.space = fdb.Subspace(rawPrefix=prefix)

    def put(self, db: Any, count: int) -> None:
        @fdb.transactional
        def put_one(tr: Any) -> None:
            last = [row.key for row in tr.snapshot.get_range(self.space, limit=1, reverse=True)]
            number = self.space.unpack(last[0])[0] if last else -1
            tr[self.space.pack((number + 1, os.urandom(20)))] = VALUE

        for _ in range(count):
            put_one(db)

    def take(self, db: Any, count: int) -> None:
        @fdb.transactional
        def take_one(tr: Any) -> None:
            [row] = tr.get_range(self.space, limit=1)
            tr.clear(row.key)

        for _ in range(count):
            take_one(db)


class Leased:
    """A Queue."""

    def __init__(self, prefix: bytes) -> None:
        self.queue = fdb.layers.Queue(prefix)

    def push(self, db: Any, count: int) -> None:
        for _ in range(count):
            self.queue.push(db, VALUE)

    def claim_and_finish(self, db: Any, count: int) -> None:
        for _ in range(count):
            self.queue.finish(db, self.queue.claim(db))

    def in_one_transaction(self, db: Any, count: int) -> None:
        @fdb.transactional
        def take_one(tr: Any) -> None:
            self.queue.finish(tr, self.queue.claim(tr))

        for _ in range(count):
            take_one(db)

    def claim_many(self, db: Any, count: int) -> None:
        while count > 0:
            for item in self.queue.claim_many(db, min(BATCH, count)):
                self.queue.finish(db, item)
                count -= 1


def taking(kind: str) -> Callable[[bytes], tuple[Work, Work]]:
    """Makes what fills and what is measured."""

    def make(prefix: bytes) -> tuple[Work, Work]:
        if kind == "take":
            recipe = Recipe(prefix)
            return recipe.put, recipe.take
        leased = Leased(prefix)
        return leased.push, {
            "claim and finish": leased.claim_and_finish,
            "claim and finish in one transaction": leased.in_one_transaction,
            "claim 16 and finish each": leased.claim_many,
        }[kind]

    return make


def putting(kind: str) -> Callable[[bytes], tuple[Work, Work]]:
    def make(prefix: bytes) -> tuple[Work, Work]:
        return lambda db, count: None, (
            Recipe(prefix).put if kind == "put" else Leased(prefix).push
        )

    return make


def rows_of(
    bench: Bench, make: Callable[[bytes], tuple[Work, Work]], workers: int, late: bool
) -> Round:
    """Measures all workers, each with its part of the items."""
    db, prefix = bench.db, PREFIX + b"queue"
    each = max(bench.count(LATE_ITEMS if late else ITEMS // workers), 1)

    def measured() -> Sample:
        db.clear_range_startswith(prefix)
        fill, work = make(prefix)
        fill(db, each * workers)
        if late:
            fdb.embedded.set_latency(db, *LATENCY)
        try:
            with ThreadPoolExecutor(workers) as pool, timed(each * workers) as sample:
                list(pool.map(lambda _: work(db, each), range(workers)))
        finally:
            fdb.embedded.set_latency(db, None)
        sample.note = f"{1 / sample.amount:,.0f} items/s"
        return sample

    return measured


def add(kind: str, make: Callable[[bytes], tuple[Work, Work]], workers: int, late: bool) -> None:
    name = f"{kind}, {workers}{', late' if late else ''}"
    ROWS.add(name)(lambda bench: rows_of(bench, make, workers, late))


for _workers in WORKERS:
    for _late in (False, True):
        for _kind in ("put", "push"):
            add(_kind, putting(_kind), _workers, _late)
        for _kind in (
            "take",
            "claim and finish",
            "claim and finish in one transaction",
            "claim 16 and finish each",
        ):
            add(_kind, taking(_kind), _workers, _late)
