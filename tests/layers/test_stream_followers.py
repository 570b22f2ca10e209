"""fdb/layers/_stream_followers.py: subscribers and consumers; nothing is lost, whatever happens."""

from __future__ import annotations

import asyncio
import random
import threading
import time

import pytest

import fdb
import fdb.testing
from fdb.layers import StatusEvent, Stream, StreamTrimmedError
from fdb.layers._stream_groups import Claim
from helpers.layers import calm, in_trouble, seeds

SPACE = fdb.Subspace(("stream",))
SEEDS = seeds(3)


@pytest.fixture
def base():
    with fdb.testing.temporary_database() as db:
        yield db


def fill(base, stream, count):
    @fdb.transactional
    def append(tr):
        for number in range(count):
            stream.append(tr, b"%d" % number)

    append(base)
    return [b"%d" % number for number in range(count)]


def data_of(events, count):
    return [next(events).data for _ in range(count)]


# ---- consumers ----


def test_consumers_share_the_work(base):
    stream = Stream(SPACE)
    expected = fill(base, stream, 40)
    with (
        stream.consume(base, "group", batch=5) as one,
        stream.consume(base, "group", batch=5) as two,
    ):
        found = [data_of(each, 5) for _ in range(4) for each in (one, two)]
    assert sorted(sum(found, [])) == sorted(expected)
    assert found == [expected[at : at + 5] for at in range(0, 40, 5)]


def test_what_a_closed_consumer_has_not_handled_goes_to_others_at_once(base):
    stream = Stream(SPACE)
    expected = fill(base, stream, 10)
    one = stream.consume(base, "group", batch=10)
    two = stream.consume(base, "group", status_events=True)
    assert [next(two).status for _ in range(1)] == ["started"]
    assert data_of(one, 4) == expected[:4]
    assert next(two).status == "caught_up"
    threading.Timer(0.02, one.close).start()
    # The last one that was given counts as handled only when the next is asked for.
    assert data_of(two, 7) == expected[3:]
    two.handled()
    two.close()
    with stream.consume(base, "group", status_events=True) as three:
        assert [next(three).status for _ in range(2)] == ["started", "caught_up"]


def test_handled_says_nothing_of_events_that_were_not_given(base):
    stream = Stream(SPACE)
    fill(base, stream, 10)
    one, two = (stream.consume(base, "group", batch=5) for _ in range(2))
    next(one), next(two)
    theirs = one._follower._claim
    # As it is when the events that another one has left are taken over, and trouble is told of before the first of them.
    two._follower._claim = claim = Claim(2, theirs.after, theirs.until)
    two.handled()
    assert claim.after == theirs.after < two._follower.place


def test_handled_says_so_of_the_last_event(base):
    stream = Stream(SPACE)
    expected = fill(base, stream, 5)
    for start in (0, 2):
        with stream.consume(base, "group") as events:
            assert data_of(events, 2) == expected[start : start + 2]
            events.handled()
    with stream.subscribe(base) as events:
        assert data_of(events, 1) == expected[:1]
        events.handled()  # which is nothing to a subscriber


def test_a_dead_consumer_is_followed_by_another(base):
    stream = Stream(SPACE)
    expected = fill(base, stream, 6)
    dead = stream.consume(base, "group", batch=4)
    assert data_of(dead, 2) == expected[:2]
    with stream.consume(base, "group", lease_time=0.05) as alive:
        assert data_of(alive, 6) == [*expected[4:], *expected[:4]]
        alive.handled()
    # What was taken over is not given any more by who wakes up late.
    dead._follower._renewed = 0.0
    stream.append(base, b"new")
    assert data_of(dead, 1) == [b"new"]
    dead.close()


def test_a_slow_consumer_keeps_what_it_renews(base):
    stream = Stream(SPACE)
    expected = fill(base, stream, 4)
    slow = stream.consume(base, "group", batch=4)
    assert data_of(slow, 1) == expected[:1]
    key = SPACE.range(("group", "group", "claim"))
    before = base.get_range(key)
    slow._follower._renewed -= 60
    assert data_of(slow, 1) == expected[1:2]
    (after,) = base.get_range(key)
    assert fdb.tuple.unpack(before[0].value)[3] == 0
    assert fdb.tuple.unpack(after.value)[3] == 1
    slow.close()


def test_a_claim_that_seek_drops_is_not_handed_out_further(base):
    stream = Stream(SPACE)
    expected = fill(base, stream, 4)
    events = stream.consume(base, "group", batch=4)
    assert data_of(events, 2) == expected[:2]
    stream.seek(base, "group", "first")
    events._follower._renewed -= 60
    assert data_of(events, 4) == expected
    events.close()


def test_a_consumer_waits_for_events(base):
    stream = Stream(SPACE)
    with stream.consume(base, "group") as events:
        threading.Timer(0.02, stream.append, (base, b"x")).start()
        assert data_of(events, 1) == [b"x"]
        threading.Timer(0.02, events.close).start()
        assert list(events) == []


def test_consumers_in_a_loop(async_db):
    stream = Stream(SPACE)

    async def consume(found, count):
        async with stream.consume(async_db, "group", batch=2) as events:
            async for event in events:
                found.append(event.data)
                events.handled()
                if len(found) == count:
                    return

    async def main():
        for number in range(9):
            await stream.append(async_db, b"%d" % number)
        found: list[bytes] = []
        await consume(found, 3)
        await consume(found, 9)
        assert found == [b"%d" % number for number in range(9)]

    asyncio.run(main())


