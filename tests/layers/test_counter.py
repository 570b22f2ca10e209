"""fdb/layers/_counter.py: adding that never conflicts, and takes effect once whatever goes wrong."""

from __future__ import annotations

import asyncio
import random
import struct

import pytest

import fdb
import fdb.testing
from fdb.layers import Counter
from helpers.layers import calm, done, in_trouble, seeds
from helpers.threads import in_threads

SPACE = fdb.Subspace(("counters",))
LOWEST, HIGHEST = -(2**63), 2**63 - 1


def test_it_counts(either_db):
    counter = Counter(SPACE)
    assert done(counter.get(either_db)) == 0
    done(counter.add(either_db))
    done(counter.add(either_db, 41))
    assert done(counter.get(either_db)) == 42
    done(counter.add(either_db, -50))
    assert done(counter.get(either_db)) == -8
    done(counter.set(either_db, 5))
    assert done(counter.get(either_db)) == 5
    done(counter.set(either_db, 0))
    assert done(counter.get(either_db)) == 0


def test_counters_within_a_counter_are_independent(either_db):
    counter = Counter(SPACE, shards=3)
    done(counter.add(either_db, 1))
    done(counter["home"].add(either_db, 2))
    done(counter["home"]["visits"].add(either_db, 3))
    done(counter[7].add(either_db, 4))
    names = (counter, counter["home"], counter["home"]["visits"], counter[7], counter[b"home"])
    assert [done(each.get(either_db)) for each in names] == [1, 2, 3, 4, 0]
    done(counter.set(either_db, 9))
    assert [done(each.get(either_db)) for each in names] == [9, 2, 3, 4, 0]
    assert counter["home"].shards == 3 and counter["home"].subspace == SPACE
    assert repr(counter["home"]) == f"Counter({SPACE!r}, shards=3)['home']"


def test_the_keys_are_as_documented():
    with fdb.testing.temporary_database() as db:
        Counter(SPACE)["home"].add(db, -2)
        assert struct.unpack("<q", db[SPACE.pack(("count", ("home",), 0))]) == (-2,)
        [receipt] = db.get_range(SPACE.range(("receipt",)))
        assert [type(part) for part in SPACE.unpack(receipt.key)] == [str, int, bytes]


@pytest.mark.parametrize("shards", [1, 4])
def test_the_whole_range_of_64_bits(shards):
    counter = Counter(SPACE, shards=shards)
    with fdb.testing.temporary_database() as db:
        for value in (HIGHEST, LOWEST, -1):
            counter.set(db, value)
            assert counter.get(db) == value
        counter.set(db, HIGHEST)
        counter.add(db, 1)
        assert counter.get(db) == LOWEST


def test_shards_spread_and_their_number_may_change():
    with fdb.testing.temporary_database() as db:
        for _ in range(60):
            Counter(SPACE, shards=5).add(db)
        assert len(list(db.get_range(SPACE.range(("count", ()))))) == 5
        Counter(SPACE, shards=2).add(db, 40)
        assert Counter(SPACE).get(db) == 100


def test_those_who_add_never_conflict():
    counter = Counter(SPACE)
    with fdb.testing.temporary_database() as db, fdb.testing.record(db) as log:
        in_threads(8, lambda _: [counter.add(db) for _ in range(5)])
        first, second = db.create_transaction(), db.create_transaction()
        counter.add(first)
        counter.add(second)
        second.commit().wait()
        first.commit().wait()
        log.no_conflicts()
        assert counter.get(db) == 42


def test_a_reader_that_writes_conflicts_and_its_snapshot_does_not():
    counter = Counter(SPACE)
    with fdb.testing.temporary_database() as db:
        for read, fails in ((lambda tr: tr, True), (lambda tr: tr.snapshot, False)):
            tr = db.create_transaction()
            counter.get(read(tr))
            tr[b"own"] = b"x"
            counter.add(db)
            if fails:
                with pytest.raises(fdb.FDBError, match="1020"):
                    tr.commit().wait()
            else:
                tr.commit().wait()


def test_a_transaction_sees_what_it_has_added():
    counter = Counter(SPACE, shards=3)

    @fdb.transactional
    def twice(tr):
        counter.add(tr, 2)
        counter["other"].add(tr, 3)
        counter.add(tr, 5)
        return counter.get(tr)

    with fdb.testing.temporary_database() as db:
        with fdb.testing.faults(db) as faults:
            faults.add("commit_unknown_result", times=2, effect="applied")
            assert twice(db) == 7
        assert (counter.get(db), counter["other"].get(db)) == (7, 3)


