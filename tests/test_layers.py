"""fdb/_layers.py: running the operations of the data layers in each event model."""

from __future__ import annotations

import asyncio
import threading

import pytest

import fdb
from fdb._layers import is_asynchronous, run


@pytest.fixture
def read_and_write(test_prefix):
    """Steps that read one value and a range, write, and return what they were sent."""

    def start(tr):
        missing = yield tr.get(test_prefix + b"missing")
        tr.set(test_prefix + b"a", b"1")
        value = yield tr.get(test_prefix + b"a")
        rows = yield tr.get_range_startswith(test_prefix)
        version = yield tr.get_read_version()
        assert type(version) is int
        return missing, value, [tuple(row) for row in rows]

    return start


def test_steps_are_sent_bytes_none_and_lists(db, test_prefix, read_and_write):
    expected = (None, b"1", [(test_prefix + b"a", b"1")])
    assert run(db, read_and_write) == expected
    assert db[test_prefix + b"a"] == b"1"
    tr = db.create_transaction()
    assert run(tr, read_and_write) == expected


def test_in_asyncio(db, async_db, test_prefix, read_and_write):
    expected = (None, b"1", [(test_prefix + b"a", b"1")])

    async def main():
        assert await run(async_db, read_and_write) == expected
        tr = async_db.create_transaction()
        assert await run(tr, read_and_write) == expected

    asyncio.run(main())
    assert db[test_prefix + b"a"] == b"1"
    assert run(async_db.create_transaction(), read_and_write) == expected


def test_what_is_asynchronous(db, async_db):
    assert not is_asynchronous(db)
    assert not is_asynchronous(db.create_transaction())
    assert not is_asynchronous(db.open_tenant(b"tenant"))
    assert is_asynchronous(async_db)
    assert is_asynchronous(async_db.open_tenant(b"tenant"))
    assert not is_asynchronous(async_db.create_transaction())

    async def main():
        assert is_asynchronous(async_db.create_transaction())
        assert is_asynchronous(async_db.create_transaction().snapshot)
        assert not is_asynchronous(db.create_transaction())

    asyncio.run(main())


def test_an_error_retries_the_steps(db, test_prefix):
    attempts = []

    def start(tr):
        attempts.append((yield tr.get(test_prefix)))
        if len(attempts) < 3:
            raise fdb.FDBError(1020)
        return "done"

    assert run(db, start) == "done"
    assert len(attempts) == 3


@pytest.fixture
def counting(test_prefix):
    """Steps that count, after each read, how many operations are under way; and the list of the counts."""
    inside = []
    overlaps = []

    def start(tr):
        inside.append(None)
        for _ in range(20):
            yield tr.get(test_prefix)
            overlaps.append(len(inside))
        inside.pop()

    return start, overlaps


def test_threads_take_turns_on_a_transaction(db, counting):
    start, overlaps = counting
    tr = db.create_transaction()
    threads = [threading.Thread(target=run, args=(tr, start)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert overlaps == [1] * 120


def test_tasks_take_turns_on_a_transaction(async_db, counting):
    start, overlaps = counting

    async def main():
        tr = async_db.create_transaction()
        await asyncio.gather(*(run(tr, start) for _ in range(6)))

    asyncio.run(main())
    assert overlaps == [1] * 120


def test_the_turn_ends_with_an_error(db, test_prefix):
    tr = db.create_transaction()

    def failing(tr):
        yield tr.get(test_prefix)
        raise LookupError

    def working(tr):
        return (yield tr.get(test_prefix))

    for _ in range(2):
        with pytest.raises(LookupError):
            run(tr, failing)
    assert run(tr, working) is None


def test_an_operation_within_another_is_refused(db, test_prefix):
    """It could only wait for itself."""
    tr = db.create_transaction()

    def inner(tr):
        return (yield tr.get(test_prefix))

    def outer(tr):
        yield tr.get(test_prefix)
        return run(tr, inner)

    with pytest.raises(RuntimeError, match="begun within another"):
        run(tr, outer)
    assert run(tr, inner) is None
