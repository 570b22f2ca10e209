"""fdb/layers/_queue.py: items are claimed, finished, given back and buried, and none is lost or done twice."""

from __future__ import annotations

import datetime

import pytest

import fdb
import fdb.testing
from fdb.layers import ItemLostError, PriorityQueue, Queue, QueueCounts
from helpers.layers import done
from helpers.threads import in_threads

SPACE = fdb.Subspace(("queue",))
DONE = fdb.Subspace(("done",))
ONE = (1).to_bytes(8, "little")
#: Longer than the lease of a claim can last, with what is added for read versions that are old.
AFTER_LEASE = 30 + 2 + 1


@pytest.fixture
def either_db(request):
    with fdb.testing.temporary_database(event_model=request.param) as db:
        yield db


@pytest.fixture
def own_db():
    with fdb.testing.temporary_database() as db:
        yield db


both = pytest.mark.parametrize(
    "either_db", [None, "asyncio"], indirect=True, ids=["threads", "asyncio"]
)


def push_all(queue, db, count):
    for number in range(count):
        queue.push(db, b"%d" % number)


@both
def test_from_push_to_finish(either_db):
    queue = Queue(SPACE)
    assert done(queue.claim(either_db)) is None
    for data in (b"a", b"b", b"c"):
        done(queue.push(either_db, data))
    first = done(queue.claim(either_db))
    assert (first.data, first.attempts, first.priority) == (b"a", 1, None)
    rest = done(queue.claim_many(either_db, 5))
    assert [item.data for item in rest] == [b"b", b"c"]
    assert first.id < rest[0].id < rest[1].id
    assert done(queue.claim(either_db)) is None
    assert done(queue.counts(either_db)) == QueueCounts(ready=0, claimed=3, delayed=0, dead=0)
    assert done(queue.finish(either_db, first)) is True
    done(queue.release(either_db, rest[0]))
    done(queue.bury(either_db, rest[1]))
    assert done(queue.counts(either_db)) == (1, 0, 0, 1)
    again = done(queue.claim(either_db))
    assert (again.data, again.attempts, again.id) == (b"b", 2, rest[0].id)
    [dead] = done(queue.dead(either_db))
    assert (dead.data, dead.attempts) == (b"c", 1)
    assert done(queue.revive(either_db, dead)) is True
    assert done(queue.revive(either_db, dead)) is False
    revived = done(queue.claim(either_db))
    assert (revived.data, revived.attempts) == (b"c", 1)
    done(queue.bury(either_db, revived))
    assert done(queue.discard(either_db, dead)) is True
    assert done(queue.discard(either_db, dead)) is False
    assert done(queue.counts(either_db)) == (0, 1, 0, 0)


def test_the_keys_are_as_documented(own_db):
    queue = PriorityQueue(SPACE)
    for priority in (5, 6):
        queue.push(own_db, b"x", priority)
    queue.push(own_db, b"y", 7, delay=9)
    item = queue.claim(own_db)
    rows = [(SPACE.unpack(row.key), row.value) for row in own_db.get_range(SPACE.range())]
    found = {parts[0]: (parts[1:], value) for parts, value in rows}
    assert [parts[1:] for parts, _ in rows if parts[0] == "item"][0] == (item.id,)
    (due, id), value = next((p[1:], v) for p, v in rows if p[0] == "due" and p[2] == item.id)
    assert id == item.id and fdb.tuple.unpack(value) == (1, True, 5)
    assert found["claim"][0] == (item.id,)
    token, at, attempts, priority = fdb.tuple.unpack(found["claim"][1])
    assert (len(token), at, attempts, priority) == (16, due, 1, 5)
    assert found["ready"][0][0] == 6 and fdb.tuple.unpack(found["ready"][1]) == (0,)
    sums = {
        parts[1]: int.from_bytes(value, "little", signed=True)
        for parts, value in rows
        if parts[0] == "count"
    }
    assert sums == {"ready": 1, "claimed": 1, "delayed": 1}
    assert {parts[0] for parts, _ in rows} == {
        "item",
        "due",
        "claim",
        "ready",
        "count",
        "signal",
        "receipt",
    }
    queue.bury(own_db, item)
    [(key, value)] = own_db.get_range(SPACE.range(("dead",)))
    assert SPACE.unpack(key) == ("dead", item.id) and fdb.tuple.unpack(value) == (1, 5)


