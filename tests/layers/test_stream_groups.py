"""fdb/layers/_stream_groups.py: events taken for groups, in the transaction that handles them or with a claim."""

from __future__ import annotations

import asyncio
import threading

import pytest

import fdb
import fdb.testing
from fdb._layers import run
from fdb.layers import Stream, StreamTrimmedError
from fdb.layers._stream_groups import Abandoned, Claim, Group

SPACE = fdb.Subspace(("stream",))
COUNT = 30


@pytest.fixture
def base():
    with fdb.testing.temporary_database() as db:
        yield db


@pytest.fixture
def stream(base):
    made = Stream(SPACE)

    @fdb.transactional
    def fill(tr):
        for number in range(COUNT):
            made.append(tr, b"%d" % number)

    fill(base)
    return made


EXPECTED = [b"%d" % number for number in range(COUNT)]


def taker(stream, most=4):
    """A transactional function that moves events into a list in the database, each with a number of its own."""

    @fdb.transactional
    def take(tr):
        last = tr.get_key(fdb.KeySelector.last_less_than(b"done0"))
        number = int(last[5:]) if last.startswith(b"done/") else 0
        events = stream.take(tr, "group", most)
        for event in events:
            number += 1
            tr[b"done/%06d" % number] = event.data
        return len(events)

    return take


def done(base):
    return [row.value for row in base.get_range_startswith(b"done/")]


def test_what_is_taken_in_a_transaction_is_handled_once_and_in_order(base, stream):
    take = taker(stream)
    for seed in range(3):
        with fdb.testing.faults(base, seed=seed) as faults:
            faults.add("commit_unknown_result", probability=0.4)
            faults.add("not_committed", probability=0.2)
            take(base)

    def work():
        while take(base):
            pass

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done(base) == EXPECTED


def test_groups_have_positions_of_their_own(base, stream):
    @fdb.transactional
    def take(tr, group, start="first"):
        return [event.data for event in stream.take(tr, group, 2, start)]

    assert take(base, "one") == [b"0", b"1"]
    assert take(base, "one", "latest") == [b"2", b"3"], "the group has a position"
    assert take(base, "two", "latest") == []
    assert take(base, "three") == [b"0", b"1"]
    groups = stream.groups(base)
    assert groups.keys() == {"one", "two", "three"}
    assert min(groups.values()) == groups["three"] < groups["one"] < groups["two"]
    stream.trim(base, min(groups.values()))
    assert take(base, "three") == [b"2", b"3"]
    stream.remove_group(base, "one")
    assert stream.groups(base).keys() == {"two", "three"}
    assert take(base, "one") == [b"2", b"3"]


def test_a_group_behind_a_trim_is_told_until_it_is_moved(base, stream):
    @fdb.transactional
    def take(tr):
        return [event.data for event in stream.take(tr, "group", 1)]

    take(base)
    with stream.subscribe(base) as events:
        *_, fifth = (next(events) for _ in range(5))
    stream.trim(base, fifth.cursor)
    for _ in range(2):
        with pytest.raises(StreamTrimmedError) as caught:
            take(base)
    with pytest.raises(StreamTrimmedError):
        stream.consume(base, "group")
    stream.seek(base, "group", caught.value.cursor)
    assert take(base) == [b"5"]
    stream.seek(base, "group", "first")
    assert take(base) == [b"5"]


def test_waiting_for_something_to_take(base, stream):
    stream.seek(base, "group", "latest")

    @fdb.transactional
    def take(tr):
        events = stream.take(tr, "group")
        return events, stream.watch(tr)

    events, watch = take(base)
    assert events == []
    stream.append(base, b"new")
    watch.wait()
    assert [event.data for event in take(base)[0]] == [b"new"]


def test_in_a_loop(async_db, stream, base):
    stream = Stream(SPACE)

    @fdb.transactional
    async def take(tr):
        return [event.data for event in await stream.take(tr, "group", 2)]

    async def main():
        for data in (b"1", b"2", b"3"):
            await stream.append(async_db, data)
        assert await take(async_db) == [b"1", b"2"]
        assert list(await stream.groups(async_db)) == ["group"]
        await stream.seek(async_db, "group", "first")
        assert await take(async_db) == [b"1", b"2"]
        await stream.remove_group(async_db, "group")
        assert await stream.groups(async_db) == {}

    asyncio.run(main())


def test_a_database_without_the_stream_has_no_groups(base):
    assert Stream(fdb.Subspace(("none",))).groups(base) == {}
    assert base.get_range_startswith(fdb.Subspace(("none",)).key()) == []


def test_claims_are_stored_as_tuples(base, stream):
    with stream.consume(base, "group", batch=3) as events:
        next(events)
        (row,) = base.get_range(SPACE.range(("group", "group", "claim")))
        number, after, until, renewals, released = fdb.tuple.unpack(row.value)
        assert (number, renewals, released) == (1, 0, 0)
        assert after == bytes(12)
        assert base[SPACE.pack(("group", "group", "position"))] == until


def test_a_claim_is_abandoned_when_it_has_not_changed(monkeypatch):
    moment = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: moment[0])
    abandoned = Abandoned(10)
    first, renewed = Claim(1, b"a", b"b").pack(), Claim(1, b"a", b"b", 1).pack()
    assert abandoned.find({b"k": first}) is None
    assert abandoned.seconds() == 10
    moment[0] += 9
    assert abandoned.find({b"k": renewed}) is None
    assert abandoned.seconds() == 10
    moment[0] += 9
    assert abandoned.find({b"k": renewed}) is None
    assert abandoned.seconds() == 1
    moment[0] += 1
    assert abandoned.find({b"k": renewed}) == b"k"
    assert abandoned.find({b"l": Claim(1, b"a", b"b", released=True).pack()}) == b"l"
    assert abandoned.find({}) is None
    assert abandoned.seconds() == 10


def test_only_one_takes_a_claim_over(base, stream):
    group = Group(stream._log, "group")
    with stream.consume(base, "group", batch=3) as events:
        next(events)
        transactions = [base.create_transaction() for _ in range(2)]
        start = stream._log.start_of("first")
        for number, tr in enumerate(transactions):
            abandoned = Abandoned(0)
            me = b"consumer %d" % number
            taken = run(tr, lambda tr: group.claim(tr, start, me, 1, abandoned, 3))  # noqa: B023
            assert [event.data for event in taken.events] == EXPECTED[:3]
        transactions[0].commit().wait()
        with pytest.raises(fdb.FDBError) as caught:
            transactions[1].commit().wait()
        assert caught.value.code == fdb.ErrorCode.not_committed
