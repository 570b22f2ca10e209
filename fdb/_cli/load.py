"""A load for `fdb bench`: threads that read and write rows of their own, and what they measured.

Its keys lie under a prefix that nobody else has: a tuple with a random number.
"""

from __future__ import annotations

import contextlib
import random
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

from fdb import tuple as tuple_layer
from fdb._blocking import Database, Tenant
from fdb._errors import FDBError
from fdb._keys import strinc
from fdb._observing.histogram import Histogram
from fdb._transaction import Transaction

#: All loads lie under ('fdb bench', ...): what one has left that was killed.
NAME = "fdb bench"
#: Bytes of the prefix, and of the number of a key behind it.
PREFIX_SIZE, NUMBER_SIZE = 20, 4
LEAST_KEY_SIZE = PREFIX_SIZE + NUMBER_SIZE
#: The parts of a transaction that are timed, and all of it, with its retries.
PARTS = ("begin", "read", "commit", "transaction")

_CONFLICT = 1020
_LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Shape:
    """What the load consists of."""

    threads: int
    seconds: float
    #: Rows that there are.
    keys: int
    key_size: int
    value_size: int
    #: In each transaction: rows read one by one (all asked for at once), rows read in a range, rows written.
    reads: int
    range_rows: int
    writes: int


class Measured:
    """What was measured, in one thread or in all."""

    def __init__(self) -> None:
        self.times = {part: Histogram() for part in PARTS}
        #: Transactions that have ended well, and attempts at them.
        self.transactions = 0
        self.attempts = 0
        #: Names of errors after which another attempt followed, and how many there were.
        self.errors: dict[str, int] = {}
        self.rows_read = 0
        self.rows_written = 0

    def add(self, other: Measured) -> None:
        """Adds what another thread has measured."""
        for part, histogram in self.times.items():
            histogram.merge(other.times[part])
        for name, count in other.errors.items():
            self.errors[name] = self.errors.get(name, 0) + count
        self.transactions += other.transactions
        self.attempts += other.attempts
        self.rows_read += other.rows_read
        self.rows_written += other.rows_written

    @property
    def conflicts(self) -> int:
        """Attempts that ended with not_committed."""
        return self.errors.get(FDBError(_CONFLICT).name, 0)


class Load:
    """A load on a database, to be run once. A context manager: at its end the rows are cleared."""

    def __init__(self, db: Database | Tenant, shape: Shape, seed: int | None = None) -> None:
        """`seed` chooses the keys; None for others each time."""
        self._db = db
        self._shape = shape
        self._seed = secrets.randbits(32) if seed is None else seed
        # With the highest bit, so that the number has eight bytes in each tuple.
        self.prefix = tuple_layer.pack((NAME, secrets.randbits(63) | 1 << 63))
        self._padding = bytes(shape.key_size - LEAST_KEY_SIZE)
        self._stop = threading.Event()
        self._failures: list[BaseException] = []
        #: Seconds that the threads were at work.
        self.seconds = 0.0

    def __enter__(self) -> Load:
        """Raises FDBError if the database does not answer: then there is nothing to clear."""
        self._db.run(lambda tr: tr.get_read_version().wait())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        """Clears the rows; blocks. Raises RuntimeError, of both, if that fails after another error."""
        try:
            self._db.clear_range(self.prefix, strinc(self.prefix))
        except FDBError as left:
            if error is None:
                raise
            what = str(error) or type(error).__name__
            where = tuple_layer.unpack(self.prefix)
            raise RuntimeError(f"{what}; and rows may be left under {where}: {left}") from error

    def write_rows(self, report: Callable[[int], object]) -> None:
        """Writes the rows that there are to be; blocks. `report` is told how many there are so far."""
        value = bytes(self._shape.value_size)
        rows = ((self.key(number), value) for number in range(self._shape.keys))
        self._db.write_in_batches(rows, on_progress=lambda progress: report(progress.rows))

    def key(self, number: int) -> bytes:
        """Returns the key of a row."""
        return self.prefix + number.to_bytes(NUMBER_SIZE, "big") + self._padding

    def work(self, report: Callable[[float], object]) -> Measured:
        """Runs the threads; blocks. `report` is told the seconds as they pass.

        Raises what a thread has failed with, and KeyboardInterrupt; the threads have ended then.
        """
        each = [Measured() for _ in range(self._shape.threads)]
        threads = [
            threading.Thread(target=self._work_in_thread, args=(measured, self._seed + number))
            for number, measured in enumerate(each)
        ]
        started = perf_counter()
        try:
            for thread in threads:
                thread.start()
            left = self._shape.seconds
            while left > 0 and not self._stop.wait(min(left, _LOOK_SECONDS)):
                passed = perf_counter() - started
                report(min(passed, self._shape.seconds))
                left = self._shape.seconds - passed
        finally:
            self._end(threads)
            self.seconds = perf_counter() - started
        if self._failures:
            raise self._failures[0]
        total = Measured()
        for measured in each:
            total.add(measured)
        return total

    def _end(self, threads: list[threading.Thread]) -> None:
        """Waits for the threads, whoever is impatient: what one commits later would not be cleared."""
        self._stop.set()
        for thread in threads:
            while thread.is_alive():
                with contextlib.suppress(KeyboardInterrupt):
                    thread.join()

    def _work_in_thread(self, measured: Measured, seed: int) -> None:
        choice = random.Random(seed)
        try:
            while not self._stop.is_set():
                self._transaction(measured, choice)
        except BaseException as error:
            self._failures.append(error)
            self._stop.set()

    def _transaction(self, measured: Measured, choice: random.Random) -> None:
        """Runs a transaction with its retries. One that is under way when the time is over still counts."""
        keys = self._shape.keys
        reads = [self.key(choice.randrange(keys)) for _ in range(self._shape.reads)]
        writes = [self.key(choice.randrange(keys)) for _ in range(self._shape.writes)]
        first = choice.randrange(keys)
        value = choice.randbytes(self._shape.value_size)
        tr = self._db.create_transaction()
        started = perf_counter()
        while True:
            measured.attempts += 1
            try:
                self._attempt(tr, measured, reads, first, writes, value)
                break
            except FDBError as error:
                tr.on_error(error).wait()
                measured.errors[error.name] = measured.errors.get(error.name, 0) + 1
        measured.times["transaction"].add(perf_counter() - started)
        measured.transactions += 1

    def _attempt(
        self,
        tr: Transaction,
        measured: Measured,
        reads: list[bytes],
        first: int,
        writes: list[bytes],
        value: bytes,
    ) -> None:
        begun = perf_counter()
        tr.get_read_version().wait()
        versioned = perf_counter()
        for future in [tr.get(key) for key in reads]:
            future.wait()
        rows = 0
        if self._shape.range_rows:
            begin, end = self.key(first), strinc(self.prefix)
            rows = sum(1 for _ in tr.get_range(begin, end, limit=self._shape.range_rows))
        read = perf_counter()
        for key in writes:
            tr.set(key, value)
        tr.commit().wait()
        committed = perf_counter()
        measured.rows_read += len(reads) + rows
        measured.rows_written += len(writes)
        measured.times["begin"].add(versioned - begun)
        if reads or self._shape.range_rows:
            measured.times["read"].add(read - versioned)
        measured.times["commit"].add(committed - read)
