"""What a program does with the package, one operation after the other and from many threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import fdb
from work.bench import PREFIX, VALUE, Bench, Round, Rows, Sample, key_of, timed

fdb.api_version(740)

ROWS = Rows()
KEYS = 10_000
LONG = 100_000
COUNTERS = 64
POOL_SIZES = (1, 2, 4, 8, 16, 32, 64)
LARGE_POOL_SIZES = (16, 64, 256)  # where answers are far away
THREADS = 16
GREENLETS = 1_000


# ---- reads ---------------------------------------------------------------------------------


@ROWS.add("get")
def get(bench: Bench) -> Round:
    keys = bench.fill(KEYS)

    def measured() -> Sample:
        tr = bench.transaction()
        with timed(len(keys)) as sample:
            for key in keys:
                tr.get(key).value  # noqa: B018 - the property waits
        return sample

    return measured


@ROWS.add("pipelined get")
def pipelined(bench: Bench) -> Round:
    keys = bench.fill(KEYS)

    def measured() -> Sample:
        tr = bench.transaction()
        with timed(len(keys)) as sample:
            reads = [tr.get(key) for key in keys]
            for read in reads:
                read.value  # noqa: B018
        return sample

    return measured


@ROWS.add("begin, get, end")
def whole_get(bench: Bench) -> Round:
    keys = bench.fill(KEYS)
    db = bench.db

    def measured() -> Sample:
        with timed(len(keys)) as sample:
            for key in keys:
                db.create_transaction().get(key).value  # noqa: B018
        return sample

    return measured


def range_row(bench: Bench, number: int, times: int, mode: int) -> Round:
    bench.fill(number)
    rows, turns = bench.count(number), bench.count(times)
    begin, end = key_of(0), key_of(rows)
    wanted = rows * (len(begin) + len(VALUE))

    def measured() -> Sample:
        tr = bench.transaction()
        with timed(rows * turns) as sample:
            for _ in range(turns):
                read = 0
                for key, value in tr.get_range(begin, end, streaming_mode=mode):
                    read += len(key) + len(value)
                if read != wanted:
                    raise AssertionError(f"{read} bytes read")
        return sample

    return measured


@ROWS.add("range of 100")
def short_range(bench: Bench) -> Round:
    return range_row(bench, 100, 200, fdb.StreamingMode.want_all)


@ROWS.add("range of 100,000")
def long_range(bench: Bench) -> Round:
    return range_row(bench, LONG, 1, fdb.StreamingMode.want_all)


@ROWS.add("range of 100,000, iterator")
def iterator_range(bench: Bench) -> Round:
    return range_row(bench, LONG, 1, fdb.StreamingMode.iterator)


@ROWS.add("list of 100,000")
def list_of_rows(bench: Bench) -> Round:
    """The body of the loops over ranges alone, over pairs that are there."""
    count = bench.count(LONG)
    pairs = [(key_of(at), VALUE) for at in range(count)]

    def measured() -> Sample:
        with timed(count) as sample:
            read = 0
            for key, value in pairs:
                read += len(key) + len(value)
        return sample

    return measured


# ---- writes --------------------------------------------------------------------------------


@ROWS.add("set")
def set_(bench: Bench) -> Round:
    keys = [key_of(at) for at in range(bench.count(KEYS))]

    def measured() -> Sample:
        tr = bench.transaction()
        with timed(len(keys)) as sample:
            for key in keys:
                tr.set(key, VALUE)
        return sample

    return measured


@ROWS.add("own write")
def own_write(bench: Bench) -> Round:
    keys = [key_of(at) for at in range(bench.count(KEYS))]

    def measured() -> Sample:
        tr = bench.transaction()
        for key in keys:
            tr[key] = VALUE
        with timed(len(keys)) as sample:
            for key in keys:
                tr.get(key).value  # noqa: B018
        return sample

    return measured


@ROWS.add("begin, set, commit, end")
def whole_set(bench: Bench) -> Round:
    keys = bench.fill(KEYS)[: bench.count(4_000)]
    db = bench.db

    def measured() -> Sample:
        with timed(len(keys)) as sample:
            for key in keys:
                tr = db.create_transaction()
                tr.set(key, VALUE)
                tr.commit().wait()
        return sample

    return measured


@fdb.transactional
def add_one(tr: Any, key: bytes) -> None:
    value = tr[key]
    number = int.from_bytes(bytes(value), "little") if value.present() else 0
    tr[key] = (number + 1).to_bytes(8, "little")


def counters(number: int) -> list[bytes]:
    return [PREFIX + b"counter%03d" % at for at in range(number)]


@ROWS.add("increment")
def increment(bench: Bench) -> Round:
    count = bench.count(3_000)
    keys = counters(COUNTERS)
    db = bench.db

    def measured() -> Sample:
        with timed(count) as sample:
            for at in range(count):
                add_one(db, keys[at % COUNTERS])
        return sample

    return measured


# ---- many at a time ------------------------------------------------------------------------


@ROWS.add("concurrent gets, threads")
def concurrent_gets(bench: Bench) -> Round:
    """A transaction for each get, in a pool of threads of the size that is best for the package."""
    keys = bench.fill(KEYS)
    db = bench.db

    def read(key: bytes) -> bytes:
        return bytes(db.create_transaction().get(key).value)

    def run(pool: ThreadPoolExecutor) -> None:
        if set(pool.map(read, keys)) != {VALUE}:
            raise AssertionError("a get gave another value")

    return best_pool(bench, run, len(keys))


@ROWS.add("increments of 1,000 jobs, threads")
def pooled_increments(bench: Bench) -> Round:
    """Ten transactional increments of an own key for each job, in a pool of the best size."""
    jobs = bench.count(1_000)
    keys = [PREFIX + b"own%06d" % at for at in range(jobs)]
    db = bench.db

    def job(key: bytes) -> None:
        for _ in range(10):
            add_one(db, key)

    def run(pool: ThreadPoolExecutor) -> None:
        for _ in pool.map(job, keys):
            pass

    return best_pool(bench, run, jobs * 10)


def best_pool(bench: Bench, run: Callable[[ThreadPoolExecutor], None], operations: int) -> Round:
    """Measures with a pool of the size with which `run` was fastest."""

    def seconds(size: int) -> float:
        with ThreadPoolExecutor(size) as pool:
            run(pool)
            with timed(1) as sample:
                run(pool)
        return sample.amount

    near = bench.database.startswith("memory:")
    size = min(POOL_SIZES if near else LARGE_POOL_SIZES, key=seconds)
    pool = ThreadPoolExecutor(size)
    bench.closing.append(pool.shutdown)

    def measured() -> Sample:
        with timed(operations) as sample:
            run(pool)
        sample.note = f"{size} thread{'s' if size > 1 else ''}"
        return sample

    return measured


def threaded_increments(bench: Bench, number: int) -> Round:
    """Transactional increments of own keys, `number` threads at a time; seconds of all for one increment."""
    each = bench.count(16_000 // number)
    db = bench.db

    def work(barrier: threading.Barrier, key: bytes) -> None:
        barrier.wait()
        for _ in range(each):
            add_one(db, key)

    def measured() -> Sample:
        barrier = threading.Barrier(number + 1)
        workers = [threading.Thread(target=work, args=(barrier, key)) for key in counters(number)]
        for worker in workers:
            worker.start()
        with timed(each * number) as sample:
            barrier.wait()
            for worker in workers:
                worker.join()
        return sample

    return measured


@ROWS.add("increments, 1 thread")
def one_thread(bench: Bench) -> Round:
    return threaded_increments(bench, 1)


@ROWS.add("increments, 16 threads")
def sixteen_threads(bench: Bench) -> Round:
    return threaded_increments(bench, THREADS)


@ROWS.add("greenlets")
def greenlets(bench: Bench) -> Round:
    """Ten gets, each in its transaction, for each greenlet."""
    try:
        import gevent
    except ImportError:
        return lambda: Sample(note="gevent is not installed")
    number = bench.count(GREENLETS)
    keys = bench.fill(KEYS)
    db = bench.open("gevent")

    def read(at: int) -> None:
        for key in keys[at * 10 : at * 10 + 10]:
            if db.create_transaction().get(key).wait() != VALUE:
                raise AssertionError("a get gave another value")

    def measured() -> Sample:
        with timed(number * 10) as sample:
            gevent.joinall([gevent.spawn(read, at) for at in range(number)], raise_error=True)
        return sample

    return measured