def test_priorities_come_first_and_then_the_order_of_pushes(own_db):
    queue = PriorityQueue(SPACE)
    for number, priority in enumerate((3, -1, 2**63 - 1, 3, -(2**63), 0)):
        queue.push(own_db, b"%d" % number, priority)
    items = queue.claim_many(own_db, 10)
    assert [item.data for item in items] == [b"4", b"1", b"5", b"0", b"3", b"2"]
    assert [item.priority for item in items][:2] == [-(2**63), -1]
    for item in items:
        queue.release(own_db, item)
    assert [queue.claim(own_db).data for _ in range(3)] == [b"4", b"1", b"5"]


def test_a_lease_ends_and_the_item_is_lost_to_its_holder(own_db):
    queue = Queue(SPACE, lease=datetime.timedelta(seconds=30), max_attempts=2)
    clock = fdb.testing.clock(own_db)
    queue.push(own_db, b"x")
    first = queue.claim(own_db)
    clock.advance(29)
    assert queue.claim(own_db) is None
    queue.extend(own_db, first, lease=60)
    clock.advance(AFTER_LEASE)
    assert queue.claim(own_db) is None
    clock.advance(30)
    assert queue.counts(own_db) == (1, 0, 0, 0), "what is overdue is ready"
    queue.extend(own_db, first)
    clock.advance(AFTER_LEASE)
    second = queue.claim(own_db)
    assert (second.data, second.attempts) == (b"x", 2)
    before = dict(own_db[:])
    for act in (queue.finish, queue.extend, queue.release, queue.bury):
        with pytest.raises(ItemLostError, match="number 1: its lease has ended"):
            act(own_db, first)
    assert dict(own_db[:]) == before
    clock.advance(AFTER_LEASE)
    assert queue.claim(own_db) is None, "two attempts were all it had"
    assert [item.data for item in queue.dead(own_db)] == [b"x"]
    assert queue.counts(own_db) == (0, 0, 0, 1)


def test_release_makes_a_dead_letter_of_the_last_attempt_but_not_if_it_does_not_count(own_db):
    queue = Queue(SPACE, max_attempts=1)
    queue.push(own_db, b"x")
    queue.release(own_db, queue.claim(own_db), failed=False)
    item = queue.claim(own_db)
    assert item.attempts == 1
    queue.release(own_db, item)
    assert queue.claim(own_db) is None
    assert queue.counts(own_db) == (0, 0, 0, 1)
    forgiving = Queue(SPACE, max_attempts=None)
    forgiving.revive(own_db, queue.dead(own_db)[0])
    for _ in range(3):
        forgiving.release(own_db, forgiving.claim(own_db))
    assert queue.claim(own_db) is None, "too many attempts for this one, which buries it"
    assert queue.counts(own_db) == (0, 0, 0, 1)


def test_dead_letters_do_not_hide_what_is_behind_them(own_db):
    push_all(Queue(SPACE), own_db, 30)
    generous, strict = Queue(SPACE, max_attempts=None), Queue(SPACE, max_attempts=1)
    for item in generous.claim_many(own_db, 29):
        generous.release(own_db, item)
    with fdb.testing.faults(own_db, rules="short_range"):
        assert strict.claim(own_db).data == b"29"
    assert strict.counts(own_db) == (0, 1, 0, 29)


def test_delays(own_db):
    queue = Queue(SPACE)
    clock = fdb.testing.clock(own_db)
    queue.push(own_db, b"late", delay=10)
    queue.push(own_db, b"soon")
    assert queue.counts(own_db) == (1, 0, 1, 0)
    soon = queue.claim(own_db)
    assert soon.data == b"soon" and queue.claim(own_db) is None
    queue.release(own_db, soon, delay=5)
    assert queue.claim(own_db) is None
    clock.advance(6)
    assert queue.claim(own_db).data == b"soon"
    clock.advance(5)
    late = queue.claim(own_db)
    assert (late.data, late.attempts) == (b"late", 1)
    queue.finish(own_db, late)
    assert queue.counts(own_db) == (0, 1, 0, 0)


def test_pushes_and_claims_do_not_conflict(own_db):
    queue = Queue(SPACE)
    push_all(queue, own_db, 20)
    with fdb.testing.record(own_db) as log:
        one, two = own_db.create_transaction(), own_db.create_transaction()
        claimed = [queue.claim(one), queue.claim(two)]
        queue.push(one, b"x")
        queue.push(two, b"y")
        one.commit().wait()
        two.commit().wait()
        three = own_db.create_transaction()
        queue.finish(three, claimed[0])
        queue.push(three, b"z")
        queue.finish(own_db, claimed[1])
        queue.push(own_db, b"zz")
        three.commit().wait()
        in_threads(4, lambda _: [queue.finish(own_db, queue.claim(own_db)) for _ in range(3)])
        log.no_conflicts()
    assert len({item.id for item in claimed}) == 2


