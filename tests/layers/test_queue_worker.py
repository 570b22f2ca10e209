"""fdb/layers/_queue_worker.py: workers wait for items without asking again and again, and end when they are closed."""

from __future__ import annotations

import asyncio
import threading

import pytest

import fdb
import fdb.testing
from fdb.layers import PriorityQueue, Queue
from helpers.layers import calm, in_trouble, seeds

SPACE = fdb.Subspace(("queue",))
DONE = fdb.Subspace(("done",))
ONE = (1).to_bytes(8, "little")
FINISH_SECONDS = 60


@pytest.fixture
def own_db():
    with fdb.testing.temporary_database() as db:
        yield db


@pytest.fixture
def own_async_db():
    with fdb.testing.temporary_database(event_model="asyncio") as db:
        yield db


class InThread:
    """Runs something in a thread; at the end of a `with` block that has ended."""

    def __init__(self, work):
        self.result = None
        self.error = None
        self._thread = threading.Thread(target=self._run, args=(work,))

    def _run(self, work):
        try:
            self.result = work()
        except BaseException as error:
            self.error = error

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *details):
        self._thread.join(FINISH_SECONDS)
        assert not self._thread.is_alive()
        if self.error is not None:
            raise self.error


def wait_until_idle(log, attempts):
    """Waits until so many attempts of transactions have ended."""
    until = threading.Event()
    for _ in range(FINISH_SECONDS * 100):
        if len(log.attempts) >= attempts:
            return
        until.wait(0.01)
    raise AssertionError(f"{len(log.attempts)} attempts, and {attempts} were waited for")


def test_items_come_one_by_one_and_finish_with_their_blocks(own_db):
    queue = Queue(SPACE)
    for number in range(5):
        queue.push(own_db, b"%d" % number)
    got = []
    with queue.worker(own_db, batch=2) as worker:
        for item in worker:
            with item:
                got.append(item.data)
            if len(got) == 5:
                break
    assert got == [b"0", b"1", b"2", b"3", b"4"]
    assert queue.counts(own_db) == (0, 0, 0, 0)


def test_close_gives_back_what_was_not_given(own_db):
    queue = Queue(SPACE)
    for number in range(5):
        queue.push(own_db, b"%d" % number)
    worker = queue.worker(own_db, batch=4)
    first = next(worker)
    assert queue.counts(own_db) == (1, 4, 0, 0)
    worker.close()
    worker.close()
    assert queue.counts(own_db) == (4, 1, 0, 0)
    assert list(worker) == []
    queue.finish(own_db, first)
    assert [item.attempts for item in queue.claim_many(own_db, 5)] == [1, 1, 1, 1]


def test_an_idle_worker_waits_for_a_push_and_asks_for_nothing_meanwhile(own_db):
    queue = Queue(SPACE)
    worker = queue.worker(own_db)
    with fdb.testing.record(own_db) as log, InThread(lambda: next(worker)) as waiting:
        wait_until_idle(log, 1)
        pause = threading.Event()
        pause.wait(0.3)
        assert len(log.attempts) == 1, "it polls"
        queue.push(own_db, b"x")
    assert waiting.result.data == b"x"


def test_an_idle_worker_waits_for_the_end_of_a_delay(own_db):
    queue = PriorityQueue(SPACE)
    queue.push(own_db, b"late", delay=0.3)
    with queue.worker(own_db) as worker:
        assert next(worker).data == b"late"


@pytest.mark.parametrize("lease", [None, 600])
def test_any_thread_closes_a_worker_that_waits(own_db, lease):
    queue = Queue(SPACE)
    queue.push(own_db, b"x")
    claimed = queue.claim(own_db, lease=lease)
    worker = queue.worker(own_db)
    with fdb.testing.record(own_db) as log, InThread(lambda: list(worker)) as waiting:
        wait_until_idle(log, 1)
        worker.close()
    assert waiting.result == []
    queue.finish(own_db, claimed)


def test_several_threads_share_a_worker(own_db):
    queue = Queue(SPACE)
    count = 40
    worker = queue.worker(own_db, batch=3)
    got = []

    def work():
        for item in worker:
            with item:
                got.append(item.data)
            if len(got) == count:
                worker.close()

    with InThread(work), InThread(work), InThread(work):
        for number in range(count):
            queue.push(own_db, b"%d" % number)
    assert sorted(got) == sorted(b"%d" % number for number in range(count))
    assert queue.counts(own_db) == (0, 0, 0, 0)


