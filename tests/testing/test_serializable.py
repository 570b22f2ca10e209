"""assert_serializable: what it finds, what it says, and that it leaves nothing behind."""

from __future__ import annotations

import asyncio
import random
import sys
import threading
import zlib
from functools import partial
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies

import fdb
from fdb.testing._serializable import NotSerializable, Outcome, assert_serializable

SEED = 7
ACCOUNTS = fdb.Subspace(("accounts",))


@fdb.transactional
def transfer(tr: fdb.Transaction, source: str, target: str) -> None:
    for name, change in ((source, -1), (target, 1)):
        key = ACCOUNTS.pack((name,))
        tr[key] = b"%d" % (int(tr[key]) + change)


def sum_in_two(db: Any) -> int:
    return int(db[ACCOUNTS.pack(("a",))]) + int(db[ACCOUNTS.pack(("b",))])


@fdb.transactional
def sum_in_one(tr: fdb.Transaction) -> int:
    return int(tr[ACCOUNTS.pack(("a",))]) + int(tr[ACCOUNTS.pack(("b",))])


@pytest.fixture
def bank(memory_db: fdb.Database) -> fdb.Database:
    memory_db[ACCOUNTS.pack(("a",))] = b"5"
    memory_db[ACCOUNTS.pack(("b",))] = b"5"
    return memory_db


MOVE = partial(transfer, source="a", target="b")


def test_functions_that_are_serializable_pass(bank: fdb.Database) -> None:
    before = bank[:]
    assert_serializable([MOVE, sum_in_one, MOVE], bank, seed=SEED, schedules=60)
    assert bank[:] == before


def test_a_result_that_no_serial_order_has_is_found(bank: fdb.Database) -> None:
    before, threads = bank[:], threading.active_count()
    with pytest.raises(NotSerializable) as failed:
        assert_serializable([MOVE, sum_in_two], bank, seed=SEED)
    failure = failed.value
    assert failure.outcome.results == (None, 11)
    assert {each.results for each in failure.serial.values()} == {(None, 10)}
    assert failure.seed == SEED
    assert bank[:] == before
    assert threading.active_count() == threads


def test_the_failure_is_a_small_table(bank: fdb.Database) -> None:
    with pytest.raises(NotSerializable) as failed:
        assert_serializable([MOVE, sum_in_two], bank, seed=SEED)
    lines = str(failed.value).splitlines()
    head = lines.index("0: transfer(source='a', target='b')  1: sum_in_two")
    column = lines[head].index("1: sum")
    assert lines[head + 2 : head + 4] == [
        " " * column + "get ('accounts', 'a') -> b'5'",
        " " * column + "commit -> read-only",
    ]
    assert lines[head + 4] == "get ('accounts', 'a') -> b'5'"
    assert "    1: returned 11" in lines
    assert "serially, 0 then 1 (and 1 more orders):" in lines
    assert f"schedule={failed.value.schedule!r}" in lines[-1]
    # The fewest switches: the other function comes in between, and is done.
    assert len([line for line in lines[head + 2 :] if "commit" in line]) == 3


def test_the_same_seed_finds_the_same(bank: fdb.Database) -> None:
    found = []
    for _ in range(2):
        with pytest.raises(NotSerializable) as failed:
            assert_serializable([MOVE, sum_in_two, MOVE], bank, seed=SEED)
        found.append(failed.value.schedule)
    assert found[0] == found[1]


def test_a_schedule_is_run_again(bank: fdb.Database) -> None:
    with pytest.raises(NotSerializable) as failed:
        assert_serializable([MOVE, sum_in_two], bank, seed=SEED)
    schedule = failed.value.schedule
    with pytest.raises(NotSerializable) as again:
        assert_serializable([MOVE, sum_in_two], bank, schedule=schedule)
    assert again.value.schedule == schedule
    assert again.value.seed is None
    assert_serializable([MOVE, sum_in_one], bank, schedule=schedule)


def test_without_a_seed_one_is_drawn_and_named(bank: fdb.Database) -> None:
    with pytest.raises(NotSerializable) as failed:
        assert_serializable([MOVE, sum_in_two], bank)
    assert f"seed={failed.value.seed}" in str(failed.value)


