"""The measured work of one store in one process; started by `durable.py`.

    python durable_work.py STORE DIRECTORY PAIRS SYNC ROW...

STORE is "ours", "sqlite3", "lmdb", or "disk" for the bare disk. Prints one line of JSON: by row what was
measured (seconds or bytes for one operation) and how much of the time a processor was at work.
"""

from __future__ import annotations

import json
import os
import random
import resource
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from durable_stores import PAIR_BYTES, STORES, Store, key_of, pairs, value_of

#: What is measured: seconds (or bytes) for one operation, processors at work.
Measured = tuple[float, float]

COMMIT_SECONDS = 1.0
READS = 40_000
SCANS = 8
SCAN_PAIRS = 20_000
FIRST_READS = 2_000
SYNC_BYTES = 4096
SYNC_BLOCKS = 1000
MIDDLE = b"%016x" % (1 << 63)


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Watch:
    """Measures a stretch of work."""

    def __init__(self) -> None:
        self.began, self.cpu = time.perf_counter(), cpu_seconds()

    def stop(self, operations: int) -> Measured:
        wall = time.perf_counter() - self.began
        return wall / operations, (cpu_seconds() - self.cpu) / wall


class Work:
    """The rows, on one store."""

    def __init__(self, store: str, directory: Path, count: int, sync: str) -> None:
        self.make = lambda: STORES[store](directory, sync)
        self.directory = directory
        self.count = count
        self.rng = random.Random(os.getpid())
        self.opened: Store | None = None

    def store(self) -> Store:
        if self.opened is None:
            self.opened = self.make()
        return self.opened

    def numbers(self, count: int) -> list[int]:
        return [self.rng.randrange(self.count) for _ in range(count)]

    # ---- making and opening --------------------------------------------------------------------

    def load(self) -> Measured:
        """Bytes on disk for a byte of data, after a clean close."""
        rows = pairs(self.count)
        watch = Watch()
        self.store().load(rows)
        self.close()
        _, cpu = watch.stop(1)
        used = sum(path.stat().st_blocks * 512 for path in self.directory.glob("data.*"))
        return used / (self.count * PAIR_BYTES), cpu

    def open(self) -> Measured:
        """Seconds from before the opening until a first value was read; the libraries are imported before."""
        key, wanted = key_of(self.count // 2), value_of(self.count // 2)
        watch = Watch()
        value = self.store().reader()(key)
        measured = watch.stop(1)
        if len(value) != len(wanted):
            raise AssertionError(f"{value!r} was read")
        return measured

    def resident(self) -> Measured:
        """Bytes of memory in use, after the opening and one read."""
        self.store().reader()(key_of(0))
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE"), 0.0

    # ---- commits ---------------------------------------------------------------------------------

    def commits(self, threads: int, seconds: float = COMMIT_SECONDS) -> Measured:
        store = self.store()
        commits = [store.committer() for _ in range(threads)]
        done = [0] * threads
        barrier = threading.Barrier(threads + 1)

        def work(number: int) -> None:
            rng = random.Random(number)
            commit = commits[number]
            barrier.wait()
            while time.perf_counter() < end:
                at = rng.randrange(self.count)
                commit(key_of(at), value_of(at + done[number]))
                done[number] += 1

        end = time.perf_counter() + 3600
        workers = [threading.Thread(target=work, args=(n,)) for n in range(threads)]
        for worker in workers:
            worker.start()
        end = time.perf_counter() + seconds
        watch = Watch()
        barrier.wait()
        for worker in workers:
            worker.join()
        return watch.stop(sum(done))

    # ---- reads -----------------------------------------------------------------------------------

    def warm(self) -> None:
        """Brings all pairs into memory, as far as they go there."""
        for _ in self.store().scan(
            b"", self.count // 2
        ):  # of some 5 seconds that a transaction may last
            pass
        for _ in self.store().scan(MIDDLE, self.count):
            pass

    def reads(self, read: Callable[[bytes], object], count: int) -> Measured:
        keys = [key_of(number) for number in self.numbers(count)]
        watch = Watch()
        for key in keys:
            if read(key) is None:
                raise AssertionError(f"{key!r} is missing")
        return watch.stop(count)

    def read(self) -> Measured:
        return self.reads(self.store().reader(), READS)

    def whole_read(self) -> Measured:
        store = self.store()
        return self.reads(getattr(store, "whole_reader", store.reader)(), READS)

    def first_read(self) -> Measured:
        """Reads of what this process has not read before; the system may have the file in memory."""
        return self.reads(self.store().reader(), FIRST_READS)

    def scan(self) -> Measured:
        watch = Watch()
        for _ in range(SCANS):
            first = b"%016x" % self.rng.randrange(1 << 63)
            read = sum(self.store().scan(first, SCAN_PAIRS))
            if read != SCAN_PAIRS * PAIR_BYTES:
                raise AssertionError(f"{read} bytes were scanned")
        return watch.stop(SCANS * SCAN_PAIRS)

    def close(self) -> None:
        if self.opened is not None:
            self.opened.close()
            self.opened = None


def disk(directory: Path) -> Measured:
    """Seconds for fdatasync after a write of a block in a file that does not grow, as in a log that is used again."""
    path = directory / "sync-test"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    block = bytes(SYNC_BYTES)
    try:
        os.write(descriptor, block * SYNC_BLOCKS)
        os.fsync(descriptor)
        count, watch = 0, Watch()
        while time.perf_counter() < watch.began + COMMIT_SECONDS:
            os.pwrite(descriptor, block, count % SYNC_BLOCKS * SYNC_BYTES)
            os.fdatasync(descriptor)
            count += 1
        return watch.stop(count)
    finally:
        os.close(descriptor)
        path.unlink()


def measure(work: Work, row: str) -> Measured:
    if row.startswith("commits "):
        return work.commits(int(row.split()[1]))
    done: Measured = getattr(work, row)()
    return done


def main(arguments: list[str]) -> int:
    store, directory, count, sync, *rows = arguments
    if store == "disk":
        print(json.dumps({"disk": disk(Path(directory))}))
        return 0
    work = Work(store, Path(directory), int(count), sync)
    measured: dict[str, Measured] = {}
    for row in rows:
        if row == "warm":
            work.warm()
        else:
            measured[row] = measure(work, row)
    work.close()
    print(json.dumps(measured))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
