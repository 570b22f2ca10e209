"""native/: objects that are used while they are made, taken apart, or dropped in great number."""

from __future__ import annotations

import contextlib
import copy
import gc
import pickle
import sys
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import fdb
from fdb._native import extension
from helpers.databases import fill

ROWS = [(b"row%04d" % n, b"value of the row %04d" % n * 3) for n in range(100)]


class Finalized:
    """Garbage that only the collector finds; calls `use` when it does."""

    def __init__(self, use: Callable[[], Any]) -> None:
        self.use = use
        self.itself = self

    def __del__(self) -> None:
        self.use()


@contextlib.contextmanager
def finalizer_runs(after: int, use: Callable[[], Any]) -> Iterator[None]:
    """Runs `use` by the collector, about `after` allocations later; up to 3.11 in the midst of C code."""
    threshold = gc.get_threshold()
    gc.disable()
    gc.freeze()  # what was there before is not looked at
    Finalized(use)
    gc.set_threshold(after, 1, 1)
    try:
        gc.enable()
        yield
    finally:
        gc.enable()
        gc.set_threshold(*threshold)
        gc.collect()
        gc.unfreeze()


@pytest.fixture
def rows_db(memory_db: fdb.Database) -> fdb.Database:
    """A database with ROWS."""
    fill(memory_db, ROWS)
    return memory_db


def batch_of(tr: fdb.Transaction) -> Any:
    """The future of one batch with all ROWS."""
    return tr.get_range(b"", b"\xff", 0, False, fdb.StreamingMode.want_all)._first


def taken(future: Any) -> list[tuple[bytes, bytes]]:
    rows, count, more = future.wait()
    assert count == len(rows) and more is False
    return [(row.key, row.value) for row in rows]


@pytest.mark.parametrize("use", ["wait", "_resolve", "_abandon", "cancel", "is_ready", "exception"])
def test_a_batch_whose_future_a_finalizer_uses(rows_db: fdb.Database, use: str) -> None:
    tr = rows_db.create_transaction()
    kept = []
    for after in [*range(12), *range(12, 130, 10)]:
        future = batch_of(tr)
        resolve = future._resolve

        def finalize(future: Any = future) -> None:
            getattr(future, use)()
            taken(batch_of(tr))  # in the memory that has become free

        with finalizer_runs(after, finalize):
            rows = resolve()[0]
        kept.append(future)
        assert [(row.key, row.value) for row in rows] == ROWS
        assert taken(future) == ROWS


def test_finalizers_meet_no_unfinished_list(rows_db: fdb.Database) -> None:
    tr = rows_db.create_transaction()

    def look_at_all() -> None:
        for found in gc.get_objects():
            if type(found) is list and len(found) == len(ROWS):
                found.count(None)  # looks at every element

    kept = []  # so that rows have to be allocated, not only used again
    for after in [*range(12), *range(12, 130, 10)]:
        future = batch_of(tr)
        resolve = future._resolve
        with finalizer_runs(after, look_at_all):
            rows = resolve()[0]
        kept.append(rows)
    assert all([(row.key, row.value) for row in rows] == ROWS for rows in kept)


def unshared(letter: bytes) -> bytes:
    """Bytes that nothing else refers to, unlike a constant."""
    return bytes(bytearray(letter * 1000))


def test_a_row_whose_parts_a_finalizer_replaces() -> None:
    for after in range(12):
        row = fdb.KeyValue(unshared(b"k"), unshared(b"v"))

        def replace(row: Any = row) -> None:
            row.key, row.value = unshared(b"K"), unshared(b"V")

        iterate = row.__iter__
        reserve = [(n, n) for n in range(3000)]  # so that a pair has to be allocated
        with finalizer_runs(after, replace):
            key, value = iterate()
        assert len(reserve) == 3000
        assert key.upper() == unshared(b"K") and value.upper() == unshared(b"V")


def test_a_row_whose_value_its_repr_replaces() -> None:
    class Replacing:
        def __repr__(self) -> str:
            row.value = unshared(b"V")
            return "key"

    row = fdb.KeyValue(Replacing(), unshared(b"v"))  # type: ignore[arg-type]
    assert repr(row) == f"key: {unshared(b'v')!r}"


@pytest.mark.parametrize("part", ["key", "value"])
def test_a_row_with_a_part_deleted(part: str) -> None:
    row = fdb.KeyValue(b"k", b"v")
    delattr(row, part)
    for use in (
        lambda: getattr(row, part),
        lambda: list(row),
        lambda: repr(row),
        lambda: copy.copy(row),
        lambda: pickle.dumps(row),
        lambda: delattr(row, part),
    ):
        with pytest.raises(AttributeError):
            use()
    setattr(row, part, b"new")
    assert b"new" in list(row)


@pytest.mark.parametrize("subclass", [False, True])
def test_a_long_chain_of_rows_is_dropped(subclass: bool) -> None:
    class Mine(fdb.KeyValue):
        pass

    make = Mine if subclass else fdb.KeyValue
    chain: Any = b""
    for _ in range(100_000):
        chain = make(b"k", chain)
    del chain
    chain = b""
    for _ in range(100_000):
        row: Any = make(b"k", b"v")
        row.value = chain
        chain = row
    del chain, row


