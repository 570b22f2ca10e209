"""fdb/_bulk/work.py: counting, copying and clearing ranges of any size, with faults and from where it was interrupted."""

from __future__ import annotations

import asyncio
import random

import pytest

import fdb
import fdb.testing
from bulk.conftest import SEEDS
from helpers.databases import fill

ROWS = [(b"k%04d" % number, b"v" * (number % 90)) for number in range(400)]
RANGE = (b"k", b"l")
AROUND = [(b"a", b"before"), (b"z", b"behind")]


@pytest.fixture
def filled(either):
    fill(either.plain, [*ROWS, *AROUND])
    either.db.options.set_transaction_max_retry_delay(1)
    return either


class Interrupted(Exception):
    """What ends a piece of work here and there."""


def interrupt(rng):
    def on_progress(progress):
        interrupt.last = progress
        if rng.random() < 0.3:
            raise Interrupted

    return on_progress


def break_things(faults):
    for name in ("not_committed", "future_version", "process_behind", "short_range"):
        faults.add(name, probability=0.1)
    faults.add("commit_unknown_result", probability=0.3, effect="either")


class TestCount:
    def test_it_counts(self, filled):
        assert filled.count(RANGE) == 400
        assert filled.count((None, None)) == 402
        assert filled.count((b"m", b"n")) == 0
        assert filled.count(RANGE, consistent=True) == 400

    def test_one_version(self, filled):
        with fdb.testing.clock(filled.db) as clock:
            many = [(b"k%04d" % number, b"v" * 1000) for number in range(400)]
            fill(filled.plain, many)
            with pytest.raises(fdb.FDBError) as failed:
                filled.count(RANGE, consistent=True, on_progress=lambda _: clock.advance(10))
            assert failed.value.code == 1007
            assert filled.count(RANGE, on_progress=lambda _: clock.advance(10)) == 400

    def test_under_faults(self, filled):
        for seed in SEEDS:
            print("seed", seed)
            with fdb.testing.faults(filled.db, seed=seed, rules="on"):
                assert filled.count(RANGE) == 400

    def test_a_direction_means_nothing(self, filled):
        with pytest.raises(ValueError, match="the direction of reading"):
            filled.count(slice(b"k", b"l", -1))


class TestCopy:
    def test_it_copies(self, filled, other):
        other.plain[b"k0000"] = b"old"
        other.plain[b"x"] = b"remains"
        assert filled.copy(RANGE, other.db).rows == 400
        assert other.plain[:] == [*ROWS, (b"x", b"remains")]
        assert filled.plain[:] == sorted([*ROWS, *AROUND])

    def test_into_a_file_and_a_tenant(self, memory_db, tmp_path):
        fill(memory_db, ROWS)
        fdb.tenant_management.create_tenant(memory_db, b"t")
        tenant = memory_db.open_tenant(b"t")
        with fdb.open(f"file:{tmp_path}/rows.fdb") as target:
            memory_db.copy(RANGE, target)
            assert target[:] == ROWS
            target.copy(RANGE, tenant)
        assert tenant[:] == ROWS

    def test_a_transform(self, filled, other):
        def transform(key, value):
            return None if len(value) % 2 else (b"new" + key, value.upper())

        told = filled.copy(RANGE, other.db, transform=transform)
        assert told.rows == 400
        assert other.plain[:] == [(b"new" + k, v.upper()) for k, v in ROWS if len(v) % 2 == 0]

    def test_rows_that_are_left_out_are_not_held(self, filled, other):
        told = []
        last = filled.copy(
            RANGE,
            other.db,
            transform=lambda key, value: None,
            batch_bytes=1000,
            on_progress=told.append,
        )
        assert (last.rows, last.transactions) == (400, 0)
        assert len(told) > 20
        assert filled.copy(RANGE, other.db, continuation=told[3].continuation).rows == (
            400 - told[3].rows
        )

    @pytest.mark.parametrize("wrong", [5, b"ab", (b"a",), (b"a", b"b", b"c"), (b"a", "text")])
    def test_what_a_transform_must_not_return(self, filled, other, wrong):
        with pytest.raises(TypeError):
            filled.copy(RANGE, other.db, transform=lambda key, value: wrong)
        assert other.plain[:] == []

    def test_to_another_place_in_the_same_database(self, filled):
        filled.copy(RANGE, filled.db, transform=lambda key, value: (b"x" + key, value))
        assert filled.plain[b"x":b"y"] == [(b"x" + key, value) for key, value in ROWS]

    @pytest.mark.parametrize("transform", [None, lambda key, value: (key + b"x", value)])
    def test_onto_itself(self, filled, transform):
        with pytest.raises(ValueError, match="the key b'k0000x?' lies in the range that is copied"):
            filled.copy(RANGE, filled.db, transform=transform)
        assert filled.plain[:] == sorted([*ROWS, *AROUND])

    def test_a_database_onto_its_session(self, memory_db):
        memory_db[b"k"] = b"1"
        with pytest.raises(ValueError, match="lies in the range"):
            memory_db.copy((b"k", b"l"), memory_db.session())
        with pytest.raises(ValueError, match="lies in the range"):
            memory_db.session().copy((b"k", b"l"), memory_db)

    def test_a_tenant_onto_itself(self, memory_db):
        fdb.tenant_management.create_tenant(memory_db, b"t")
        memory_db.open_tenant(b"t")[b"k"] = b"v"
        with pytest.raises(ValueError, match="lies in the range that is copied"):
            memory_db.open_tenant(b"t").copy(RANGE, memory_db.open_tenant(b"t"))

    def test_wrong_continuations(self, filled, other):
        continuation = filled.scan((b"k", b"m")).continuation
        with pytest.raises(ValueError, match="the continuation is of another range"):
            filled.copy(RANGE, other.db, continuation=continuation)
        assert other.plain[:] == []

    @pytest.mark.parametrize("seed", SEEDS)
    def test_interrupted_under_faults(self, filled, other, seed):
        rng = random.Random(seed)
        other.db.options.set_transaction_max_retry_delay(1)
        continuation = None
        rows = 0
        with (
            fdb.testing.faults(filled.db, seed=seed) as reading,
            fdb.testing.faults(other.db, seed=seed) as writing,
        ):
            break_things(reading)
            break_things(writing)
            while True:
                try:
                    interrupt.last = None
                    last = filled.copy(
                        RANGE,
                        other.db,
                        batch_bytes=5_000,
                        continuation=continuation,
                        on_progress=interrupt(rng),
                    )
                except Interrupted:
                    continuation = interrupt.last.continuation
                    rows += interrupt.last.rows
                else:
                    rows += last.rows
                    break
        assert rows == 400
        assert other.plain[:] == ROWS
        assert filled.copy(RANGE, other.db, continuation=last.continuation).rows == 0


