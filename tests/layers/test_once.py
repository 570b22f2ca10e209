"""fdb/layers/_once.py: what is retried after an unknown result takes effect once."""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import time

import pytest

import fdb
import fdb.testing
from fdb._layers import run
from fdb.layers._once import Receipts

COUNT = b"count"
RECEIPTS = b"receipts/"


@pytest.fixture(params=["threads", "asyncio"])
def base(request):
    with fdb.testing.temporary_database(
        event_model=request.param if request.param != "threads" else None
    ) as db:
        yield db


def done(result):
    """Waits for what an operation of either kind returned."""
    return asyncio.run(result) if asyncio.iscoroutine(result) else result


def count_of(db):
    value = done(db.get(COUNT))
    return 0 if value is None else int.from_bytes(value, "little")


def receipts_of(db):
    return done(db.get_range_startswith(RECEIPTS))


def increment(receipts):
    def steps(tr):
        if (yield from receipts.applied(tr)) is None:
            tr.add(COUNT, (1).to_bytes(8, "little"))

    return steps


@pytest.mark.parametrize("effect", ["applied", "lost"])
def test_an_unknown_result_counts_once(base, effect):
    receipts = Receipts(RECEIPTS)
    with fdb.testing.faults(base) as faults:
        faults.add("commit_unknown_result", times=3, effect=effect)
        done(run(base, increment(receipts)))
        # An attempt that finds its receipt has nothing to commit.
        expected = 1 if effect == "applied" else 3
        assert faults.injected["commit_unknown_result"] == expected
    assert count_of(base) == 1


def test_without_receipts_it_would_count_again(base):
    def steps(tr):
        tr.add(COUNT, (1).to_bytes(8, "little"))
        yield tr.get(b"")

    with fdb.testing.faults(base) as faults:
        faults.add("commit_unknown_result", times=1, effect="applied")
        done(run(base, steps))
    assert count_of(base) == 2


def test_in_a_transactional_function_of_the_program(base):
    receipts = Receipts(RECEIPTS)
    is_async = isinstance(base, fdb.AsyncDatabase)

    @fdb.transactional
    def twice(tr):
        run(tr, increment(receipts))
        run(tr, increment(receipts))
        tr[b"own"] = b"x"

    @fdb.transactional
    async def twice_in_a_loop(tr):
        await run(tr, increment(receipts))
        await run(tr, increment(receipts))
        tr[b"own"] = b"x"

    for seed in range(10):
        before = count_of(base)
        with fdb.testing.faults(base, seed=seed) as faults:
            faults.add("commit_unknown_result", probability=0.6)
            faults.add("not_committed", probability=0.3)
            done(twice_in_a_loop(base) if is_async else twice(base))
        assert count_of(base) == before + 2, f"seed {seed}"


def test_receipts_are_removed_by_later_operations(base):
    receipts = Receipts(RECEIPTS)
    for _ in range(20):
        done(run(base, increment(receipts)))
        gc.collect()
    assert count_of(base) == 20
    assert len(receipts_of(base)) <= 3


def test_a_reset_begins_anew(base):
    receipts = Receipts(RECEIPTS)
    tr = base.create_transaction()

    def once():
        if isinstance(base, fdb.AsyncDatabase):

            async def main():
                await run(tr, increment(receipts))
                await tr.commit()

            asyncio.run(main())
        else:
            run(tr, increment(receipts))
            tr.commit().wait()

    once()
    tr.reset()
    once()
    assert count_of(base) == 2


def test_old_receipts_go_by_age(base):
    hour = int(time.time()) // 3600
    old, recent = (RECEIPTS + fdb.tuple.pack((hour - age, b"0123456789abcdef")) for age in (30, 20))
    for key in (old, recent):
        done(base.set(key, b""))
    done(run(base, increment(Receipts(RECEIPTS))))
    keys = [row.key for row in receipts_of(base)]
    assert old not in keys and recent in keys


