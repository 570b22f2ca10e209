"""fdb/layers/_following.py: trouble of the cluster, waits that are interrupted, and nothing done while nothing happens."""

from __future__ import annotations

import asyncio
import threading

import pytest

import fdb
import fdb.testing
from fdb.layers import StatusEvent, Stream, _following

SPACE = fdb.Subspace(("stream",))


@pytest.fixture
def base():
    with fdb.testing.temporary_database() as db:
        yield db


@pytest.fixture
def stream():
    return Stream(SPACE)


def until(events, data):
    """All that comes before an event with these data."""
    found = []
    for event in events:
        if not isinstance(event, StatusEvent) and event.data == data:
            return found
        found.append(event)
    raise AssertionError("it has ended")


def next_told(events, fault, count):
    told = [next(events) for _ in range(count + 1)]
    assert [event.status for event in told] == [*["retrying"] * count, "recovered"]
    assert [event.attempt for event in told[:-1]] == list(range(1, count + 1))
    assert all(0 < event.delay <= 0.005 for event in told[:-1])
    assert {event.error.name for event in told[:-1]} == {fault}


def test_trouble_is_told_of_and_passes(base, stream):
    with fdb.testing.faults(base) as faults:
        faults.add("commit_unknown_result", times=3, effect="lost")  # of the first who writes
        events = stream.subscribe(base, status_events=True, max_backoff=0.005)
        next_told(events, "commit_unknown_result", 3)
        assert next(events).status == "started"
        faults.clear()
        stream.append(base, b"1")
        for fault, where, count in (
            ("process_behind", {"at": "version"}, 3),
            ("future_version", {}, 1),
        ):
            faults.add(fault, times=count, **where)
            next_told(events, fault, count)
            if fault == "process_behind":
                assert next(events).data == b"1"
        assert next(events).status == "caught_up"
    events.close()


def test_attempts_are_counted_and_end(base, stream):
    events = stream.subscribe(base, status_events=True, max_attempts=3, max_backoff=0.001)
    assert next(events).status == "started"
    with fdb.testing.faults(base) as faults:
        faults.add("process_behind", at="version")
        attempts = [next(events).attempt for _ in range(2)]
        with pytest.raises(fdb.FDBError, match="given up after 3 failed attempts") as caught:
            next(events)
    assert attempts == [1, 2]
    assert caught.value.code == fdb.ErrorCode.process_behind
    assert list(events) == []
    with fdb.testing.faults(base) as faults:
        faults.add("process_behind", at="version")
        with pytest.raises(fdb.FDBError, match="given up after 1 failed"):
            stream.subscribe(base, max_attempts=1)


def test_what_does_not_pass_is_raised_at_once(base, stream, monkeypatch):
    events = stream.subscribe(base)

    def broken(tr):
        raise fdb.FDBError(fdb.ErrorCode.client_invalid_operation)
        yield

    monkeypatch.setattr(events._follower, "_look", broken)
    with pytest.raises(fdb.FDBError) as caught:
        next(events)
    assert caught.value.code == fdb.ErrorCode.client_invalid_operation


def test_no_answer_is_trouble(base, stream, monkeypatch):
    monkeypatch.setattr(_following, "ANSWER_SECONDS", 0.01)
    fdb.embedded.set_latency(base, 30, 60)
    try:
        with pytest.raises(fdb.FDBError, match="no answer within") as caught:
            stream.subscribe(base, max_attempts=2)
        assert caught.value.code == fdb.ErrorCode.transaction_timed_out
    finally:
        fdb.embedded.set_latency(base, None)


def test_closing_does_not_wait_for_an_answer(base, stream):
    events = stream.subscribe(base, status_events=True)
    assert next(events).status == "started"
    fdb.embedded.set_latency(base, 30, 60)
    try:
        threading.Timer(0.02, events.close).start()
        assert list(events) == []
    finally:
        fdb.embedded.set_latency(base, None)


def test_nothing_is_done_while_nothing_happens(base, stream):
    events = stream.subscribe(base, status_events=True)
    consumer = stream.consume(base, "group", status_events=True)
    for each in (events, consumer):
        assert [next(each).status for _ in range(2)] == ["started", "caught_up"]
    with fdb.testing.record(base) as log:
        threads = [threading.Thread(target=list, args=(each,)) for each in (events, consumer)]
        for thread in threads:
            thread.start()
        threads[0].join(0.3)
        assert len(log) == 0
    for each in (events, consumer):
        each.close()
    for thread in threads:
        thread.join()


