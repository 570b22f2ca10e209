"""fdb/_waiting/timed.py: waiting that ends with the time, in each event model."""

from __future__ import annotations

import asyncio
import threading

import pytest

import fdb
from fdb._waiting import timed
from fdb._waiting.threads import model_of

LONG = 60


def watches(db, prefix):
    tr = db.create_transaction()
    made = [tr.watch(prefix + name) for name in (b"1", b"2")]
    tr.commit().wait()
    return made


@pytest.mark.parametrize("event_model", [None, "debug", "gevent"])
def test_the_time_or_a_future_ends_it(event_model, test_prefix):
    if event_model == "gevent":
        pytest.importorskip("gevent")
    db = fdb.open(fdb.embedded.unique(), event_model=event_model)
    first, second = watches(db, test_prefix)
    model = model_of(first)
    assert timed.wait_any(model, (first, second), 0.001) is None
    timed.sleep(model, 0.001)
    db[test_prefix + b"2"] = b"x"
    assert timed.wait_any(model, (first, second), LONG) == 1
    assert timed.wait_any(model, (first, second), None) == 1
    first.cancel()
    assert timed.wait_any(model, (first, second), LONG) == 0


def test_another_thread_ends_it(test_prefix):
    db = fdb.open(fdb.embedded.unique())
    first, second = watches(db, test_prefix)
    thread = threading.Thread(target=lambda: db.set(test_prefix + b"1", b"x"))
    thread.start()
    assert timed.wait_any(model_of(first), (first, second), LONG) == 0
    thread.join()
    second.cancel()


def test_in_a_loop(test_prefix):
    db = fdb.open(fdb.embedded.unique(), event_model="asyncio")

    async def main():
        first = await db.set_and_watch(test_prefix, b"1")
        assert await timed.wait_any_in_loop([first], 0.001) is None
        await timed.sleep_in_loop(0)
        setter = asyncio.ensure_future(db.set(test_prefix, b"2"))
        assert await timed.wait_any_in_loop([first], None) == 0
        await setter
        assert await timed.wait_any_in_loop([first], LONG) == 0

    asyncio.run(main())


@pytest.mark.parametrize("event_model", [None, "gevent"])
def test_a_bell_ends_it_from_another_thread_or_greenlet(event_model, test_prefix):
    if event_model == "gevent":
        pytest.importorskip("gevent")
    db = fdb.open(fdb.embedded.unique(), event_model=event_model)
    bell = timed.Bell()
    first, second = watches(db, test_prefix)
    if event_model == "gevent":
        import gevent

        ringer = gevent.spawn(bell.ring)
    else:
        ringer = threading.Thread(target=bell.ring)
        ringer.start()
    for seconds in (None, LONG):
        assert timed.wait_any(model_of(first), (first, second), seconds, bell) is None
    ringer.join()
    assert bell.rung
    assert timed.wait_any(model_of(first), (), None, bell) is None
    db[test_prefix + b"2"] = b"x"
    assert timed.wait_any(model_of(first), (first, second), LONG, timed.Bell()) == 1


def test_a_bell_ends_it_in_a_loop(test_prefix):
    db = fdb.open(fdb.embedded.unique(), event_model="asyncio")

    async def main():
        first = await db.set_and_watch(test_prefix, b"1")
        bell = timed.Bell()
        ringer = threading.Thread(target=bell.ring)
        ringer.start()
        assert await timed.wait_any_in_loop([first], None, bell) is None
        assert await timed.wait_any_in_loop([], LONG, bell) is None
        ringer.join()
        first.cancel()

    asyncio.run(main())


@pytest.mark.parametrize("turns", range(5))
def test_a_cancellation_is_not_lost(turns):
    async def main():
        bell = timed.Bell()
        task = asyncio.ensure_future(timed.wait_any_in_loop((), LONG, bell))
        for _ in range(3):
            await asyncio.sleep(0)
        bell.ring()
        for _ in range(turns):
            await asyncio.sleep(0)
        if task.cancel():
            with pytest.raises(asyncio.CancelledError):
                await task
        else:
            assert await task is None

    asyncio.run(main())
