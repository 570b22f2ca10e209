"""fdb/layers/_queue_store.py: no item is lost or done twice, whatever goes wrong."""

from __future__ import annotations

import asyncio
import random

import pytest

import fdb
import fdb.testing
from fdb.layers import ItemLostError, PriorityQueue, Queue
from helpers.layers import calm, in_trouble, seeds
from helpers.threads import in_threads

SPACE = fdb.Subspace(("queue",))
DONE = fdb.Subspace(("done",))
ONE = (1).to_bytes(8, "little")
#: Longer than the lease of a claim can last, with what is added for read versions that are old.
AFTER_LEASE = 30 + 2 + 1


@pytest.fixture
def own_db():
    with fdb.testing.temporary_database() as db:
        yield db


def push_all(queue, db, count):
    for number in range(count):
        queue.push(db, b"%d" % number)


class Program:
    """Random work with a queue: what is pushed is done once, whatever workers do with it on the way."""

    def __init__(self, seed, of=Queue):
        self.draw = random.Random(seed)
        self.queue = of(SPACE, lease=30, max_attempts=4)
        self.pushed = []

    def next_item(self):
        data = b"%d" % len(self.pushed)
        self.pushed.append(data)
        options = (
            {"priority": self.draw.randrange(3)} if isinstance(self.queue, PriorityQueue) else {}
        )
        if self.draw.random() < 0.2:
            options["delay"] = 5
        return data, options

    def check(self, db):
        queue = self.queue
        rows = {SPACE.unpack(row.key)[0:2]: row.value for row in db.get_range(SPACE.range())}
        kinds = [kind for kind, *_ in rows]
        counts = queue.counts(db)
        assert (kinds.count("ready"), kinds.count("due"), kinds.count("claim")) == (0, 0, 0)
        assert kinds.count("dead") == kinds.count("item") == counts.dead
        assert counts[:3] == (0, 0, 0)
        finished = {DONE.unpack(row.key)[0]: row.value for row in db.get_range(DONE.range())}
        assert set(finished.values()) <= {ONE}, "an item was done more than once"
        dead = {item.data for item in queue.dead(db)}
        assert sorted([*finished, *dead]) == sorted(self.pushed), (
            "an item was lost or is there twice"
        )


@fdb.transactional
def work_on(tr, queue, item):
    if queue.finish(tr, item):
        tr.add(DONE[item.data], ONE)


@pytest.mark.parametrize("of", [Queue, PriorityQueue])
def test_nothing_is_lost_or_done_twice_whatever_goes_wrong(of):
    for seed in seeds(4):
        program = Program(seed, of)
        queue, draw = program.queue, program.draw
        with in_trouble(seed) as db:
            clock = fdb.testing.clock(db)
            for _ in range(5):
                data, options = program.next_item()
                queue.push(db, data, **options)
            for _ in range(12):
                items = queue.claim_many(db, draw.randrange(1, 3))
                for item in items:
                    fate = draw.randrange(6)
                    if fate == 0:
                        queue.release(db, item, delay=draw.choice([0, 3]))
                    elif fate == 1:
                        queue.extend(db, item)
                    elif fate == 2:
                        clock.advance(AFTER_LEASE)
                    elif fate == 3:
                        data, options = program.next_item()
                        push_and_finish(db, queue, item, data, options)
                    else:
                        work_or_lose(db, queue, item)
            calm(db)
            drain(db, clock, queue)
            try:
                program.check(db)
            except AssertionError as error:
                raise AssertionError(f"seed {seed}: {error}") from error


@fdb.transactional
def push_and_finish(tr, queue, item, data, options):
    try:
        work_on(tr, queue, item)
    except ItemLostError:
        pass
    queue.push(tr, data, **options)


def work_or_lose(db, queue, item):
    try:
        work_on(db, queue, item)
    except ItemLostError:
        pass


def drain(db, clock, queue):
    while any(queue.counts(db)[:3]):
        for item in queue.claim_many(db, 100):
            work_on(db, queue, item)
        clock.advance(AFTER_LEASE)


def test_threads_lose_and_double_nothing():
    for seed in seeds(2):
        program = Program(seed)
        queue = program.queue
        items = [program.next_item() for _ in range(12)]
        with in_trouble(seed) as db:

            def use(number, db=db, queue=queue, items=items, seed=seed):
                draw = random.Random(seed * 100 + number)
                for data, options in items[number::4]:
                    queue.push(db, data, **options)
                    item = queue.claim(db)
                    if item is not None and draw.random() < 0.7:
                        work_or_lose(db, queue, item)

            in_threads(4, use)
            calm(db)
            drain(db, fdb.testing.clock(db), queue)
            program.check(db)