def test_an_append_between_the_look_and_the_watch_is_seen(base, stream, monkeypatch):
    events = stream.subscribe(base, status_events=True)
    assert next(events).status == "started"
    look = events._follower._look

    def look_and_append(tr):
        found = yield from look(tr)
        monkeypatch.setattr(events._follower, "_look", look)
        stream.append(base, b"between")
        return found

    monkeypatch.setattr(events._follower, "_look", look_and_append)
    assert [event.status for event in until(events, b"between")] == ["caught_up"]
    events.close()


@pytest.mark.parametrize("fault", ["watch_delayed", "watch_lost"])
def test_a_watch_that_does_not_hear_in_time(base, stream, fault):
    with fdb.testing.faults(base) as faults:
        faults.add(fault, delay=0.01)
        with stream.subscribe(base) as events:
            for number in range(3):
                threading.Timer(0.005, stream.append, (base, b"%d" % number)).start()
                assert next(events).data == b"%d" % number


def test_a_watch_that_never_hears_is_renewed(base, stream, monkeypatch):
    monkeypatch.setattr("fdb.layers._stream_followers.WATCH_SECONDS", 0.01)
    watch = fdb.Transaction.watch
    monkeypatch.setattr(fdb.Transaction, "watch", lambda tr, key: watch(tr, b"another key"))
    with stream.subscribe(base) as events:
        threading.Timer(0.02, stream.append, (base, b"x")).start()
        assert next(events).data == b"x"


def test_a_watch_that_fails_is_renewed_with_back_off(base, stream, monkeypatch):
    made = []

    def failing(tr, key):
        made.append(key)
        if len(made) <= 3:
            other = base.create_transaction()
            found = watch(other, key)
            other.reset()  # which fails it
            return found
        if len(made) == 4:
            threading.Thread(target=stream.append, args=(base, b"x")).start()
        return watch(tr, key)

    watch = fdb.Transaction.watch
    monkeypatch.setattr(fdb.Transaction, "watch", failing)
    with stream.subscribe(base, status_events=True, max_backoff=0.01) as events:
        told = until(events, b"x")
    assert [event.attempt for event in told if event.status == "retrying"] == [1, 2, 3]
    assert [event.status for event in told if event.status != "retrying"] == [
        "started",
        "caught_up",
        "recovered",
    ]


def test_a_wait_that_is_interrupted_goes_on(base, stream):
    events = stream.subscribe(base)
    raised: list[bool] = []

    class Interrupted(BaseException):
        """As KeyboardInterrupt."""

    original = _following.WaitFor.block

    def block(self, model):
        if not raised:
            raised.append(True)
            raise Interrupted
        return original(self, model)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_following.WaitFor, "block", block)
        with pytest.raises(Interrupted):
            next(events)
        stream.append(base, b"x")
        assert next(events).data == b"x"
    events.close()


def test_tasks_that_are_cancelled_lose_nothing(async_db, stream):
    async def main():
        async with stream.subscribe(async_db) as events:
            for number in range(20):
                task = asyncio.ensure_future(events.__anext__())
                for _ in range(number % 5):
                    await asyncio.sleep(0)
                appending = asyncio.ensure_future(stream.append(async_db, b"%d" % number))
                for _ in range(number % 7):
                    await asyncio.sleep(0)
                task.cancel()
                try:
                    found = await task
                except asyncio.CancelledError:
                    await appending
                    found = await events.__anext__()
                await appending
                assert found.data == b"%d" % number
            with pytest.raises(RuntimeError, match="waits for the next event already"):
                await asyncio.gather(events.__anext__(), events.__anext__())
            events.close()

    asyncio.run(main())


def test_in_greenlets(stream):
    gevent = pytest.importorskip("gevent")
    db = fdb.open(fdb.embedded.unique(), event_model="gevent")
    events = stream.subscribe(db, status_events=True)
    taking = gevent.spawn(list, events)
    gevent.sleep(0)
    stream.append(db, b"x")
    while not taking.ready():
        gevent.sleep(0.01)
        if events.cursor[17:29] != bytes(12):
            events.close()
    assert b"x" in [getattr(event, "data", None) for event in taking.get()]