def test_something_else_may_be_compared(bank: fdb.Database) -> None:
    def only_rows(outcome: Outcome) -> Any:
        return outcome.content

    assert_serializable([MOVE, sum_in_two], bank, seed=SEED, outcome=only_rows)
    with pytest.raises(NotSerializable, match="outcome: 11\nserially: 10"):
        assert_serializable(
            [MOVE, sum_in_two], bank, seed=SEED, outcome=lambda each: each.results[1]
        )


def test_an_exception_is_part_of_the_outcome(bank: fdb.Database) -> None:
    def check(db: Any) -> None:
        if sum_in_two(db) != 10:
            raise ValueError("money was made")

    with pytest.raises(NotSerializable, match=r"1: raised ValueError\('money was made'\)"):
        assert_serializable([MOVE, check], bank, seed=SEED)


def test_what_always_fails_is_raised(bank: fdb.Database) -> None:
    def wrong(db: Any) -> None:
        db.no_such_method()

    with pytest.raises(AttributeError, match="no_such_method"):
        assert_serializable([wrong, wrong], bank, seed=SEED)


def test_what_functions_keep_is_put_back(bank: fdb.Database) -> None:
    calls: list[int] = []

    def count_calls(db: Any) -> int:
        calls.append(sum_in_one(db))
        return len(calls)

    assert_serializable([MOVE, count_calls], bank, seed=SEED, schedules=10)
    assert calls == []


def test_versionstamps_are_compared_by_their_order(memory_db: fdb.Database) -> None:
    @fdb.transactional
    def push(tr: fdb.Transaction, job: bytes) -> None:
        tr.set_versionstamped_key(
            fdb.tuple.pack_with_versionstamp((fdb.tuple.Versionstamp(),)), job
        )

    jobs = [partial(push, job=b"one"), partial(push, job=b"two")]
    assert_serializable(jobs, memory_db, seed=SEED, schedules=20)


def test_chance_is_refused(bank: fdb.Database) -> None:
    def note(db: Any) -> None:
        db[b"noted"] = b"%r" % (random.SystemRandom().random(),)

    with pytest.raises(ValueError, match="something else every time, .*the rows b'noted' differ"):
        assert_serializable([MOVE, note], bank, seed=SEED)

    def without_note(outcome: Outcome) -> Any:
        return {key: value for key, value in outcome.content.items() if key != b"noted"}

    assert_serializable([MOVE, note], bank, seed=SEED, schedules=10, outcome=without_note)


def test_a_tenant_has_rows_of_its_own(memory_db: fdb.Database) -> None:
    fdb.tenant_management.create_tenant(memory_db, b"t")
    tenant = memory_db.open_tenant(b"t")
    tenant[ACCOUNTS.pack(("a",))] = b"5"
    tenant[ACCOUNTS.pack(("b",))] = b"5"
    memory_db[b"outside"] = b"stays"
    with pytest.raises(NotSerializable):
        assert_serializable([MOVE, sum_in_two], tenant, seed=SEED)
    assert tenant[ACCOUNTS.pack(("a",))] == b"5"
    assert memory_db[b"outside"] == b"stays"


async def add_in_two(db: fdb.AsyncDatabase) -> None:
    await db.set(b"n", b"%d" % (int(await db.get(b"n") or b"0") + 1))


@fdb.transactional
async def add_in_one(tr: fdb.Transaction) -> None:
    value = await tr[b"n"]
    tr[b"n"] = b"%d" % (int(value) + 1 if value.present() else 1)


def test_coroutine_functions(async_memory_db: fdb.AsyncDatabase) -> None:
    async def main() -> None:
        await assert_serializable(
            [add_in_one, add_in_one], async_memory_db, seed=SEED, schedules=40
        )
        with pytest.raises(NotSerializable):
            await assert_serializable([add_in_two, add_in_two], async_memory_db, seed=SEED)
        assert await async_memory_db.get(b"n") is None

    asyncio.run(main())


