"""The same events in every event model, and of calls with a policy."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

import fdb
from fdb.testing import faults
from helpers.events import COMMITTED, READ, Events, failed, outcomes
from helpers.waiting import WAIT_SECONDS, installed


@fdb.transactional
def move(tr: fdb.Transaction, source: bytes, target: bytes) -> bytes:
    value = tr[source].value or b""
    tr[target] = value
    del tr[source]
    return value


@pytest.mark.parametrize("event_model", [None, "debug", "gevent"])
def test_models_that_block(memory_name: str, event_model: Any, events: Events) -> None:
    db = fdb.open(memory_name, event_model=installed(event_model))
    with faults(db, rules="slow_read:delay=20ms;not_committed:nth=1"):
        move(db, b"a", b"b")
    assert outcomes(events) == [("attempt", "retried", "not_committed"), *COMMITTED]
    assert events[-1].in_waiting > 0.02
    assert events[-1].keys_read == 2

    @fdb.transactional
    def act(tr: fdb.Transaction) -> None:
        raise KeyError

    with pytest.raises(KeyError):
        act(db)
    assert outcomes(events[-2:]) == failed("KeyError")


def test_asyncio(memory_name: str, events: Events) -> None:
    db = fdb.open(memory_name, event_model="asyncio")

    @fdb.transactional
    async def read_both(tr: fdb.Transaction) -> None:
        await asyncio.gather(_value(tr, b"a"), _value(tr, b"b"))
        tr[b"c"] = b""

    @fdb.transactional
    async def hang(tr: fdb.Transaction) -> None:
        tr[b"d"] = b""
        await asyncio.sleep(WAIT_SECONDS)

    async def main() -> None:
        with faults(db, rules="slow_read:delay=20ms;not_committed:nth=1"):
            await read_both(db)
        assert outcomes(events) == [("attempt", "retried", "not_committed"), *COMMITTED]
        end = events[-1]
        assert end.function.endswith("test_asyncio.<locals>.read_both")
        assert (end.reads, end.keys_read) == (4, 4)
        # What two reads wait for together counts once.
        assert 0.02 < end.in_waiting <= end.elapsed
        await db.set(b"e", b"")
        assert events[-1].function == "AsyncDatabase.set"
        task = asyncio.ensure_future(hang(db))
        await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert outcomes(events[-2:]) == failed("CancelledError")

    asyncio.run(main())


async def _value(tr: fdb.Transaction, key: bytes) -> bytes | None:
    return (await tr[key]).value


def test_calls_with_a_policy(memory_db: fdb.Database, events: Events) -> None:
    @fdb.transactional(retry_limit=5, report_conflicts=True)
    def change(tr: fdb.Transaction) -> None:
        if tr[b"k"].value is None:
            memory_db[b"k"] = b""
        tr[b"other"] = b""

    change(memory_db)
    mine = [event for event in events if event.function.endswith(".change")]
    assert outcomes(mine) == [("attempt", "retried", "not_committed"), *COMMITTED]
    assert mine[0].conflicts == ((b"k", b"k\x00"),)
    events.clear()
    memory_db.run(lambda tr: tr[b"k"].value, read_only=True)
    assert outcomes(events) == READ
    assert events[-1].function.endswith("test_calls_with_a_policy.<locals>.<lambda>")
    assert (events[-1].reads, events[-1].commit_version) == (1, None)
    events.clear()
    kept = memory_db.run(lambda tr: (tr, tr.get_read_version().wait()), read_only=True)
    assert (
        outcomes(events) == READ
    )  # when the call has ended, though the transaction is still there
    del kept
    events.clear()
    with pytest.raises(ZeroDivisionError):
        memory_db.run(lambda tr: 1 // 0, retry_limit=0)
    assert outcomes(events) == failed("ZeroDivisionError")
    events.clear()
    with faults(memory_db, rules="not_committed"), pytest.raises(fdb.FDBError):
        memory_db.run(lambda tr: tr.set(b"k", b""), retry_limit=1)
    assert outcomes(events) == [("attempt", "retried", "not_committed"), *failed("not_committed")]


def test_asynchronous_calls_with_a_policy(memory_name: str, events: Events) -> None:
    db = fdb.open(memory_name, event_model="asyncio")

    async def read(tr: fdb.Transaction) -> bytes | None:
        return (await tr[b"k"]).value

    async def fail(tr: fdb.Transaction) -> None:
        raise KeyError

    async def main() -> None:
        for keywords, wanted in (({"read_only": True}, READ), ({"retry_limit": 1}, COMMITTED)):
            events.clear()
            await db.run(read, **keywords)
            assert outcomes(events) == wanted
            assert events[-1].function.endswith("<locals>.read")
            events.clear()
            with pytest.raises(KeyError):
                await db.run(fail, **keywords)
            assert outcomes(events) == failed("KeyError")

    asyncio.run(main())


def test_loops_and_blocks(memory_db: fdb.Database, events: Events) -> None:
    with faults(memory_db, rules="not_committed:nth=1"):
        for attempt in memory_db.attempts():
            with attempt as tr:
                tr[b"a"] = b""
    assert outcomes(events) == [("attempt", "retried", "not_committed"), *COMMITTED]
    events.clear()
    with memory_db.transaction() as tr:
        tr[b"a"] = b""
    assert outcomes(events) == COMMITTED
    assert events[-1].function.endswith(".test_loops_and_blocks")
    events.clear()
    for attempt in memory_db.attempts(read_only=True):
        with attempt as tr:
            assert tr[b"a"].present()
    with memory_db.transaction(read_only=True) as tr:
        assert tr[b"a"].present()
    assert outcomes(events) == [*READ, *READ]
    events.clear()
    with pytest.raises(KeyError), memory_db.transaction() as tr:
        raise KeyError
    assert outcomes(events) == failed("KeyError")


def test_asynchronous_loops_and_blocks(memory_name: str, events: Events) -> None:
    db = fdb.open(memory_name, event_model="asyncio")

    async def main() -> None:
        async for attempt in db.attempts():
            async with attempt as tr:
                tr[b"a"] = b""
        async with db.transaction() as tr:
            tr[b"b"] = b""
        assert outcomes(events) == [*COMMITTED, *COMMITTED]
        assert {event.function.rpartition(".")[2] for event in events} == {"main"}
        events.clear()
        with pytest.raises(KeyError):
            async for attempt in db.attempts():
                async with attempt as tr:
                    raise KeyError
        assert outcomes(events) == failed("KeyError")

    asyncio.run(main())


def test_scans_only_read(memory_db: fdb.Database, events: Events) -> None:
    memory_db.write_in_batches([(b"a%d" % number, b"") for number in range(5)])
    events.clear()
    assert len(list(memory_db.scan(slice(b"a", b"b")))) == 5
    assert memory_db.count(slice(b"a", b"b")) == 5
    assert {event.outcome for event in events} == {"read"}
    assert events[-1].function == "Database.count"
    assert sum(event.keys_read for event in events if event.kind == "end") == 10