def test_queues_of_two_processes_that_meet_part(own_db):
    """Each has its own memory of claims, as in two processes; the second attempt looks elsewhere."""
    here, there = Queue(SPACE), Queue(SPACE)
    push_all(here, own_db, 20)
    tr = own_db.create_transaction()
    first = there.claim(tr)
    assert here.claim(own_db).id == first.id
    with pytest.raises(fdb.FDBError, match="1020") as caught:
        tr.commit().wait()
    tr.on_error(caught.value).wait()
    assert there.claim(tr).id != first.id
    tr.commit().wait()
    assert here.counts(own_db) == (18, 2, 0, 0)


def test_the_order_is_kept_where_nobody_else_claims(own_db):
    queue = Queue(SPACE)
    push_all(queue, own_db, 30)
    own_db.options.set_transaction_max_retry_delay(1)
    with fdb.testing.faults(own_db, seed=1) as faults:
        faults.add("not_committed", probability=0.5)
        faults.add("commit_unknown_result", probability=0.3)
        assert [queue.claim(own_db).data for _ in range(30)] == [b"%d" % at for at in range(30)]
        assert faults.injected["not_committed"] > 5


def test_a_claim_of_a_transaction_that_was_given_up_is_forgotten(own_db):
    queue = Queue(SPACE)
    push_all(queue, own_db, 2)
    tr = own_db.create_transaction()
    assert queue.claim(tr).data == b"0"
    tr.on_error(1020).wait()
    again = queue.claim_many(tr, 2)
    assert sorted(item.data for item in again) == [b"0", b"1"]
    tr.reset()
    assert len(queue.claim_many(own_db, 2)) == 2


@both
def test_an_unknown_result_claims_and_pushes_once(either_db):
    queue = Queue(SPACE)
    for data in (b"a", b"b", b"c"):
        with fdb.testing.faults(either_db) as faults:
            faults.add("commit_unknown_result", times=1, effect="applied")
            done(queue.push(either_db, data))
    with fdb.testing.faults(either_db) as faults:
        faults.add("commit_unknown_result", times=1, effect="applied")
        first = done(queue.claim(either_db))
        assert faults.injected["commit_unknown_result"] == 1
    assert done(queue.counts(either_db)) == (2, 1, 0, 0)
    with fdb.testing.faults(either_db) as faults:
        faults.add("commit_unknown_result", times=1, effect="applied")
        assert done(queue.finish(either_db, first)) is True
    with fdb.testing.faults(either_db) as faults:
        faults.add("commit_unknown_result", times=1, effect="applied")
        done(queue.release(either_db, done(queue.claim(either_db)), delay=5))
    assert done(queue.counts(either_db)) == (1, 0, 1, 0)


def test_a_claim_is_found_also_by_the_second_attempt_after_it(own_db):
    queue = Queue(SPACE)
    push_all(queue, own_db, 5)
    receipts = SPACE.range(("receipt",))

    @fdb.transactional
    def claim_two(tr):
        return [queue.claim(tr), queue.claim(tr)]

    with fdb.testing.faults(own_db) as faults:
        faults.add("commit_unknown_result", times=1, effect="applied")
        faults.add("transaction_too_old", at="read", keys=receipts, times=1)
        items = claim_two(own_db)
        assert faults.injected["transaction_too_old"] == 1
    assert [item.data for item in items] == [b"0", b"1"]
    assert queue.counts(own_db) == (3, 2, 0, 0)
    assert all(queue.finish(own_db, item) for item in items)


def test_a_transaction_that_claims_works_and_finishes_is_done_once(own_db):
    queue = Queue(SPACE)
    push_all(queue, own_db, 3)

    @fdb.transactional
    def two_at_once(tr):
        items = [queue.claim(tr), queue.claim(tr)]
        for item in items:
            queue.extend(tr, item)
            if queue.finish(tr, item):
                tr.add(DONE[item.data], ONE)
        queue.push(tr, b"next")
        return [item.data for item in items]

    with fdb.testing.faults(own_db) as faults:
        faults.add("commit_unknown_result", times=1, effect="applied")
        assert two_at_once(own_db) == [b"0", b"1"]
        assert faults.injected["commit_unknown_result"] == 1
    assert [row.value for row in own_db.get_range(DONE.range())] == [ONE, ONE]
    assert queue.counts(own_db) == (2, 0, 0, 0)


