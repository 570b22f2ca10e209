"""A log is complete, and changes nothing: random transactions with and without one (fdb/testing/_record.py)."""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Callable
from typing import Any

import pytest

import fdb
from fdb.testing._record import record
from fdb.testing._replay import final_state
from fdb.testing._tracing import ATOMIC_NAMES

STAMPED = ("set_versionstamped_key", "set_versionstamped_value")
ATOMIC = [name for name in ATOMIC_NAMES.values() if name not in STAMPED]
KEYS = 12


class Program:
    """Random calls on transactions; notes all that it sees."""

    def __init__(self, seed: int, area: bytes = b"k", shared: bytes | None = None) -> None:
        self.random = random.Random(seed)
        self.area = area
        self.shared = shared
        self.seen: list[Any] = []

    def key(self) -> bytes:
        return self.area + b"%02d" % self.random.randrange(KEYS)

    def note(self, call: Callable[[], Any]) -> None:
        try:
            self.seen.append(call())
        except fdb.FDBError as error:
            self.seen.append(error.code)

    def step(self, tr: fdb.Transaction) -> None:
        """Makes one call."""
        make = self.random.choice([self.read, self.read_range, self.write, self.write, self.other])
        make(tr)

    def read(self, tr: fdb.Transaction) -> None:
        view = self.random.choice([tr, tr, tr.snapshot])
        key, offset = self.key(), self.random.randrange(-1, 3)
        if self.random.random() < 0.5:
            self.note(lambda: view[key].value)
        elif self.random.random() < 0.5:
            self.note(lambda: bytes(view.get_key(fdb.KeySelector(key, False, offset))))
        else:
            view.get(key)  # dropped

    def read_range(self, tr: fdb.Transaction) -> None:
        view = self.random.choice([tr, tr, tr.snapshot])
        begin, end = sorted((self.key(), self.key()))
        limit, reverse = self.random.randrange(4), self.random.random() < 0.3
        self.note(
            lambda: [(row.key, row.value) for row in view.get_range(begin, end, limit, reverse)]
        )

    def write(self, tr: fdb.Transaction) -> None:
        key, operand = self.key(), self.random.randbytes(self.random.randrange(3))
        kind = self.random.choice(["set", "set", "clear", "clear_range", *ATOMIC, *STAMPED])
        if kind == "clear":
            tr.clear(key)
        elif kind == "clear_range":
            tr.clear_range(*sorted((key, self.key())))
        elif kind == "set_versionstamped_key":
            place = bytes((len(self.area) + 2, 0, 0, 0))
            tr.set_versionstamped_key(self.area + b"99" + bytes(10) + place, operand)
        elif kind == "set_versionstamped_value":
            tr.set_versionstamped_value(
                self.area + b"98", operand + bytes(10) + bytes((len(operand), 0, 0, 0))
            )
        else:
            getattr(tr, kind)(key, operand)
        if self.shared is not None:
            tr.add(self.shared, b"\1\0\0\0")

    def other(self, tr: fdb.Transaction) -> None:
        begin, end = sorted((self.key(), self.key()))
        kind = self.random.randrange(8)
        if kind == 0:
            tr.add_read_conflict_range(begin, end)
        elif kind == 1:
            tr.add_write_conflict_key(begin)
        elif kind == 2:
            tr.options.set_next_write_no_write_conflict_range()
        elif kind == 3:
            self.note(lambda: tr.get_approximate_size().wait())
        elif kind == 4:
            tr.watch(begin)
        elif kind == 5:
            tr.set(b"\xff/not allowed", b"")
        elif kind == 6:
            tr.reset()
        else:
            tr.cancel()

    def end(self, tr: fdb.Transaction) -> None:
        """Commits a transaction, and makes it ready for more."""
        try:
            tr.commit().wait()
            self.seen.append("committed")
            tr.reset()
        except fdb.FDBError as error:
            code = error.code
            self.seen.append(code)
            self.note(lambda: tr.on_error(code).wait())
            if self.seen[-1] is not None:
                tr.reset()


def content_of(db: fdb.Database) -> dict[bytes, bytes]:
    return {row.key: row.value for row in db[:]}


def without_stamps(content: dict[bytes, bytes]) -> dict[bytes, Any]:
    """The content with the number of rows with a stamp in their key, and without values with a stamp."""
    plain: dict[bytes, Any] = {key: value for key, value in content.items() if len(key) < 10}
    return {key: len(value) if key.endswith(b"98") else value for key, value in plain.items()} | {
        b"stamped": sorted(value for key, value in content.items() if len(key) >= 10)
    }


def set_faults(db: fdb.Database, rules: bytes) -> None:
    code, text = db._handle.call(db._library.fdb_embedded_set_faults, rules)  # type: ignore[arg-type]
    assert code == 0, text


def interleaved(db: fdb.Database, seed: int, steps: int = 1200) -> Program:
    """Runs transactions that overlap, on one thread: what happens depends on the seed alone."""
    program = Program(seed)
    open_ones = [db.create_transaction() for _ in range(4)]
    for _ in range(steps):
        tr = program.random.choice(open_ones)
        if program.random.random() < 0.2:
            program.end(tr)
        else:
            program.step(tr)
        if program.random.random() < 0.02:
            open_ones[program.random.randrange(4)] = db.create_transaction()
    return program