def test_tasks_lose_and_double_nothing():
    @fdb.transactional
    async def work(tr, queue, item):
        if await queue.finish(tr, item):
            tr.add(DONE[item.data], ONE)

    async def use(db, queue, items):
        for data, options in items:
            await queue.push(db, data, **options)
            item = await queue.claim(db)
            if item is not None:
                await work(db, queue, item)

    async def main(db, queue, items):
        await asyncio.gather(*(use(db, queue, items[number::4]) for number in range(4)))
        calm(db)
        clock = fdb.testing.clock(db)
        while any((await queue.counts(db))[:3]):
            for item in await queue.claim_many(db, 100):
                await work(db, queue, item)
            clock.advance(AFTER_LEASE)
        rows = await db.get_range(DONE.range())
        assert sorted(DONE.unpack(row.key)[0] for row in rows) == sorted(data for data, _ in items)
        assert {row.value for row in rows} == {ONE}

    for seed in seeds(2):
        program = Program(seed)
        items = [program.next_item() for _ in range(12)]
        with in_trouble(seed, "asyncio") as db:
            asyncio.run(main(db, program.queue, items))


def test_claiming_in_a_function_is_retry_safe(own_db):
    queue = Queue(SPACE)
    push_all(queue, own_db, 3)

    @fdb.transactional
    def handle_one(tr):
        item = queue.claim(tr)
        if queue.finish(tr, item):
            tr.add(DONE[item.data], ONE)
        return item.data

    assert handle_one(own_db) == b"0"
    for seed in range(6):
        queue.push(own_db, b"s%d" % seed)
        before = queue.counts(own_db).ready
        with fdb.testing.faults(own_db, seed=seed) as faults:
            faults.add("commit_unknown_result", probability=0.5)
            faults.add("not_committed", probability=0.3)
            handle_one(own_db)
        assert queue.counts(own_db) == (before - 1, 0, 0, 0)


def drive(steps, answers):
    """Runs steps until they have had so many answers, and gives them up there; returns whether they came to their end."""
    answer = None
    for _ in range(answers + 1):
        try:
            read = steps.send(answer)
        except StopIteration:
            return True
        answer = read.wait() if isinstance(read, fdb.FutureInt64) else read.value
    steps.close()
    return False


@pytest.mark.parametrize("act", ["finish", "release", "bury", "extend", "push"])
def test_an_operation_that_is_interrupted_has_done_nothing(own_db, act):
    queue = Queue(SPACE)
    second = 1_000_000
    for answers in range(10):
        own_db.clear_range(SPACE.range())
        push_all(queue, own_db, 1)
        item = queue.claim(own_db)
        before = queue.counts(own_db), own_db.get_range(SPACE["item"].range())
        tr = own_db.create_transaction()
        taken = item._taken
        arguments = {
            "finish": (taken,),
            "release": (taken, 100 * second, True),
            "bury": (taken,),
            "extend": (taken, second),
            "push": (b"other", None, 100 * second),
        }[act]
        done = drive(getattr(queue._store, act)(tr, *arguments), answers)
        tr.commit().wait()
        if done:
            break
        assert (queue.counts(own_db), own_db.get_range(SPACE["item"].range())) == before
        assert queue.finish(own_db, item), answers
    assert 1 <= answers < 10


@pytest.mark.parametrize("with_receipt", [False, True])
def test_what_is_not_there_is_not_there_in_the_next_attempt_either(own_db, with_receipt):
    queue = Queue(SPACE)
    push_all(queue, own_db, 2)
    lost, buried = queue.claim_many(own_db, 2)
    queue.release(own_db, lost)
    queue.bury(own_db, buried)
    queue.discard(own_db, queue.dead(own_db)[0])

    @fdb.transactional
    def act(tr):
        answers = [queue.revive(tr, buried), queue.discard(tr, buried)]
        if with_receipt:
            queue.push(tr, b"other")
        for operation in (queue.finish, queue.release, queue.extend):
            with pytest.raises(ItemLostError):
                operation(tr, lost)
        answers += [queue.revive(tr, buried), queue.discard(tr, buried)]
        tr[b"own"] = b""
        return answers

    with fdb.testing.faults(own_db) as faults:
        faults.add("commit_unknown_result", times=1, effect="applied")
        assert act(own_db) == [False] * 4
    assert queue.counts(own_db).ready == 1 + with_receipt


def test_a_short_answer_is_not_taken_for_items_that_others_have_taken(own_db, monkeypatch):
    queue, attempts = Queue(SPACE), []
    push_all(queue, own_db, 5)
    monkeypatch.setattr(random, "shuffle", lambda rows: rows.reverse())

    @fdb.transactional
    def claim(tr):
        attempts.append(len(attempts))
        items = queue.claim_many(tr, 5)
        if len(attempts) == 1:
            faults.add("short_range", rows=3)
            raise fdb.FDBError(1020)
        return [item.data for item in items]

    with fdb.testing.faults(own_db) as faults:
        assert claim(own_db) == [b"0", b"1", b"2"]
    assert len(attempts) == 2


def test_a_claim_that_fails_at_a_read_claims_the_same_again(own_db):
    queue = Queue(SPACE)
    push_all(queue, own_db, 3)
    with fdb.testing.faults(own_db) as faults:
        faults.add("transaction_too_old", times=1, keys=SPACE["item"].range())
        assert queue.claim(own_db).data == b"0"
        assert faults.injected["transaction_too_old"] == 1
