"""fdb/layers/_stream_log.py: appends take effect once, and producers do not meet."""

from __future__ import annotations

import threading

import pytest

import fdb
import fdb.testing
from fdb.layers import Stream

SPACE = fdb.Subspace(("stream",))
THREADS = 4
EACH = 25


@pytest.fixture
def base():
    with fdb.testing.temporary_database() as db:
        yield db


def stored(base, stream):
    """The data of all events, in order."""
    rows = base.get_range(stream._log.events, stream._log.end)
    return [row.value[8:] for row in rows]


def test_producers_do_not_conflict(base):
    stream = Stream(SPACE)

    def produce(name):
        for number in range(EACH):
            stream.append(base, b"%d %d" % (name, number))

    with fdb.testing.record(base) as log:
        threads = [threading.Thread(target=produce, args=(name,)) for name in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    log.assert_no_conflicts()
    found = stored(base, stream)
    assert len(found) == THREADS * EACH
    for name in range(THREADS):
        own = [data for data in found if data.startswith(b"%d " % name)]
        assert own == [b"%d %d" % (name, number) for number in range(EACH)]


def test_two_that_have_appended_meanwhile_both_commit(base):
    stream = Stream(SPACE)
    first, second = base.create_transaction(), base.create_transaction()
    for tr in (first, second):
        tr.get_read_version().wait()
        stream.append(tr, b"x")
    first.commit().wait()
    second.commit().wait()
    assert len(stored(base, stream)) == 2


@pytest.mark.parametrize("effect", ["applied", "lost"])
def test_an_append_of_unknown_result_is_there_once(base, effect):
    stream = Stream(SPACE)
    with fdb.testing.faults(base) as faults:
        faults.add("commit_unknown_result", times=1, effect=effect)
        position = stream.append(base, b"x")
    with stream.subscribe(base) as events:
        assert next(events).position == position
    assert stored(base, stream) == [b"x"]


def test_appends_of_a_function_that_is_retried(base):
    stream = Stream(SPACE)

    @fdb.transactional
    def several(tr, turn):
        tr[b"own"] = b"%d" % turn
        return [stream.append(tr, b"%d %d" % (turn, number)) for number in range(3)]

    expected, positions = [], []
    for turn in range(5):
        with fdb.testing.faults(base, seed=turn) as faults:
            faults.add("commit_unknown_result", probability=0.6)
            faults.add("not_committed", probability=0.3)
            appended = several(base, turn)
        positions += [each.wait() for each in appended]
        expected += [b"%d %d" % (turn, number) for number in range(3)]
    assert stored(base, stream) == expected
    with stream.subscribe(base) as events:
        assert [next(events).position for _ in positions] == positions


def test_a_transaction_that_is_reset_begins_anew(base):
    stream, positions = Stream(SPACE), []
    tr = base.create_transaction()
    for data in (b"1", b"2"):
        appended = stream.append(tr, data)
        tr.commit().wait()
        positions.append(appended.wait())
        assert base[SPACE.pack(("head",))] == positions[-1].tr_version
        tr.reset()
    assert stored(base, stream) == [b"1", b"2"]
    with stream.subscribe(base) as events:
        assert [next(events).position for _ in positions] == positions


def test_two_objects_append_in_one_transaction(base):
    @fdb.transactional
    def both(tr):
        return [Stream(SPACE).append(tr, data) for data in (b"1", b"2")]

    assert [each.wait().user_version for each in both(base)] == [0, 1]
    assert stored(base, Stream(SPACE)) == [b"1", b"2"]


def test_trimming_conflicts_with_what_is_appended_below(base):
    stream = Stream(SPACE)
    stream.append(base, b"1")
    tr = base.create_transaction()
    stream.trim(tr, 2**62)
    stream.append(base, b"2")
    with pytest.raises(fdb.FDBError) as caught:
        tr.commit().wait()
    assert caught.value.code == fdb.ErrorCode.not_committed
    assert stored(base, stream) == [b"1", b"2"]


def test_other_languages_can_read_the_keys(base):
    stream = Stream(SPACE)
    position = stream.append(base, b"data")
    with stream.subscribe(base) as events:
        event = next(events)
    value = base[SPACE.pack(("log", position))]
    assert value[8:] == b"data"
    assert int.from_bytes(value[:8], "big") / 1e6 == event.time
    assert base[SPACE.pack(("head",))] == position.tr_version
    assert base[SPACE.pack(("id",))] in event.cursor
    stream.trim(base, position)
    assert base[SPACE.pack(("trimmed",))] == position.to_bytes()