# ---- under faults ----


def producers(base, stream, count, each):
    def produce(name):
        for number in range(each):
            stream.append(base, b"%d %d" % (name, number))

    threads = [threading.Thread(target=produce, args=(name,)) for name in range(count)]
    for thread in threads:
        thread.start()
    return threads


@pytest.mark.parametrize("seed", SEEDS)
def test_subscribers_miss_and_double_nothing(seed):
    print("seed", seed)
    stream, rng = Stream(SPACE), random.Random(seed)
    with in_trouble(seed) as base:
        threads = producers(base, stream, 2, 5)
        found, cursor = [], "first"
        while len(found) < 10:
            with stream.subscribe(base, cursor, batch=rng.randint(1, 4)) as events:
                for _ in range(min(rng.randint(1, 6), 10 - len(found))):
                    event = next(events)
                    found.append((event.position, event.data))
                    cursor = event.cursor
        for thread in threads:
            thread.join()
        with stream.subscribe(calm(base)) as events:
            assert [(e.position, e.data) for e in (next(events) for _ in range(10))] == found
    for name in range(2):
        own = [data for _, data in found if data.startswith(b"%d " % name)]
        assert own == [b"%d %d" % (name, number) for number in range(5)]
    assert found == sorted(found)


@pytest.mark.parametrize("seed", SEEDS)
def test_consumers_lose_nothing(seed):
    print("seed", seed)
    stream = Stream(SPACE)
    count = 12
    handled: list[bytes] = []
    enough = threading.Event()

    def consume(name):
        rng = random.Random(f"{seed} {name}")
        while not enough.is_set():
            # One in three dies instead of closing.
            events = stream.consume(base, "group", batch=rng.randint(1, 4), lease_time=0.05)
            opened.append(events)
            if enough.is_set():  # perhaps since the bells were rung
                events.close()
                return
            for _ in range(rng.randint(1, 5)):
                try:
                    event = next(events)
                except StopIteration:
                    return
                handled.append(event.data)
                if len(set(handled)) == count:
                    enough.set()
                    for each in tuple(opened):
                        each._follower.bell.ring()
                    return
            if rng.random() < 0.66:
                events.close()

    with in_trouble(seed) as base:
        opened: list = []
        consumers = [threading.Thread(target=consume, args=(name,)) for name in range(2)]
        for thread in consumers:
            thread.start()
        threads = producers(base, stream, 2, count // 2)
        deadline = time.monotonic() + 30
        for thread in consumers:
            thread.join(max(0.0, deadline - time.monotonic()))
        lost = count - len(set(handled))
        assert lost == 0, f"{lost} events were lost"
        assert not any(thread.is_alive() for thread in consumers)
        for thread in threads:
            thread.join()
    assert len(set(handled)) == count


@pytest.mark.parametrize("seed", SEEDS)
def test_tasks_miss_and_double_nothing(seed):
    print("seed", seed)
    stream = Stream(SPACE)
    with in_trouble(seed, "asyncio") as base:

        async def produce(name):
            for number in range(4):
                await stream.append(base, b"%d %d" % (name, number))

        async def main():
            tasks = [asyncio.ensure_future(produce(name)) for name in range(2)]
            found = []
            async with stream.subscribe(base, status_events=True) as events:
                async for event in events:
                    if not isinstance(event, StatusEvent):
                        found.append(event.data)
                    if len(found) == 8:
                        break
            await asyncio.gather(*tasks)
            return found

        found = asyncio.run(main())
    expected = [b"%d %d" % (name, number) for name in range(2) for number in range(4)]
    assert sorted(found) == expected


@pytest.mark.parametrize("seed", seeds(3))
def test_what_is_missed_was_trimmed_and_told(seed):
    stream, rng, trims = Stream(SPACE), random.Random(seed), random.Random(-seed)
    with in_trouble(seed) as base:
        positions: list[fdb.tuple.Versionstamp] = []

        def produce_and_trim():
            for number in range(15):
                positions.append(stream.append(base, b"%d" % number))
                if number < 14 and trims.random() < 0.4:
                    stream.trim(base, trims.choice(positions))

        thread = threading.Thread(target=produce_and_trim)
        thread.start()
        found, gaps, cursor, last = [], [], "first", bytes(12)
        while not found or found[-1].data != b"14":
            try:
                with stream.subscribe(base, cursor, batch=rng.randint(1, 3)) as events:
                    if cursor == "first":
                        gaps.append((bytes(12), events._follower.place))
                    for event in events:
                        found.append(event)
                        last, cursor = event.place, event.cursor
                        if event.data == b"14" or rng.random() < 0.2:
                            break
            except StreamTrimmedError as error:
                gaps.append((last, stream._log.place_of("cursor", error.cursor).place))
                cursor = error.cursor
        thread.join()
    given = [event.position for event in found]
    assert given == sorted(set(given))
    for position in set(positions) - set(given):
        place = position.to_bytes()
        assert any(begin < place <= end for begin, end in gaps), f"{position} is missing"
