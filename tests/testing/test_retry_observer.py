"""What is noticed of one run."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import fdb
from fdb.testing._kept import Kept
from fdb.testing._retry_observer import Endless, Leak, Observer
from fdb.testing._tracing import trace


def leaks_of(db: fdb.Database, function: Any) -> list[Leak]:
    observer = Observer(None, 0)
    kept = Kept(function, (db,), {}, ())
    with trace(db, observer):
        result = function(db)
    observer.look_for_leaks(result, kept)
    return observer.leaks


def test_a_value_that_is_returned_unused(memory_db: fdb.Database) -> None:
    @fdb.transactional
    def leaking(tr: fdb.Transaction) -> Any:
        return [tr[b"k"], tr.get_key(fdb.KeySelector.first_greater_than(b"k"))]

    @fdb.transactional
    def tight(tr: fdb.Transaction) -> Any:
        value, key = tr[b"k"], tr.get_key(fdb.KeySelector.first_greater_than(b"k"))
        return [value.wait(), key] if key == b"\xff" else None

    leaks = leaks_of(memory_db, leaking)
    assert [leak.kind for leak in leaks] == ["leak", "leak"]
    assert "the result holds a read" in leaks[0].text
    assert leaks_of(memory_db, tight) == []


def test_a_value_that_is_used_after_the_transaction(memory_db: fdb.Database) -> None:
    @fdb.transactional
    def leaking(tr: fdb.Transaction) -> Any:
        return tr[b"k"]

    (leak,) = leaks_of(memory_db, lambda db: leaking(db).value)
    assert "used only after the transaction" in leak.text
    assert leak.operation is not None and leak.operation.name == "get"


def test_a_range_in_a_variable(memory_db: fdb.Database) -> None:
    found: list[Any] = []

    @fdb.transactional
    def leaking(tr: fdb.Transaction) -> None:
        found.append(tr[b"a":b"b"])

    (leak,) = leaks_of(memory_db, leaking)
    assert leak.text.startswith("the variable found (the closure of leaking()) holds a range")


def test_what_is_not_a_leak(memory_db: fdb.Database) -> None:
    @fdb.transactional
    def function(tr: fdb.Transaction) -> Any:
        tr[b"ahead"]  # for its conflict
        for row in tr.get_range(b"", b"\xff", streaming_mode=fdb.StreamingMode.small):
            tr[row.key] = b"2"
            break
        return tr.watch(b"k"), tr.get_versionstamp()

    for number in range(500):
        memory_db[b"%d" % number] = bytes(100)
    assert leaks_of(memory_db, function) == []


def test_a_read_that_nobody_awaited(async_memory_db: fdb.AsyncDatabase) -> None:
    @fdb.transactional
    async def forgetful(tr: fdb.Transaction) -> None:
        value = tr[b"k"]
        await tr[b"l"]
        del value

    observer = Observer(None, 0)

    async def main() -> None:
        with trace(async_memory_db, observer):
            await forgetful(async_memory_db)

    asyncio.run(main())
    observer.look_for_leaks(None, Kept(forgetful, (), {}, ()))
    assert [(leak.kind, leak.text) for leak in observer.leaks] == [
        ("not awaited", "the read was never awaited")
    ]


def test_stamps_are_noticed(memory_db: fdb.Database) -> None:
    for act, expected in (
        (lambda tr: tr.set_versionstamped_value(b"k", bytes(14)), True),
        (lambda tr: tr.get_versionstamp(), True),
        (lambda tr: tr.add(b"k", b"1"), False),
    ):
        observer = Observer(None, 0)
        with trace(memory_db, observer):
            tr = memory_db.create_transaction()
            act(tr)
            tr.set(b"other", b"")
            tr.commit().wait()
        assert observer.has_stamps == expected


def test_too_many_calls(memory_db: fdb.Database) -> None:
    observer = Observer(None, 10)
    with trace(memory_db, observer), pytest.raises(Endless):
        while True:
            assert memory_db[b"k"] is None
    assert len(observer.points) == 11