def test_tenants_have_their_own(own_db):
    queue = Queue(SPACE)
    tenants = []
    for name in (b"a", b"b"):
        fdb.tenant_management.create_tenant(own_db, name)
        tenants.append(own_db.open_tenant(name))
    queue.push(tenants[0], b"x")
    assert queue.claim(tenants[1]) is None
    with queue.claim(tenants[0]) as item:
        assert item.data == b"x"
    assert queue.counts(tenants[0]) == (0, 0, 0, 0)


def of_other_queue(queue, db):
    other = Queue(("other",))
    other.push(db, b"x")
    item = other.claim(db)
    db.clear_range(b"", b"\xff")
    return queue.finish(db, item)


@pytest.mark.parametrize(
    ("use", "error", "text"),
    [
        (
            lambda queue, db: queue.push(db, "x"),
            TypeError,
            "item of a queue must be bytes, not str",
        ),
        (
            lambda queue, db: queue.push(db, bytes(100_001)),
            ValueError,
            "at most 100,000 bytes.*100,001",
        ),
        (
            lambda queue, db: queue.push(db, b"", delay=-1),
            ValueError,
            "delay must be 0 or more, not -1",
        ),
        (
            lambda queue, db: queue.push(db, b"", delay="1"),
            TypeError,
            "delay must be a number of seconds",
        ),
        (lambda queue, db: queue.claim(db, lease=0), ValueError, "lease must be positive, not 0"),
        (
            lambda queue, db: queue.claim(db, lease=float("inf")),
            ValueError,
            "at most a hundred years",
        ),
        (lambda queue, db: queue.claim_many(db, 0), ValueError, "limit must be 1 to 1,000, not 0"),
        (lambda queue, db: queue.claim_many(db, 1.0), TypeError, "limit must be an int, not 1.0"),
        (
            lambda queue, db: queue.finish(db, b"x"),
            TypeError,
            "must be a QueueItem that it gave, not bytes",
        ),
        (of_other_queue, ValueError, "is of another queue"),
        (lambda queue, db: queue.dead(db, -1), ValueError, "limit must be 1 to 1,000, not -1"),
        (
            lambda queue, db: queue.worker(db.create_transaction()),
            TypeError,
            "a worker needs a database",
        ),
        (
            lambda queue, db: queue.worker(db, batch=0),
            ValueError,
            "batch must be 1 to 1,000, not 0",
        ),
        (
            lambda queue, db: queue.claim(db.create_transaction().snapshot),
            TypeError,
            "snapshot can only read",
        ),
        (lambda queue, db: queue.worker(None), TypeError, "a worker needs a database or tenant"),
        (lambda queue, db: queue.claim(None), TypeError, "Database, Tenant or Transaction"),
        (lambda queue, db: Queue(SPACE, lease=-1), ValueError, "lease must be positive, not -1"),
        (lambda queue, db: Queue(SPACE, max_attempts=0), ValueError, "max_attempts must be 1 to"),
        (
            lambda queue, db: Queue(SPACE, max_attempts=True),
            TypeError,
            "max_attempts must be an int",
        ),
        (lambda queue, db: PriorityQueue(7), TypeError, "subspace of a PriorityQueue"),
        (
            lambda queue, db: PriorityQueue(SPACE).push(db, b"", 1.5),
            TypeError,
            "priority of an item must be an int",
        ),
        (
            lambda queue, db: PriorityQueue(SPACE).push(db, b"", 2**63),
            ValueError,
            "priority.*64 bits",
        ),
        (lambda queue, db: queue.push(db, b"x", priority=1), TypeError, "priority"),
    ],
)
def test_bad_input_names_the_thing_and_writes_nothing(own_db, use, error, text):
    with pytest.raises(error, match=text):
        use(Queue(SPACE), own_db)
    assert list(own_db[:]) == []


def test_a_push_before_a_claim_in_the_same_transaction_is_told(own_db):
    queue = Queue(SPACE)
    tr = own_db.create_transaction()
    queue.push(tr, b"x")
    with pytest.raises(fdb.FDBError, match="1036"):
        queue.claim(tr)


def test_how_they_look(own_db):
    queue = Queue(SPACE, lease=5)
    assert repr(queue) == f"Queue({SPACE!r}, lease=5, max_attempts=10)"
    assert queue.subspace == SPACE


def test_an_item_whose_data_is_gone_is_told(own_db):
    queue = Queue(SPACE)
    queue.push(own_db, b"x")
    own_db.clear_range(SPACE.range(("item",)))
    with pytest.raises(RuntimeError, match="others wrote there"):
        queue.claim(own_db)
