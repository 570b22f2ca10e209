"""native/ when memory runs out: an operation raises MemoryError or succeeds, and loses nothing."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import pytest

import fdb
import fdb.tuple
from fdb._native import extension
from helpers.databases import fill

_testcapi: Any = pytest.importorskip("_testcapi", reason="this Python has no _testcapi")

ALLOCATIONS = 40
ROWS = [(b"row%03d" % n, b"v" * n) for n in range(1, 30)]


def attempts(operation: Callable[[], Any], check: Callable[[Any], None]) -> int:
    """Runs the operation with its first, second, third ... allocation failing; returns how often it failed."""
    failed = 0
    gc.collect()
    gc.disable()
    try:
        for n in range(2 * ALLOCATIONS):
            _testcapi.set_nomemory(n, n + 1)
            try:
                result = operation()
            except MemoryError:
                failed += 1
                continue
            finally:
                _testcapi.remove_mem_hooks()
            check(result)
    finally:
        gc.enable()
    return failed


def equals(expected: Any) -> Callable[[Any], None]:
    def check(result: Any) -> None:
        assert result == expected

    return check


@pytest.fixture
def rows_db(memory_db: fdb.Database) -> fdb.Database:
    """A database with ROWS."""
    fill(memory_db, ROWS)
    return memory_db


def test_taking_a_batch(rows_db: fdb.Database) -> None:
    tr = rows_db.create_transaction()
    futures = [
        tr.get_range(b"", b"\xff", streaming_mode=fdb.StreamingMode.want_all)._first
        for _ in range(3 * ALLOCATIONS)
    ]
    taken = iter(list(futures))

    def operation() -> Any:
        return next(taken)._resolve()

    assert attempts(operation, lambda result: None) > 0
    for future in futures:  # also those that there was no memory for
        assert [tuple(row) for row in future._resolve()[0]] == ROWS


@pytest.mark.parametrize("key", [b"row010", b"absent"])
def test_reading_a_value(rows_db: fdb.Database, key: bytes) -> None:
    tr = rows_db.create_transaction()
    handle = tr._handle
    attempts(lambda: handle.get(key, False)._resolve(), equals(dict(ROWS).get(key)))
    assert tr[key] == dict(ROWS).get(key)


def test_transactions(rows_db: fdb.Database) -> None:
    handle = rows_db._handle

    def operation() -> Any:
        transaction = handle.create_transaction()
        transaction.set(b"k", b"v")
        transaction.commit()._resolve()
        transaction.get_read_version()
        transaction.watch(b"k")._cancel()

    assert attempts(operation, equals(None)) > 0
    assert rows_db[b"k"] == b"v"


def test_calls_by_address(rows_db: fdb.Database) -> None:
    attempts(lambda: rows_db._handle.call(abs), lambda result: None)
    rows_db.close()
    with pytest.raises(RuntimeError, match="closed"):
        rows_db.get_client_status()


def test_rows() -> None:
    row = fdb.KeyValue(b"k", b"v")
    attempts(lambda: tuple(row), equals((b"k", b"v")))
    attempts(lambda: repr(row), equals("b'k': b'v'"))
    attempts(lambda: fdb.KeyValue(b"k" * 9, row).value, equals(row))  # type: ignore[arg-type]


def test_tokens_are_not_lost() -> None:
    mailbox = extension.Mailbox()
    pushed, found = list(range(1000, 1600)), []
    for token in pushed:
        mailbox.push(token)
    assert attempts(mailbox.take, found.extend) > 0
    while tokens := mailbox.take():
        found += tokens
    assert found == pushed


@pytest.mark.parametrize(
    "element",
    [
        b"a\x00b" * 400,
        "text \u20ac" * 300,
        -(2**64) + 1,
        1.5,
        True,
        fdb.tuple.SingleFloat(2.5),
        (None, (b"x",)) * 20,
    ],
)
def test_tuples(element: Any) -> None:
    packed = fdb.tuple.pack((element, 1))
    attempts(lambda: fdb.tuple.pack((element, 1)), equals(packed))
    attempts(lambda: fdb.tuple.unpack(packed), equals((element, 1)))
    attempts(lambda: fdb.tuple.compare((element,), (element,)), equals(0))


def test_waiting(stub_db: fdb.Database) -> None:
    tr = stub_db.create_transaction()
    # Pending until memory is back, also where a collection of garbage before that takes long.
    futures = iter([tr[b"delay:1000"] for _ in range(3 * ALLOCATIONS)])
    mailbox = extension.Mailbox()

    def operation() -> Any:
        future = next(futures)
        future._subscribe(mailbox, 1)
        return extension.wait_any([future] * 30)  # more than Python keeps spare tuples for

    assert attempts(operation, equals(0)) > 0