def empty(db: fdb.Database) -> None:
    db.clear_range(b"", b"\xff")


def check_complete(log: Any, db: fdb.Database) -> None:
    """The log tells what is in the database, which was empty when it began."""
    values = final_state(log.committed).values
    assert {key: value for key, value in values.items() if value is not None} == content_of(db)


def masked(seen: list[Any]) -> list[Any]:
    """What was seen, but for what follows from the versions: values and keys with a stamp."""

    def mask(each: Any) -> Any:
        if isinstance(each, bytes):
            return each if len(each) < 10 else len(each)
        if isinstance(each, tuple | list):
            return [mask(part) for part in each]
        return each

    return [mask(each) for each in seen]


@pytest.mark.parametrize("seed", range(4))
def test_a_program_sees_the_same_with_a_log(memory_db: fdb.Database, seed: int) -> None:
    print(f"seed {seed}")
    empty(memory_db)
    without = interleaved(memory_db, seed)
    expected = without_stamps(content_of(memory_db))
    empty(memory_db)
    with record(memory_db) as log:
        empty(memory_db)
        recorded = interleaved(memory_db, seed)
    assert masked(recorded.seen) == masked(without.seen)
    assert without_stamps(content_of(memory_db)) == expected
    check_complete(log, memory_db)
    for attempt in log.attempts:
        check_ranges(attempt)
    conflicts = log.conflicts
    assert len(conflicts) == recorded.seen.count(1020) > 0
    for conflict in conflicts:
        assert conflict.ranges
        assert all(each.wins and each.reads for each in conflict.ranges), str(conflict)
    assert str(log) and log.explain()


@pytest.mark.parametrize("seed", range(3))
def test_faults_come_at_the_same_places_with_a_log(memory_db: fdb.Database, seed: int) -> None:
    print(f"seed {seed}")
    rules = (
        b"seed=%d;not_committed:p=0.1;commit_unknown_result:p=0.1;transaction_too_old:p=0.03;future_version:p=0.02;"
        b"process_behind:p=0.03;database_locked:p=0.05,at=version;short_range:p=0.5,rows=1"
    ) % (seed + 1)
    empty(memory_db)
    set_faults(memory_db, rules)
    without = interleaved(memory_db, seed, 400)
    set_faults(memory_db, b"off")
    expected = without_stamps(content_of(memory_db))
    with record(memory_db) as log:
        empty(memory_db)
        set_faults(memory_db, rules)
        recorded = interleaved(memory_db, seed, 400)
        set_faults(memory_db, b"off")
    assert masked(recorded.seen) == masked(without.seen)
    assert {1007, 1020, 1021} <= {each for each in recorded.seen if type(each) is int}
    assert without_stamps(content_of(memory_db)) == expected
    made_up = [conflict for conflict in log.conflicts if not conflict.ranges]
    assert made_up
    assert "the database names no key: the conflict was made up" in str(made_up[0])
    assert "ended with transaction_too_old (1007) at " in log.explain()


def check_ranges(attempt: Any) -> None:
    """What was submitted follows from the calls that were recorded."""
    if attempt.read_conflicts is None or not attempt.committed:
        return
    submitted, attempt.read_conflicts = attempt.read_conflicts, None
    computed, attempt.read_conflicts = attempt.read_ranges(), submitted
    for keys in submitted:
        assert any(each.begin <= keys.begin and keys.end <= each.end for each in computed) or any(
            read.begin.offset not in (0, 1) or read.known is False
            for read in attempt.reads
            if not isinstance(read.begin, bytes)
        )
    submitted, attempt.write_conflicts = attempt.write_conflicts, None
    computed, attempt.write_conflicts = attempt.write_ranges(), submitted
    for keys in submitted:
        assert any(each.begin <= keys.begin and keys.end <= each.end for each in computed)


def in_threads(db: fdb.Database, seed: int) -> None:
    """Runs retried transactions in threads, each in its own keys, and in those of a common counter."""

    def work(number: int) -> None:
        program = Program(seed * 100 + number, b"%d/" % number, b"counter")
        for _ in range(40):
            choices = program.random.getstate()

            @fdb.transactional
            def act(tr: fdb.Transaction) -> None:
                program.random.setstate(choices)  # noqa: B023 - it is called at once
                for _ in range(program.random.randrange(1, 6)):
                    program.random.choice([program.read, program.read_range, program.write])(tr)
                int.from_bytes(tr[b"contended"] or b"", "little")
                tr.add(b"contended", b"\1\0\0\0")

            # Reading a stamp that is still to come fails.
            with contextlib.suppress(fdb.FDBError):
                act(db)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("seed", range(2))
def test_threads_leave_the_same_with_a_log(memory_db: fdb.Database, seed: int, late: bool) -> None:
    print(f"seed {seed}")
    if late:
        fdb.embedded.set_latency(memory_db, 0, 0.0005)
    empty(memory_db)
    in_threads(memory_db, seed)
    expected = without_stamps(content_of(memory_db))
    with record(memory_db) as log:
        empty(memory_db)
        in_threads(memory_db, seed)
    assert without_stamps(content_of(memory_db)) == expected
    check_complete(log, memory_db)
    for conflict in log.conflicts:
        assert conflict.winners
        assert all(each.wins and each.reads for each in conflict.ranges), str(conflict)
