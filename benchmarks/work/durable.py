"""A database in a file, beside sqlite3 and lmdb in the same directory, with the same pairs.

Each store's database is made once and kept: `STORE-PAIRS` in the directory of `--database`, as DIRECTORY?PAIRS. A row
is measured in that, by a process which may not have opened it before (see `suite.measure.Fresh`).
"""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

from work.bench import Bench, Round, Rows, Sample, timed
from work.durable_stores import PAIR_BYTES, STORES, Store, key_of, pairs, value_of

ROWS = Rows()
COMMIT_SECONDS = 0.5
READS = 40_000
SCANS = 8
SCAN_PAIRS = 20_000
FIRST_READS = 2_000
SYNC_BYTES = 4096
SYNC_BLOCKS = 1000
MIDDLE = b"%016x" % (1 << 63)
NOTE = "size.json"


class Work:
    """One store's database."""

    def __init__(self, bench: Bench, sync: str = "full") -> None:
        directory, _, number = bench.database.partition("?")
        self.bench = bench
        self.count = int(number)
        self.directory = Path(directory) / f"{bench.package}-{self.count}"
        self.make = lambda: STORES[bench.package](self.directory, sync)
        self.rng = random.Random(os.getpid())
        self.opened: Store | None = None
        if not (self.directory / NOTE).exists():
            self.load()
        bench.closing.append(self.close)

    def store(self) -> Store:
        if self.opened is None:
            self.opened = self.make()
        return self.opened

    def close(self) -> None:
        if self.opened is not None:
            self.opened.close()
            self.opened = None

    def load(self) -> None:
        """Makes the database, and notes its bytes on disk for a byte of data, after a clean close."""
        self.directory.mkdir(parents=True, exist_ok=True)
        for leftover in self.directory.iterdir():
            leftover.unlink()
        self.store().load(pairs(self.count))
        self.close()
        used = sum(path.stat().st_blocks * 512 for path in self.directory.glob("data.*"))
        (self.directory / NOTE).write_text(json.dumps(used / (self.count * PAIR_BYTES)))

    def keys(self, number: int) -> list[bytes]:
        return [key_of(self.rng.randrange(self.count)) for _ in range(self.bench.count(number))]

    def warm(self) -> None:
        """Brings all pairs into memory, in two halves: a transaction may last five seconds."""
        for first, count in ((b"", self.count // 2), (MIDDLE, self.count)):
            for _ in self.store().scan(first, count):
                pass

    def reads(self, read: Callable[[bytes], object], number: int) -> Sample:
        keys = self.keys(number)
        with timed(len(keys)) as sample:
            for key in keys:
                if read(key) is None:
                    raise AssertionError(f"{key!r} is missing")
        return sample


# ---- making and opening --------------------------------------------------------------------


@ROWS.add("size")
def size(bench: Bench) -> Round:
    """Bytes on disk for a byte of data."""
    note = Work(bench).directory / NOTE
    return lambda: Sample(json.loads(note.read_text()))


@ROWS.add("open")
def open_(bench: Bench) -> Round:
    """From before the opening until a first value was read; the libraries are imported before."""
    work = Work(bench)
    at = work.count // 2

    def measured() -> Sample:
        with timed(1) as sample:
            value = work.store().reader()(key_of(at))
        if len(value) != len(value_of(at)):
            raise AssertionError(f"{value!r} was read")
        return sample

    return measured


@ROWS.add("resident")
def resident(bench: Bench) -> Round:
    """Bytes of memory in use after the opening and one read."""
    work = Work(bench)

    def measured() -> Sample:
        work.store().reader()(key_of(0))
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return Sample(pages * os.sysconf("SC_PAGE_SIZE"))

    return measured


# ---- commits -------------------------------------------------------------------------------


def commits(bench: Bench, threads: int, sync: str) -> Round:
    """Commits of one pair by so many threads at a time, for a while; seconds of all for one."""
    work = Work(bench, sync)
    commit = [work.store().committer() for _ in range(threads)]
    seconds = COMMIT_SECONDS * min(bench.scale, 1)

    def measured() -> Sample:
        done = [0] * threads
        barrier = threading.Barrier(threads + 1)

        def run(number: int) -> None:
            rng = random.Random(number)
            barrier.wait()
            while done[number] == 0 or time.perf_counter() < end:
                at = rng.randrange(work.count)
                commit[number](key_of(at), value_of(at + done[number]))
                done[number] += 1

        workers = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
        for worker in workers:
            worker.start()
        end = time.perf_counter() + seconds
        with timed(1) as sample:
            barrier.wait()
            for worker in workers:
                worker.join()
        sample.amount /= sum(done)
        return sample

    return measured


@ROWS.add("commits, 1 thread")
def one_thread(bench: Bench) -> Round:
    return commits(bench, 1, "full")


@ROWS.add("commits, 8 threads")
def eight_threads(bench: Bench) -> Round:
    return commits(bench, 8, "full")


@ROWS.add("commits, 64 threads")
def many_threads(bench: Bench) -> Round:
    return commits(bench, 64, "full")


@ROWS.add("commits without sync")
def without_sync(bench: Bench) -> Round:
    return commits(bench, 1, "off")


@ROWS.add("sync")
def sync(bench: Bench) -> Round:
    """fdatasync after a write of a block in a file that does not grow, as in a log that is used again."""
    directory = Path(bench.database.partition("?")[0])
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "sync-test"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    bench.closing += [lambda: os.close(descriptor), path.unlink]
    block, count = bytes(SYNC_BYTES), bench.count(100)
    os.write(descriptor, block * SYNC_BLOCKS)
    os.fsync(descriptor)

    def measured() -> Sample:
        with timed(count) as sample:
            for number in range(count):
                os.pwrite(descriptor, block, number % SYNC_BLOCKS * SYNC_BYTES)
                os.fdatasync(descriptor)
        return sample

    return measured


# ---- reads ---------------------------------------------------------------------------------


@ROWS.add("first read")
def first_read(bench: Bench) -> Round:
    """Reads of what this process has not read before; the system may have the file in memory."""
    work = Work(bench)
    work.store().reader()(key_of(0))
    return lambda: work.reads(work.store().reader(), FIRST_READS)


@ROWS.add("read")
def read(bench: Bench) -> Round:
    work = Work(bench)
    work.warm()
    return lambda: work.reads(work.store().reader(), READS)


@ROWS.add("whole read")
def whole_read(bench: Bench) -> Round:
    """A transaction for each read."""
    work = Work(bench)
    work.warm()
    return lambda: work.reads(work.store().whole_reader(), READS)


@ROWS.add("scan")
def scan(bench: Bench) -> Round:
    work = Work(bench)
    work.warm()
    count = min(SCAN_PAIRS, work.count // 4)

    def measured() -> Sample:
        with timed(SCANS * count) as sample:
            for _ in range(SCANS):
                first = b"%016x" % work.rng.randrange(1 << 63)
                if sum(work.store().scan(first, count)) != count * PAIR_BYTES:
                    raise AssertionError("other pairs were scanned")
        return sample

    return measured