class TestClear:
    def test_it_clears(self, filled):
        last = filled.clear_in_batches(RANGE, batch_bytes=5_000)
        assert (last.rows, last.key) == (400, b"k0399")
        assert last.transactions > 1
        assert filled.plain[:] == AROUND

    def test_what_was_written_meanwhile_ahead_of_it(self, filled):
        many = [(b"k%04d" % number, b"v" * 1000) for number in range(400)]
        fill(filled.plain, many)

        def write(progress):
            filled.plain[b"k0399"] = b"new"

        assert filled.clear_in_batches(RANGE, batch_bytes=1000, on_progress=write).rows == 400
        # It was written again after the last transaction.
        assert filled.plain[b"k":b"l"] == [(b"k0399", b"new")]

    @pytest.mark.parametrize("seed", SEEDS)
    def test_interrupted_under_faults(self, filled, seed):
        rng = random.Random(seed)
        fill(filled.plain, [(b"k%04d" % number, b"v" * 1000) for number in range(400)])
        rows = 0
        with fdb.testing.faults(filled.db, seed=seed) as faults:
            break_things(faults)
            while True:
                try:
                    interrupt.last = None
                    last = filled.clear_in_batches(
                        RANGE, batch_bytes=50_000, on_progress=interrupt(rng)
                    )
                except Interrupted:
                    rows += interrupt.last.rows
                else:
                    rows += last.rows
                    break
        assert rows == 400
        assert filled.plain[:] == AROUND


def test_nobody_else_conflicts_with_reads_of_rows_that_are_copied(filled, other):
    with fdb.testing.record(filled.db) as log:
        filled.copy(RANGE, other.db)
        log.no_conflicts()


def test_a_copy_that_is_cancelled_goes_on(async_memory_db, memory_db):
    fill(memory_db, ROWS)
    name = fdb.embedded.unique()
    target = fdb.open(name, event_model="asyncio")
    told = []

    async def main():
        def stop(progress):
            told.append(progress)
            task.cancel()

        task = asyncio.ensure_future(
            async_memory_db.copy(RANGE, target, batch_bytes=5000, on_progress=stop)
        )
        with pytest.raises(asyncio.CancelledError):
            await task
        await async_memory_db.copy(RANGE, target, continuation=told[-1].continuation)

    try:
        asyncio.run(main())
        assert fdb.open(name)[:] == ROWS
    finally:
        fdb.embedded.drop(name)


def test_it_is_safe_to_retry(memory_db):
    fill(memory_db, ROWS[:4])

    def move(db):
        copied = db.copy(RANGE, db, transform=lambda k, v: (b"x" + k, v), batch_bytes=300)
        cleared = db.clear_in_batches(RANGE, batch_bytes=1)
        return copied.rows, copied.transactions, cleared.rows, cleared.transactions, db.count(RANGE)

    fdb.testing.assert_retry_safe(move, memory_db)