def test_a_refused_claim_ends_nothing_and_what_it_took_is_found(own_db):
    queue = Queue(SPACE)
    queue.push(own_db, b"x")
    own_db.options.set_transaction_retry_limit(0)
    worker = queue.worker(own_db)
    with fdb.testing.faults(own_db) as faults:
        faults.add("commit_unknown_result", times=1, effect="applied")
        with pytest.raises(fdb.FDBError, match="1021"):
            next(worker)
    item = next(worker)
    assert (item.data, item.attempts) == (b"x", 1)
    queue.finish(own_db, item)


def test_close_gives_back_what_a_refused_claim_took(own_db):
    queue = Queue(SPACE)
    queue.push(own_db, b"x")
    own_db.options.set_transaction_retry_limit(0)
    worker = queue.worker(own_db)
    with fdb.testing.faults(own_db) as faults:
        faults.add("commit_unknown_result", times=1, effect="applied")
        with pytest.raises(fdb.FDBError, match="1021"):
            next(worker)
    assert queue.counts(own_db) == (0, 1, 0, 0)
    worker.close()
    assert queue.counts(own_db) == (1, 0, 0, 0)


def test_a_watch_that_fails_is_borne_with_or_told(own_db):
    queue = Queue(SPACE)
    own_db.options.set_max_watches(0)
    worker = queue.worker(own_db)
    with pytest.raises(fdb.FDBError, match="1032"):
        next(worker)


def test_a_worker_of_a_loop(own_async_db):
    queue = Queue(SPACE)

    async def main():
        for number in range(3):
            await queue.push(own_async_db, b"%d" % number)
        got = []
        async with queue.worker(own_async_db, batch=2) as worker:
            async for item in worker:
                async with item:
                    got.append(item.data)
                if len(got) == 3:
                    break
        assert [item async for item in worker] == []
        return got, await queue.counts(own_async_db)

    assert asyncio.run(main()) == ([b"0", b"1", b"2"], (0, 0, 0, 0))


def test_a_wait_that_is_cancelled_loses_nothing(own_async_db):
    queue = Queue(SPACE)

    async def main():
        worker = queue.worker(own_async_db)
        for _ in range(2):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(anext(worker), 0.02)
        with fdb.testing.faults(own_async_db, rules="slow_commit:delay=50ms,times=1"):
            await queue.push(own_async_db, b"x")
        with fdb.testing.faults(own_async_db, rules="slow_commit:delay=50ms,times=1") as faults:
            claiming = asyncio.ensure_future(anext(worker))
            while not faults.injected:
                await asyncio.sleep(0.001)
            claiming.cancel()
            with pytest.raises(asyncio.CancelledError):
                await claiming
            # The claim that was under way takes effect after all.
            while (await queue.counts(own_async_db)).claimed == 0:
                await asyncio.sleep(0.005)
        item = await asyncio.wait_for(anext(worker), FINISH_SECONDS)
        assert (item.data, item.attempts) == (b"x", 1)
        waiting = asyncio.ensure_future(anext(worker, None))
        await asyncio.sleep(0.01)
        await worker.close()
        assert await waiting is None

    asyncio.run(main())


def test_gevent_workers_leave_other_greenlets_at_work():
    gevent = pytest.importorskip("gevent")
    queue = Queue(SPACE)
    with fdb.testing.temporary_database(event_model="gevent") as db:
        worker = queue.worker(db)
        got = []
        waiting = gevent.spawn(lambda: [got.append(item.data) for item in worker])
        gevent.sleep(0.01)
        queue.push(db, b"x")
        while not got:
            gevent.sleep(0.001)
        worker.close()
        waiting.get(timeout=FINISH_SECONDS)
        assert got == [b"x"]


def test_workers_in_trouble_do_everything_once():
    @fdb.transactional
    def work_on(tr, queue, item):
        if queue.finish(tr, item):
            tr.add(DONE[item.data], ONE)

    for seed in seeds(3):
        queue = Queue(SPACE)
        count = 12
        with in_trouble(seed) as db:
            worker = queue.worker(db, batch=2)

            def work(db=db, queue=queue, worker=worker):
                for item in worker:
                    work_on(db, queue, item)
                    if queue.counts(db)[:2] == (0, 0) and item.data == b"last":
                        worker.close()

            with InThread(work), InThread(work):
                for number in range(count):
                    queue.push(db, b"%d" % number)
                while any(queue.counts(db)):
                    threading.Event().wait(0.005)
                queue.push(db, b"last")
            calm(db)
            rows = {DONE.unpack(row.key)[0]: row.value for row in db.get_range(DONE.range())}
            assert len(rows) == count + 1 and set(rows.values()) == {ONE}, f"seed {seed}"
