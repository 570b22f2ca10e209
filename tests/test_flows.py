"""fdb/_flows.py: programs of several transactions in each event model, as functions and as iterators."""

from __future__ import annotations

import asyncio

import pytest

import fdb
from fdb import _flows
from fdb._flows import Await, Give, Sleep, Transact, WaitFor


def write_and_read(source, prefix):
    """Writes in a first transaction, reads in a second one, and returns what was read in three ways."""

    def write(tr):
        tr[prefix + b"a"] = b"1"
        return (yield tr.get(prefix + b"missing"))

    missing = yield Transact(source, write)
    tr = source.create_transaction()
    value = yield Await(tr.get(prefix + b"a"))
    rows = yield Await(tr.get_range_startswith(prefix))
    page = yield Await(tr.get_range_page(prefix, prefix + b"\xff"))
    yield Await(tr.commit())
    yield Sleep(0.001)
    return missing, value, len(rows), page[1:]


EXPECTED = (None, b"1", 1, (1, False))


def test_a_flow_runs_to_its_end(db, test_prefix):
    assert _flows.run(db, write_and_read(db, test_prefix)) == EXPECTED


def test_a_flow_runs_in_a_loop(async_db, test_prefix):
    assert asyncio.run(_flows.run(async_db, write_and_read(async_db, test_prefix))) == EXPECTED


def test_errors_are_raised_where_the_request_was_made(db, async_db):
    def flow(source):
        try:
            yield Await(source.create_transaction().on_error(2000))
        except fdb.FDBError as error:
            first = error.code
        yield Await(source.create_transaction().on_error(first + 1))

    with pytest.raises(fdb.FDBError) as caught:
        _flows.run(db, flow(db))
    assert caught.value.code == 2001
    with pytest.raises(fdb.FDBError) as caught:
        asyncio.run(_flows.run(async_db, flow(async_db)))
    assert caught.value.code == 2001


def wait_for_watches(source, prefix):
    """Waits for one of two watches, first in vain and then for the second, which another transaction touches."""

    def watch(tr):
        return tr.watch(prefix + b"1"), tr.watch(prefix + b"2")
        yield

    def touch(tr):
        tr[prefix + b"2"] = b"x"
        return
        yield

    watches = yield Transact(source, watch)
    answers = [(yield WaitFor(watches, 0.01))]
    yield Transact(source, touch)
    answers.append((yield WaitFor(watches, 30)))
    answers.append((yield WaitFor(watches)) if not isinstance(source, fdb.AsyncDatabase) else 1)
    for each in watches:
        each.cancel()
    return answers


def test_waiting_ends_with_the_time_or_a_future(db, async_db, test_prefix):
    assert _flows.run(db, wait_for_watches(db, test_prefix)) == [None, 1, 1]
    flow = wait_for_watches(async_db, test_prefix + b"async")
    assert asyncio.run(_flows.run(async_db, flow)) == [None, 1, 1]


def test_gevent_waits_and_sleeps_in_greenlets(test_prefix):
    gevent = pytest.importorskip("gevent")
    db = fdb.open(fdb.embedded.unique(), event_model="gevent")
    turns = []
    other = gevent.spawn(lambda: [turns.append(gevent.sleep(0)) for _ in range(3)])
    assert _flows.run(db, wait_for_watches(db, test_prefix)) == [None, 1, 1]
    assert len(turns) == 3, "the other greenlet has run meanwhile"
    other.join()


def numbers(source, prefix, closed):
    try:
        for number in range(3):
            yield Await(source.create_transaction().get(prefix))
            yield Give(number)
    finally:
        closed.append(True)


def test_items_are_given_one_by_one(db, test_prefix):
    closed: list[bool] = []
    with _flows.iterate(db, numbers(db, test_prefix, closed)) as items:
        assert list(items) == [0, 1, 2]
    with _flows.iterate(db, numbers(db, test_prefix, closed)) as items:
        assert next(items) == 0
    assert len(closed) == 2
    with pytest.raises(StopIteration):
        next(items)


def test_items_are_given_in_a_loop(async_db, test_prefix):
    closed: list[bool] = []

    async def main():
        async with _flows.iterate(async_db, numbers(async_db, test_prefix, closed)) as items:
            assert [each async for each in items] == [0, 1, 2]
        async with _flows.iterate(async_db, numbers(async_db, test_prefix, closed)) as items:
            assert await anext(items) == 0
        with pytest.raises(StopAsyncIteration):
            await anext(items)

    asyncio.run(main())
    assert len(closed) == 2


def test_a_cancelled_task_ends_its_flow(async_db):
    closed: list[bool] = []

    def flow():
        try:
            yield Sleep(100)
        finally:
            closed.append(True)

    async def main():
        task = asyncio.ensure_future(_flows.run(async_db, flow()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert closed == [True]


def test_an_item_needs_an_iterator(db):
    def flow():
        yield Give(1)

    with pytest.raises(RuntimeError, match="nobody iterates"):
        _flows.run(db, flow())