def test_a_search_that_is_cancelled(async_memory_db: fdb.AsyncDatabase) -> None:
    begun = threading.Event()

    async def add(db: fdb.AsyncDatabase) -> None:
        await add_in_one(db)
        begun.set()

    async def main() -> None:
        search = asyncio.create_task(
            assert_serializable([add, add], async_memory_db, schedules=1_000_000)
        )
        await asyncio.to_thread(begun.wait)
        search.cancel()
        with pytest.raises(asyncio.CancelledError):
            await search
        assert await async_memory_db[:] == []

    asyncio.run(main())


def test_within_a_test_of_hypothesis(bank: fdb.Database) -> None:
    nested = [hypothesis.HealthCheck.nested_given]  # as Hypothesis says when it is left out

    @hypothesis.settings(max_examples=2, deadline=None, database=None, suppress_health_check=nested)
    @hypothesis.given(strategies.sampled_from([1, 2]))
    def check(times: int) -> None:
        assert_serializable([MOVE, sum_in_one] * times, bank, seed=SEED, schedules=5)

    check()


def test_the_rows_come_back_when_functions_get_stuck(bank: fdb.Database) -> None:
    before = bank[:]
    lock = threading.Lock()

    def locked(db: Any) -> None:
        with lock:
            MOVE(db)

    with pytest.raises(RuntimeError, match="comes to no read|has come to no read"):
        assert_serializable([locked, locked], bank, seed=SEED, patience=0.2)
    assert bank[:] == before


@pytest.mark.parametrize(
    ("workload", "options", "error", "text"),
    [
        (MOVE, {}, TypeError, "workload must be a list of functions"),
        ([MOVE, b"x"], {}, TypeError, r"workload\[1\] must be a function that takes the database"),
        ([MOVE], {}, ValueError, "2 to 6 functions, and this one has 1"),
        ([MOVE] * 7, {}, ValueError, "this one has 7"),
        ([MOVE, MOVE], {"schedules": 0}, ValueError, "schedules must be a number from 1 on, not 0"),
        (
            [MOVE, MOVE],
            {"patience": -1},
            ValueError,
            "patience must be a number of seconds above 0",
        ),
    ],
)
def test_arguments_of_no_use_are_refused(
    bank: fdb.Database, workload: Any, options: Any, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        assert_serializable(workload, bank, **options)


def test_something_that_is_no_database_is_refused() -> None:
    with pytest.raises(TypeError, match="assert_serializable\\(\\) takes a database"):
        assert_serializable([MOVE, MOVE], b"db")  # type: ignore[call-overload]


def test_what_to_install_is_said(bank: fdb.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(RuntimeError, match="pip install hypothesis"):
        assert_serializable([MOVE, MOVE], bank, seed=SEED)


KEYS = [b"a", b"b", b"c", b"d"]


def random_function(chance: random.Random) -> Any:
    """A transaction of reads that conflict, and of writes that depend on them."""
    steps = [
        (
            chance.choice(["get", "range", "last", "set", "add", "clear"]),
            *sorted(chance.choices(KEYS, k=2)),
        )
        for _ in range(chance.randint(2, 5))
    ]

    @fdb.transactional
    def act(tr: fdb.Transaction) -> list[Any]:
        seen: list[Any] = []
        for what, begin, end in steps:
            if what == "get":
                seen.append(tr[begin].value)
            elif what == "range":
                seen.append([(row.key, row.value) for row in tr[begin : end + b"\x00"]])
            elif what == "last":
                seen.append(tr.get_key(fdb.KeySelector.last_less_or_equal(end)).wait() == end)
            elif what == "set":
                tr[begin] = b"%d" % (zlib.crc32(repr(seen).encode()) % 10)
            elif what == "add":
                tr.add(end, b"\x01")
            else:
                tr.clear_range(begin, end)
        return seen

    return act


@pytest.mark.parametrize("seed", range(8))
def test_transactions_that_read_with_conflicts_are_serializable(
    memory_db: fdb.Database, seed: int
) -> None:
    chance = random.Random(seed)
    memory_db[b"b"], memory_db[b"d"] = b"1", b"2"
    workload = [random_function(chance) for _ in range(chance.choice([2, 2, 3]))]
    assert_serializable(workload, memory_db, seed=seed, schedules=40)
