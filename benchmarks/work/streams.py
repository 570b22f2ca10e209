"""Events of a log: by a Stream, and by hand, with versionstamped keys and a watch of a key that appends change.

By hand an append whose result is unknown is there twice, and nothing says where a reader is or what was trimmed.
"""

from __future__ import annotations

import queue
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import fdb
from work.bench import PREFIX, Bench, Round, Rows, Sample, timed

fdb.api_version(740)

ROWS = Rows()
SPACE = PREFIX + b"stream"
DATA = b"v" * 100
EVENTS = 10_000
SMALL = 2_000
BATCH = 100
DELIVERIES = 500


class ByHand:
    """What a program writes itself."""

    def __init__(self, prefix: bytes) -> None:
        self.events = prefix + b"e"
        self.head = prefix + b"h"

    def append(self, source: Any, data: bytes) -> None:
        if not isinstance(source, fdb.Transaction):
            append(source, self, data)
            return
        number = getattr(source, "number", 0)
        source.number = number + 1
        place = bytes(10) + number.to_bytes(2, "big")
        offset = len(self.events).to_bytes(4, "little")
        source.set_versionstamped_key(self.events + place + offset, data)
        if number == 0:
            source.set_versionstamped_value(self.head, bytes(14))

    def subscribe(self, db: Any) -> Iterator[bytes]:
        last = self.events
        while True:
            tr = db.create_transaction()
            rows = tr.get_range(last + b"\x00", self.events + b"\xff", 500).to_list()
            watch = None if rows else tr.watch(self.head)
            tr.commit().wait()
            for row in rows:
                last = row.key
                yield row.value
            if watch is not None:
                watch.wait()


@fdb.transactional
def append(tr: Any, log: Any, data: bytes) -> None:
    log.append(tr, data)


@fdb.transactional
def append_batch(tr: Any, log: Any, count: int) -> None:
    for _ in range(count):
        log.append(tr, DATA)


def fresh(bench: Bench, kind: Callable[[bytes], Any]) -> Any:
    bench.db.clear_range_startswith(SPACE)
    return kind(SPACE)


def noted(sample: Sample) -> Sample:
    sample.note = f"{1 / sample.amount:,.0f} events/s"
    return sample


def singly(bench: Bench, kind: Callable[[bytes], Any]) -> Round:
    count, db = bench.count(SMALL), bench.db

    def measured() -> Sample:
        log = fresh(bench, kind)
        with timed(count) as sample:
            for _ in range(count):
                log.append(db, DATA)
        return noted(sample)

    return measured


def in_batches(bench: Bench, kind: Callable[[bytes], Any]) -> Round:
    turns, db = bench.count(EVENTS // BATCH), bench.db

    def measured() -> Sample:
        log = fresh(bench, kind)
        with timed(turns * BATCH) as sample:
            for _ in range(turns):
                append_batch(db, log, BATCH)
        return noted(sample)

    return measured


def given(bench: Bench, kind: Callable[[bytes], Any], follow: Callable[[Any, Any], Any]) -> Round:
    turns, db = bench.count(EVENTS // BATCH), bench.db

    def measured() -> Sample:
        log = fresh(bench, kind)
        for _ in range(turns):
            append_batch(db, log, BATCH)
        with timed(turns * BATCH) as sample:
            events = follow(log, db)
            for _ in range(turns * BATCH):
                next(events)
        events.close()
        return noted(sample)

    return measured


def delivery(bench: Bench, kind: Callable[[bytes], Any]) -> Round:
    count, db = bench.count(DELIVERIES), bench.db

    def measured() -> Sample:
        log = fresh(bench, kind)
        arrived: queue.SimpleQueue[float] = queue.SimpleQueue()

        def follow() -> None:
            events = log.subscribe(db)
            for _ in range(count):
                next(events)
                arrived.put(time.perf_counter())
            events.close()

        follower = threading.Thread(target=follow)
        follower.start()
        latencies = []
        with timed(count) as sample:
            for _ in range(count):
                begin = time.perf_counter()
                log.append(db, DATA)
                latencies.append(arrived.get() - begin)
        follower.join()
        sample.amount = statistics.median(latencies)
        worst = sorted(latencies)[len(latencies) * 99 // 100]
        sample.note = f"99th of 100: {worst * 1e6:,.0f} µs"
        return sample

    return measured


def subscribe(log: Any, db: Any) -> Any:
    return log.subscribe(db)


def consume(log: Any, db: Any) -> Any:
    return log.consume(db, "group") if isinstance(log, fdb.layers.Stream) else log.subscribe(db)


WORK: dict[str, Callable[[Bench, Callable[[bytes], Any]], Round]] = {
    "event appended, a transaction each": singly,
    "event appended, 100 a transaction": in_batches,
    "event given, 10,000 there": lambda bench, kind: given(bench, kind, subscribe),
    "event given and handled, a consumer of a group": lambda bench, kind: given(
        bench, kind, consume
    ),
    "append to delivery": delivery,
}


def add(name: str, work: Callable[[Bench, Callable[[bytes], Any]], Round]) -> None:
    ROWS.add(name)(lambda bench: work(bench, fdb.layers.Stream))
    ROWS.add(f"{name}, by hand")(lambda bench: work(bench, ByHand))


for _name, _work in WORK.items():
    add(_name, _work)
