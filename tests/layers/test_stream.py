"""fdb/layers/_stream.py: an ordered log, its producers, and what its subscribers see of it."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta

import pytest

import fdb
import fdb.testing
from fdb.layers import Appended, StatusEvent, Stream, StreamTrimmedError
from fdb.tuple import Versionstamp

SPACE = fdb.Subspace(("stream",))


@pytest.fixture
def base():
    with fdb.testing.temporary_database() as db:
        yield db


@pytest.fixture
def stream():
    return Stream(SPACE)


def read(events, count):
    """The data of the next events; status events are left out."""
    found = []
    while len(found) < count:
        event = next(events)
        if not isinstance(event, StatusEvent):
            found.append(event.data)
    return found


def test_events_come_in_the_order_of_commits_and_of_appends(base, stream):
    first = stream.append(base, b"1")

    @fdb.transactional
    def several(tr):
        return [stream.append(tr, data) for data in (b"2", b"3", b"4")]

    appended = several(base)
    assert all(isinstance(each, Appended) for each in appended)
    positions = [first, *(each.wait() for each in appended)]
    assert positions == sorted(positions)
    assert len({each.tr_version for each in positions[1:]}) == 1
    assert [each.user_version for each in positions] == [0, 0, 1, 2]
    with stream.subscribe(base) as events:
        given = [next(events) for _ in range(4)]
    assert [event.data for event in given] == [b"1", b"2", b"3", b"4"]
    assert [event.position for event in given] == positions
    assert given[0].version == int.from_bytes(first.tr_version[:8], "big")
    assert sorted(given, key=lambda event: event.cursor) == given


def test_many_batches(base, stream):
    @fdb.transactional
    def fill(tr):
        for number in range(25):
            stream.append(tr, b"%d" % number)

    fill(base)
    with stream.subscribe(base, batch=7) as events:
        assert read(events, 25) == [b"%d" % number for number in range(25)]


def test_a_cursor_goes_on_in_another_object(base, stream):
    for number in range(4):
        stream.append(base, b"%d" % number)
    with stream.subscribe(base) as events:
        second = [next(events), next(events)][1]
        assert events.cursor == second.cursor
    for start in (second.cursor, second.position, second.version):
        with Stream(SPACE).subscribe(base, start) as events:
            assert read(events, 2) == [b"2", b"3"]


def test_from_the_version_that_a_transaction_has_read(base, stream):
    stream.append(base, b"seen")
    version = base.create_transaction().get_read_version().wait()
    stream.append(base, b"new")
    with stream.subscribe(base, version) as events:
        assert read(events, 1) == [b"new"]


def test_latest_begins_with_the_call(base, stream):
    stream.append(base, b"before")
    events = stream.subscribe(base, "latest")
    stream.append(base, b"after")
    assert read(events, 1) == [b"after"]
    events.close()


@pytest.mark.parametrize("start", ["first", "latest"])
def test_an_empty_stream_waits_for_its_first_event(base, stream, start):
    with stream.subscribe(base, start) as events:
        thread = threading.Thread(target=stream.append, args=(base, b"x"))
        thread.start()
        assert read(events, 1) == [b"x"]
        thread.join()


def test_another_thread_closes_it(base, stream):
    events = stream.subscribe(base, status_events=True)
    assert [next(events).status for _ in range(2)] == ["started", "caught_up"]
    threading.Timer(0.02, events.close).start()
    assert list(events) == []
    events.close()


def test_who_has_closed_gets_nothing_more(base, stream):
    stream.append(base, b"1")
    stream.append(base, b"2")
    with stream.subscribe(base) as events:
        next(events)
    assert list(events) == []


def test_two_threads_cannot_take_events_from_one_iterator(base, stream):
    events = stream.subscribe(base, status_events=True)
    assert [next(events).status for _ in range(2)] == ["started", "caught_up"]
    ended = []
    thread = threading.Thread(target=lambda: ended.append(list(events)))
    thread.start()
    while events._request is None:  # until it waits
        pass
    with pytest.raises(RuntimeError, match="waits for the next event already"):
        next(events)
    events.close()
    thread.join()
    assert ended == [[]]


# ---- what bad input gets ----


def nothing_is_written(base):
    return base.get_range_startswith(SPACE.key()) == []


@pytest.mark.parametrize(
    ("data", "error", "named"),
    [
        ("text", TypeError, "not str"),
        (None, TypeError, "NoneType"),
        (bytes(99_993), ValueError, "99992"),
    ],
)
def test_wrong_data(base, stream, data, error, named):
    with pytest.raises(error, match=named):
        stream.append(base, data)
    assert nothing_is_written(base)


def test_the_largest_event(base, stream):
    data = bytes(99_992)
    stream.append(base, data)
    with stream.subscribe(base) as events:
        assert read(events, 1) == [data]


def test_too_many_appends_in_one_transaction(base, stream, monkeypatch):
    monkeypatch.setattr("fdb.layers._stream_log.MOST_APPENDS", 2)

    @fdb.transactional
    def several(tr):
        for _ in range(3):
            stream.append(tr, b"x")

    with pytest.raises(ValueError, match="at most 2 events"):
        several(base)
    assert nothing_is_written(base)


@pytest.mark.parametrize(
    ("start", "error"),
    [
        ("middle", ValueError),
        (-1, ValueError),
        (1 << 63, ValueError),
        (1.5, TypeError),
        (True, TypeError),
        (None, TypeError),
        (b"no cursor", ValueError),
        (Versionstamp(), ValueError),
    ],
)
def test_wrong_starts(base, stream, start, error):
    for call in (stream.subscribe, lambda *given: stream.consume(given[0], "group", given[1])):
        with pytest.raises(error):
            call(base, start)
    with pytest.raises(error):
        stream.seek(base, "group", start)
    assert nothing_is_written(base)


@pytest.mark.parametrize(
    ("keyword", "value", "error"),
    [
        ("max_attempts", 0, ValueError),
        ("max_attempts", 1.5, TypeError),
        ("max_backoff", 0, ValueError),
        ("max_backoff", -1, ValueError),
        ("max_backoff", float("inf"), ValueError),
        ("max_backoff", "1", TypeError),
        ("max_backoff", timedelta(0), ValueError),
        ("batch", 0, ValueError),
        ("lease_time", 0, ValueError),
        ("unknown", 1, TypeError),
    ],
)
def test_wrong_keywords(base, stream, keyword, value, error):
    with pytest.raises(error, match=keyword):
        stream.consume(base, "group", **{keyword: value})
    if keyword != "lease_time":
        with pytest.raises(error, match=keyword):
            stream.subscribe(base, **{keyword: value})
    assert nothing_is_written(base)


def test_what_cannot_be_followed(base, stream):
    with pytest.raises(TypeError, match="give a database"):
        stream.subscribe(base.create_transaction())
    with pytest.raises(TypeError, match="the name of a group"):
        stream.consume(base, b"group")
    with pytest.raises(TypeError, match="watch.. belongs into the transaction .* not Database"):
        stream.watch(base)
    with pytest.raises(TypeError, match="belongs into the transaction"):
        stream.take(base, "group")
    with pytest.raises(TypeError, match="must be a Subspace"):
        Stream("name")
    with pytest.raises(TypeError, match="snapshot"):
        stream.append(base.create_transaction().snapshot, b"x")
    assert nothing_is_written(base)


def test_a_cursor_of_another_stream_is_refused(base, stream):
    other = Stream(fdb.Subspace(("other",)))
    other.append(base, b"x")
    with other.subscribe(base) as events:
        cursor = next(events).cursor
    damaged = cursor[:20] + bytes([cursor[20] ^ 1]) + cursor[21:]
    for wrong, at in ((cursor, stream), (damaged, other), (cursor[:-1], other)):
        for call in (
            lambda at=at, wrong=wrong: at.subscribe(base, wrong),
            lambda at=at, wrong=wrong: at.consume(base, "group", wrong),
            lambda at=at, wrong=wrong: at.trim(base, wrong),
            lambda at=at, wrong=wrong: at.seek(base, "group", wrong),
        ):
            with pytest.raises(ValueError, match="is no cursor of the stream at"):
                call()
    assert nothing_is_written(base)


def test_a_cursor_of_the_same_place_in_another_database_is_refused(base, stream):
    stream.append(base, b"x")
    with stream.subscribe(base) as events:
        cursor = next(events).cursor
    with fdb.testing.temporary_database() as elsewhere:
        stream.append(elsewhere, b"y")
        for call in (
            lambda: stream.subscribe(elsewhere, cursor),
            lambda: stream.trim(elsewhere, cursor),
            lambda: stream.seek(elsewhere, "group", cursor),
        ):
            with pytest.raises(ValueError, match="of another database"):
                call()
        with stream.subscribe(elsewhere) as events:
            assert read(events, 1) == [b"y"]


# ---- trimming ----


def test_trimming_through_a_position(base, stream):
    positions = [stream.append(base, b"%d" % number) for number in range(5)]
    with stream.subscribe(base) as events:
        first = next(events)
        stream.trim(base, positions[1])
        with pytest.raises(StreamTrimmedError, match="were to be delivered") as caught:
            # A batch was read before.
            while True:
                next(stream.subscribe(base, first.cursor))
    with stream.subscribe(base, caught.value.cursor) as events:
        assert read(events, 3) == [b"2", b"3", b"4"]
    with stream.subscribe(base) as events:
        assert read(events, 3) == [b"2", b"3", b"4"]


def test_who_waits_where_it_was_trimmed_has_missed_nothing(base, stream):
    for number in range(3):
        last = stream.append(base, b"%d" % number)
    with stream.subscribe(base) as events:
        assert read(events, 3) == [b"0", b"1", b"2"]
        stream.trim(base, last)
        stream.trim(base, 2**62)
        stream.append(base, b"next")
        assert read(events, 1) == [b"next"]


def test_a_subscriber_that_falls_behind_while_it_runs_is_told(base, stream):
    for number in range(5):
        last = stream.append(base, b"%d" % number)
    with stream.subscribe(base, batch=1) as events:
        next(events)
        stream.trim(base, last)
        with pytest.raises(StreamTrimmedError):
            next(events)


def test_trimming_by_age(base, stream, monkeypatch):
    moments = iter(range(1_000_000_000, 11_000_000_000, 1_000_000_000))
    monkeypatch.setattr("fdb.layers._stream_log.now", lambda: next(moments))
    for number in range(10):
        stream.append(base, b"%d" % number)
    monkeypatch.setattr("fdb.layers._stream.now", lambda: 10_000_000_000)
    stream.trim(base, older_than=timedelta(hours=3))
    with stream.subscribe(base) as events:
        assert read(events, 10) == [b"%d" % number for number in range(10)]
    for seconds, left in ((4000, 5), (3999, 6), (3500, 6), (10, 9)):
        stream.trim(base, older_than=seconds)
        with stream.subscribe(base) as events:
            assert next(events).data == b"%d" % left, seconds
    stream.trim(base, older_than=timedelta(microseconds=1))
    monkeypatch.setattr("fdb.layers._stream.now", lambda: 20_000_000_000)
    stream.trim(base, older_than=1)
    assert base.get_range(stream._log.events, stream._log.end) == []
    stream.trim(base, older_than=1)


@pytest.mark.parametrize("age", [0, -1, timedelta(seconds=-1), float("nan"), float("inf")])
def test_wrong_ages(base, stream, age):
    stream.append(base, b"x")
    with pytest.raises(ValueError, match="older_than"):
        stream.trim(base, older_than=age)
    with pytest.raises(TypeError, match="either"):
        stream.trim(base)
    with pytest.raises(TypeError, match="either"):
        stream.trim(base, 1, older_than=1)
    with stream.subscribe(base) as events:
        assert read(events, 1) == [b"x"]


def test_a_stream_that_is_removed_tells_its_subscribers(base, stream):
    stream.append(base, b"1")
    with stream.subscribe(base, batch=1) as events:
        cursor = next(events).cursor
        base.clear_range_startswith(SPACE.key())
        stream.append(base, b"2")
        with pytest.raises(StreamTrimmedError, match="was removed"):
            next(events)
    with pytest.raises(ValueError, match="one that was removed"):
        stream.subscribe(base, cursor)


# ---- asyncio ----


def test_in_a_loop(async_db, stream):
    db = async_db

    async def main():
        first = await stream.append(db, b"1")

        @fdb.transactional
        async def second(tr):
            return await stream.append(tr, b"2")

        position = await (await second(db))
        assert first < position
        async with stream.subscribe(db, status_events=True) as events:
            seen = [await events.__anext__() for _ in range(4)]
            assert [each.data for each in seen[1:3]] == [b"1", b"2"]
            assert (seen[0].status, seen[3].status) == ("started", "caught_up")
            assert seen[3].version >= seen[2].version
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(events.__anext__(), 0.01)
            await stream.append(db, b"3")
            assert (await events.__anext__()).data == b"3"
            cursor = events.cursor
        async with stream.subscribe(db, "latest") as latest, stream.subscribe(db, cursor) as later:
            await stream.append(db, b"4")
            assert (await latest.__anext__()).data == b"4"
            assert (await later.__anext__()).data == b"4"
            closing = asyncio.get_running_loop().call_later(0.01, latest.close)
            assert [each async for each in latest] == []
            closing.cancel()
            thread = threading.Timer(0.01, later.close)
            thread.start()
            assert [each async for each in later] == []
        await stream.trim(db, position)
        with pytest.raises(StreamTrimmedError):
            await stream.subscribe(db, first).__anext__()
        unused = stream.subscribe(db)
        await unused.aclose()
        assert [each async for each in unused] == []

    asyncio.run(main())


def test_in_tenants_and_directories(base):
    streams = [Stream(fdb.directory.create_or_open(base, ("app", name))) for name in ("a", "b")]
    fdb.tenant_management.create_tenant(base, b"one")
    fdb.tenant_management.create_tenant(base, b"two")
    one, two = base.open_tenant(b"one"), base.open_tenant(b"two")
    places = [(base, streams[0]), (base, streams[1]), (one, Stream(SPACE)), (two, Stream(SPACE))]
    cursors = []
    for number, (source, stream) in enumerate(places):
        stream.append(source, b"%d" % number)
        with stream.subscribe(source) as events:
            event = next(events)
            assert event.data == b"%d" % number
            cursors.append(event.cursor)
    with pytest.raises(ValueError, match="of another database or tenant"):
        Stream(SPACE).subscribe(two, cursors[2])


def test_a_database_that_is_closed_says_so(stream):
    with fdb.open(fdb.embedded.unique()) as db:
        events = stream.subscribe(db)
    with pytest.raises(RuntimeError, match="closed"):
        next(events)