def test_a_stamped_receipt_tells_the_version_of_the_commit(base):
    receipts = Receipts(RECEIPTS, stamped=True)

    def steps(tr):
        earlier = yield from receipts.applied(tr)
        if earlier is None:
            tr.set_versionstamped_key(b"log/" + bytes(14 - 4) + (4).to_bytes(4, "little"), b"x")
        return earlier

    assert done(run(base, steps)) is None
    with fdb.testing.faults(base) as faults:
        faults.add("commit_unknown_result", times=1, effect="applied")
        earlier = done(run(base, steps))
    keys = [row.key for row in done(base.get_range_startswith(b"log/"))]
    assert len(keys) == 2
    assert keys[1] == b"log/" + earlier


def test_receipts_are_removed_in_each_tenant():
    receipts = Receipts(RECEIPTS)
    with fdb.testing.temporary_database() as db:
        names = (b"one", b"two", b"three")
        for name in names:
            fdb.tenant_management.create_tenant(db, name)
        for _ in range(20):
            for name in names:
                run(db.open_tenant(name), increment(receipts))
        gc.collect()
        for name in names:
            assert count_of(db.open_tenant(name)) == 20
            assert len(receipts_of(db.open_tenant(name))) <= 3


def test_a_look_for_the_receipt_that_is_interrupted_finds_out_nothing():
    receipts = Receipts(RECEIPTS)
    with fdb.testing.temporary_database() as db:
        tr = db.create_transaction()
        run(tr, increment(receipts))
        with fdb.testing.faults(db) as faults:
            faults.add("commit_unknown_result", times=1, effect="applied")
            with pytest.raises(fdb.FDBError) as failed:
                tr.commit().wait()
        tr.on_error(failed.value).wait()
        interrupted = increment(receipts)(tr)
        next(interrupted)  # is reading the receipt
        interrupted.close()
        run(tr, increment(receipts))
        tr.commit().wait()
        assert count_of(db) == 1


class Refused(Exception):
    def __init__(self, what, when):
        super().__init__(f"{what} {when}")
        self.what = what


class OfItsOwnMaking(Exception):
    def __new__(cls, *, what):
        return super().__new__(cls, what)

    def __init__(self, *, what):
        super().__init__(what)


@pytest.mark.parametrize("kind", ["plain", "own"])
def test_what_was_refused_is_refused_again(base, kind):
    receipts = Receipts(RECEIPTS)
    refusal = Refused("this", "now") if kind == "plain" else OfItsOwnMaking(what="this")

    def steps(refuses):
        def start(tr):
            if refuses:
                raise refusal
            tr.add(COUNT, (1).to_bytes(8, "little"))
            return
            yield

        return lambda tr: receipts.once(tr, start)

    seen = []

    @fdb.transactional
    def both(tr):
        run(tr, steps(refuses=False))
        with pytest.raises(type(refusal)) as refused:
            run(tr, steps(refuses=seen == []))
        seen.append(refused.value)
        run(tr, steps(refuses=False))

    @fdb.transactional
    async def both_in_a_loop(tr):
        await run(tr, steps(refuses=False))
        with pytest.raises(type(refusal)) as refused:
            await run(tr, steps(refuses=seen == []))
        seen.append(refused.value)
        await run(tr, steps(refuses=False))

    with fdb.testing.faults(base) as faults:
        faults.add("commit_unknown_result", times=1, effect="applied")
        done(both_in_a_loop(base) if isinstance(base, fdb.AsyncDatabase) else both(base))
    assert count_of(base) == 2
    assert [str(error) for error in seen] == [str(refusal)] * 2
    assert vars(seen[1]) == vars(refusal)


def test_a_forked_process_leaves_the_receipt_to_the_other_one():
    receipts = Receipts(RECEIPTS)
    with fdb.testing.temporary_database() as db:
        tr = db.create_transaction()
        run(tr, increment(receipts))
        [place] = receipts._places[db].values()
        child = os.fork()
        if child == 0:
            tr._receipts.clear()
            os._exit(len(place.finished))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        tr._receipts.clear()
        assert len(place.finished) == 1


def test_receipts_can_be_sent_to_another_process():
    receipts = pickle.loads(pickle.dumps(Receipts(RECEIPTS, stamped=True)))
    assert (receipts._prefix, receipts._stamped) == (RECEIPTS, True)