def test_tenants_have_their_own():
    counter = Counter(SPACE)
    with fdb.testing.temporary_database() as db:
        for name in (b"a", b"b"):
            fdb.tenant_management.create_tenant(db, name)
        counter.add(db.open_tenant(b"a"), 3)
        assert [counter.get(each) for each in (db.open_tenant(b"a"), db.open_tenant(b"b"))] == [
            3,
            0,
        ]


@pytest.mark.parametrize("shards", [1, 3])
def test_nothing_is_lost_or_doubled_whatever_goes_wrong(shards):
    for seed in seeds(12):
        draw = random.Random(seed)
        amounts = [draw.randrange(-100, 1000) for _ in range(6)]
        counter = Counter(SPACE, shards=shards)

        @fdb.transactional
        def add_two(tr, first, second, counter=counter):
            counter.add(tr, first)
            counter["other"].add(tr, 1)
            counter.add(tr, second)

        with in_trouble(seed) as db:
            for amount in amounts:
                counter.add(db, amount)
                add_two(db, amount, 1)
            calm(db)
            got = counter.get(db), counter["other"].get(db)
        assert got == (2 * sum(amounts) + len(amounts), len(amounts)), f"seed {seed}"


def test_threads_lose_and_double_nothing():
    counter = Counter(SPACE, shards=2)
    for seed in seeds(4):
        with in_trouble(seed) as db:
            in_threads(4, lambda number: [counter.add(db, number + 1) for _ in range(4)])
            assert counter.get(calm(db)) == 40, f"seed {seed}"


def test_tasks_lose_and_double_nothing():
    counter = Counter(SPACE)

    @fdb.transactional
    async def add_two(tr):
        await counter.add(tr)
        await counter.add(tr, 2)

    async def main(db):
        await asyncio.gather(
            *(counter.add(db, 10) for _ in range(4)), *(add_two(db) for _ in range(4))
        )
        return await counter.get(calm(db))

    for seed in seeds(8):
        with in_trouble(seed, "asyncio") as db:
            assert asyncio.run(main(db)) == 52, f"seed {seed}"


@pytest.mark.parametrize(
    ("use", "error", "text"),
    [
        (
            lambda counter, db: counter.add(db, 1.5),
            TypeError,
            "amount that is added must be an int, not 1.5",
        ),
        (lambda counter, db: counter.add(db, True), TypeError, "must be an int, not True"),
        (lambda counter, db: counter.add(db, 2**63), ValueError, f"{2**63} does not"),
        (
            lambda counter, db: counter.set(db, "1"),
            TypeError,
            "value of a counter must be an int, not '1'",
        ),
        (lambda counter, db: counter.set(db, LOWEST - 1), ValueError, "fit into 64 bits"),
        (lambda counter, db: counter[object()], (TypeError, ValueError), "object"),
        (lambda counter, db: list(counter), TypeError, "not iterable"),
        (lambda counter, db: Counter(SPACE, shards=0), ValueError, "1 to 10000 shards, not 0"),
        (
            lambda counter, db: Counter(SPACE, shards=2.0),
            TypeError,
            "shards of a Counter must be an int",
        ),
        (lambda counter, db: Counter(None), TypeError, "subspace of a Counter"),
        (
            lambda counter, db: counter.add(db.create_transaction().snapshot),
            TypeError,
            "a snapshot can only read",
        ),
    ],
)
def test_bad_input_names_the_thing_and_writes_nothing(use, error, text):
    with fdb.testing.temporary_database() as db:
        with pytest.raises(error, match=text):
            use(Counter(SPACE), db)
        assert list(db[:]) == []


def test_other_data_is_no_counter():
    with fdb.testing.temporary_database() as db:
        db[SPACE.pack(("count", (), 0))] = b"12"
        with pytest.raises(ValueError, match="is no part of a Counter: its value has 2 bytes"):
            Counter(SPACE).get(db)


def test_adding_in_a_function_is_retry_safe():
    counter = Counter(SPACE)

    @fdb.transactional
    def visit(tr):
        counter["visits"].add(tr)
        counter.set(tr, counter["visits"].get(tr))

    with fdb.testing.temporary_database() as db:
        receipts = fdb.Subspace(("receipt",), SPACE.key())
        fdb.testing.assert_retry_safe(visit, db, ignore=[receipts, "counter"])