def test_cycles_through_rows_are_collected(rows_db: fdb.Database) -> None:
    class Marker:
        pass

    def by_constructor() -> Any:
        holder: list[Any] = []
        holder.append(fdb.KeyValue(b"k", holder))  # type: ignore[arg-type]
        return holder

    def by_assignment() -> Any:
        row: Any = fdb.KeyValue(b"k", b"v")
        row.key = [row]
        return row

    def in_a_row_of_a_read() -> Any:
        row: Any = rows_db.create_transaction().get_range(b"", b"\xff").to_list()[0]
        row.value = row
        row.key = [row]
        return row

    def through_a_range() -> Any:
        rows: Any = rows_db.create_transaction().get_range(b"", b"\xff")
        for row in rows:
            row.value = rows
        return rows

    for make in (by_constructor, by_assignment, in_a_row_of_a_read, through_a_range):
        marker = Marker()
        reference = weakref.ref(marker)
        made = make()
        for found in (made, *([made.key] if hasattr(made, "key") else [])):
            if isinstance(found, list):
                found.append(marker)
            elif hasattr(found, "__dict__"):
                found.marker = marker
        del marker, made, found
        gc.collect()
        assert reference() is None, make.__name__


def test_a_row_that_contains_itself_has_a_repr() -> None:
    row: Any = fdb.KeyValue(b"k", b"v")
    row.value = row
    assert repr(row) == "b'k': ..."


def test_native_objects_are_made_completely_or_not_at_all(stub_db: fdb.Database) -> None:
    tr: Any = stub_db.create_transaction()
    for kind in (
        fdb.KeyValue,
        fdb.Value,
        fdb.FutureInt64,
        extension.FutureBase,
        extension.ListFutureBase,
        extension.BytesFutureBase,
        extension.DatabaseHandle,
        extension.TransactionHandle,
    ):
        with pytest.raises(TypeError):
            kind.__new__(kind)  # type: ignore[call-overload]
        with pytest.raises(TypeError):
            object.__new__(kind)
    row = fdb.KeyValue(b"k", b"v")
    row.__init__(b"other", b"other")  # type: ignore[misc]
    assert list(row) == [b"k", b"v"]
    version = tr.get_read_version()
    version.__init__(tr._handle, 0, 0)
    assert version.wait() == 0


def test_what_belongs_to_the_library_is_neither_copied_nor_pickled(stub_db: fdb.Database) -> None:
    tr: Any = stub_db.create_transaction()
    for owner in (tr._handle, stub_db._handle, tr.get_read_version(), extension.Mailbox()):
        for copied in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError):
                copied(owner)
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(TypeError):
                pickle.dumps(owner, protocol)


class Ear:
    """What a future may carry to tell how it ended."""

    def __init__(self) -> None:
        self.heard: list[tuple[Any, int]] = []

    def surrounds_caller(self) -> bool:
        return False

    def check_wait(self, future: Any) -> None:
        pass

    def ended(self, result: Any, error: int) -> None:
        self.heard.append((result, error))


def ready(future: Any) -> Any:
    """The future, whose answer may be late."""
    while not future._ready():
        extension.wait_any((future,))
    return future


def test_a_future_tells_how_it_ended_when_it_goes(rows_db: fdb.Database) -> None:
    tr, ear = rows_db.create_transaction(), Ear()
    after = fdb.KeySelector.first_greater_than(ROWS[0][0])
    rows = [fdb.KeyValue(*row) for row in ROWS[:2]]
    makers: list[tuple[Callable[[], Any], Any, int]] = [
        (lambda: tr[ROWS[0][0]], ROWS[0][1], 0),
        (lambda: tr[b"absent"], None, 0),
        (lambda: tr[b"\xff/not/allowed"], None, 2004),
        (lambda: tr.get_key(after), ROWS[1][0], 0),
        (lambda: tr.get_range_page(b"", b"\xff", 2), (rows, 2, True), 0),
    ]
    for make, result, error in makers:
        future = ready(make())
        future._run = ear
        assert (future._peek(), future._code()) == (result, error)
        assert ear.heard == []
        del future
        assert ear.heard.pop() == (result, error)


def test_a_future_in_a_circle_tells_how_it_ended(rows_db: fdb.Database) -> None:
    ear = Ear()
    future = ready(batch_of(rows_db.create_transaction()))
    future._run = ear
    rows, count, more = future._peek()
    rows.append(future)
    del future, rows
    gc.collect()
    ((result, error),) = ear.heard
    assert (result[1:], error) == ((count, more), 0)


def test_a_future_that_nobody_looked_at_tells_nothing(stub_db: fdb.Database) -> None:
    ear = Ear()
    future: Any = stub_db.create_transaction()[b"delay:10000"]
    future._run = ear
    assert (future._peek(), future._code()) == (None, -1)
    del future
    assert ear.heard == []
    future = stub_db.create_transaction()[b"delay:10000"]
    future._run = ear
    future._abandon()
    del future
    assert ear.heard == [(None, 1101)]


def test_who_is_told_may_fail(rows_db: fdb.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(Ear):
        def ended(self, result: Any, error: int) -> None:
            raise ValueError("of the listener")

    raised: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda given: raised.append(given.exc_value))
    future = ready(rows_db.create_transaction()[b"k"])
    future._code()
    future._run = Failing()
    try:
        raise KeyError("raised before")
    except KeyError:
        del future
    assert [type(each) for each in raised] == [ValueError]
