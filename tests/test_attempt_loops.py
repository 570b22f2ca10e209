"""fdb/_attempt_loops.py: retry loops in line, and blocks that are one transaction."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

import fdb
import fdb.testing

CONFLICT, TIMED_OUT = 1020, 1031


def disturb(db: fdb.Database, tr: fdb.Transaction) -> None:
    """Has the commit of a transaction conflict."""
    tr[b"read"].present()
    tr.set(b"own", b"")
    db.set(b"read", b"")


# ---- attempts ----


def test_a_loop_commits_once(memory_db: fdb.Database) -> None:
    for attempt in memory_db.attempts():
        with attempt as tr:
            assert (attempt.number, attempt.last_error) == (1, None)
            tr[b"a"] = b"1"
    assert memory_db[:] == [(b"a", b"1")]


def test_a_loop_goes_on_until_it_succeeds(memory_db: fdb.Database) -> None:
    numbers = []
    errors = []
    for attempt in memory_db.attempts(max_retry_delay=0.001):
        with attempt as tr:
            numbers.append(attempt.number)
            errors.append(attempt.last_error and attempt.last_error.code)
            tr[b"a"] = str(attempt.number).encode()
            if attempt.number == 1:
                raise fdb.FDBError(CONFLICT)
            if attempt.number == 2:
                disturb(memory_db, tr)
    assert numbers == [1, 2, 3]
    assert errors == [None, CONFLICT, CONFLICT]
    assert memory_db[b"a"] == b"3"
    assert memory_db[b"own"] is None


def test_attempts_can_be_begun_anew(memory_db: fdb.Database) -> None:
    attempts = memory_db.attempts()
    for _ in range(2):
        for attempt in attempts:
            with attempt as tr:
                tr.add(b"n", b"\1")
    assert memory_db[b"n"] == b"\2"
    assert repr(attempts) == f"<Attempts of {memory_db!r}>"


def test_the_policy_bounds_a_loop(memory_db: fdb.Database) -> None:
    seen: list[int] = []
    with pytest.raises(fdb.FDBError, match="after 3 attempts in .* retry_limit=2") as caught:
        for attempt in memory_db.attempts(retry_limit=2, on_retry=lambda r: seen.append(r.attempt)):
            with attempt as tr:
                disturb(memory_db, tr)
    error = caught.value
    assert (error.code, error.attempts, seen) == (CONFLICT, 3, [1, 2])
    with pytest.raises(fdb.FDBError, match="timeout=0.05") as caught:
        for attempt in memory_db.attempts(timeout=0.05, max_retry_delay=0.001):
            with attempt:
                raise fdb.FDBError(CONFLICT)
    assert caught.value.code == TIMED_OUT
    assert isinstance(caught.value.__cause__, fdb.FDBError)
    with pytest.raises(fdb.FDBError, match="read_only"):
        for attempt in memory_db.attempts(read_only=True):
            with attempt as tr:
                tr[b"a"] = b"1"
    with pytest.raises(fdb.FDBError, match="at_least"):
        for attempt in memory_db.attempts(at_least=2**62, retry_limit=1):
            pytest.fail(f"{attempt} was made")
    for name, keywords in (("retries", {"retries": 1}), ("timeout", {"timeout": 0})):
        with pytest.raises((TypeError, ValueError), match=name):
            memory_db.attempts(**keywords)  # type: ignore[arg-type]


def test_an_error_is_raised_as_it_was(memory_db: fdb.Database) -> None:
    error = fdb.FDBError(2000)
    with pytest.raises(fdb.FDBError) as caught:
        for attempt in memory_db.attempts():
            with attempt as tr:
                tr[b"a"] = b"1"
                raise error from KeyError("why")
    assert caught.value is error
    assert isinstance(error.__cause__, KeyError)
    assert caught.traceback[-1].name == "test_an_error_is_raised_as_it_was"
    assert memory_db[:] == []


def test_another_exception_cancels(memory_db: fdb.Database) -> None:
    kept: list[fdb.Transaction] = []
    with pytest.raises(KeyError):
        for attempt in memory_db.attempts():
            with attempt as tr:
                kept.append(tr)
                tr[b"a"] = b"1"
                raise KeyError("a")
    with pytest.raises(fdb.FDBError):
        kept[0].commit().wait()
    assert memory_db[:] == []


def test_a_block_that_was_left_and_not_committed_raises(memory_db: fdb.Database) -> None:
    def returns(disturbed: bool) -> str:
        for attempt in memory_db.attempts():
            with attempt as tr:
                tr[b"a"] = b"1"
                if disturbed:
                    disturb(memory_db, tr)
                return "returned"
        return "ended"

    def breaks(disturbed: bool) -> str:
        for _ in range(2):
            for attempt in memory_db.attempts():
                with attempt as tr:
                    tr[b"a"] = b"1"
                    if disturbed:
                        disturb(memory_db, tr)
                    break
        return "ended"

    def continues(disturbed: bool) -> str:
        for attempt in memory_db.attempts(max_retry_delay=0.001):
            with attempt as tr:
                tr[b"a"] = b"1"
                if disturbed and attempt.number == 1:
                    disturb(memory_db, tr)
                    continue
                tr[b"b"] = b"1"
            if attempt.number == 4:
                break
        return "ended"

    assert (returns(False), breaks(False), continues(False)) == ("returned", "ended", "ended")
    for function in (returns, breaks):
        memory_db.clear(b"own")
        with pytest.raises(fdb.FDBError, match="left by return or break") as caught:
            function(True)
        assert (caught.value.code, caught.value.attempts) == (CONFLICT, 1)
        assert memory_db[b"own"] is None
    memory_db.clear(b"b")
    assert continues(True) == "ended"
    assert memory_db[b"b"] == b"1"


def test_loops_that_are_not_written_as_documented(memory_db: fdb.Database) -> None:
    with pytest.raises(RuntimeError, match="with attempt as tr"):
        for _ in memory_db.attempts():
            pass
    attempt = next(iter(memory_db.attempts()))
    with attempt as tr:
        tr[b"a"] = b"1"
    with pytest.raises(RuntimeError, match="made once"), attempt:
        pass
    for attempt in memory_db.attempts(max_retry_delay=0.001):
        with contextlib.ExitStack() as stack:
            tr = stack.enter_context(attempt)
            tr[b"b"] = b"1"
            if attempt.number == 1:
                disturb(memory_db, tr)
    assert memory_db[b"b"] == b"1"


def test_a_block_in_a_helper_whose_loop_ends_raises(memory_db: fdb.Database) -> None:
    def attempted(attempt: Any) -> str:
        with attempt as tr:
            if attempt.number == 1:
                disturb(memory_db, tr)
            return "done"

    def returns() -> str:
        for attempt in memory_db.attempts():
            return attempted(attempt)
        return "ended"

    def returns_from_a_stack() -> str:
        for attempt in memory_db.attempts():
            with contextlib.ExitStack() as stack:
                disturb(memory_db, stack.enter_context(attempt))
                return "done"
        return "ended"

    for function in (returns, returns_from_a_stack):
        with pytest.raises(fdb.FDBError, match="left by return or break"):
            function()
    assert memory_db[b"own"] is None
    for attempt in memory_db.attempts(max_retry_delay=0.001):
        result = attempted(attempt)
    assert (result, attempt.number) == ("done", 2)


def test_a_loop_that_is_left_behind_a_failed_attempt_warns(memory_db: fdb.Database) -> None:
    def leaves() -> None:
        for attempt in memory_db.attempts():
            with attempt as tr:
                disturb(memory_db, tr)
                read = tr[b"read"].value
            if read is not None:
                break

    with pytest.warns(RuntimeWarning, match=r"failed with not_committed \(1020\)"):
        leaves()
    with pytest.warns(RuntimeWarning, match="nothing of it was written") as warned:
        for attempt in memory_db.attempts():
            with attempt:
                raise fdb.FDBError(CONFLICT)
            break
        assert len(warned) == 1  # at once
    assert memory_db[b"own"] is None


def test_a_watch_of_an_attempt_is_not_waited_for_inside(memory_db: fdb.Database) -> None:
    for attempt in memory_db.attempts():
        with attempt as tr:
            watch = tr.watch(b"a")
            with pytest.raises(RuntimeError, match="after its transaction was committed"):
                watch.wait()
    memory_db[b"a"] = b"1"
    watch.wait()


# ---- one transaction ----


def test_a_block_is_one_transaction(memory_db: fdb.Database) -> None:
    with memory_db.transaction() as tr:
        tr[b"a"] = b"1"
    assert memory_db[b"a"] == b"1"
    with pytest.raises(
        fdb.FDBError, match="after 1 attempt in .*conflicting keys: b'read'"
    ) as caught:
        with memory_db.transaction(report_conflicts=True) as tr:
            disturb(memory_db, tr)
    error = caught.value
    assert (error.code, error.attempts, error.last_error) == (CONFLICT, 1, None)
    assert error.conflicting_keys == [(b"read", b"read\0")]
    with pytest.raises(KeyError), memory_db.transaction() as tr:
        tr[b"b"] = b"1"
        raise KeyError("b")
    assert memory_db[b"b"] is None
    with pytest.raises(fdb.FDBError):
        tr.commit().wait()
    with pytest.raises(fdb.FDBError, match="read_only"):
        with memory_db.transaction(read_only=True) as tr:
            tr[b"b"] = b"1"
    with pytest.raises(fdb.FDBError, match="at_least"):
        with memory_db.transaction(at_least=2**62):
            pytest.fail("the block has begun")


def test_a_block_has_one_attempt(memory_db: fdb.Database) -> None:
    for name in ("retry_limit", "max_retry_delay", "on_retry"):
        with pytest.raises(TypeError, match=f"{name} means nothing"):
            memory_db.transaction(**{name: 1})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="'retries' is none"):
        memory_db.transaction(retries=1)  # type: ignore[call-arg]
    block = memory_db.transaction()
    with block:
        with pytest.raises(RuntimeError, match="has begun already"), block:
            pass
    with block as tr:
        tr[b"again"] = b"1"
    assert memory_db[b"again"] == b"1"


# ---- asyncio ----


async def disturb_asynchronously(db: fdb.AsyncDatabase, tr: fdb.Transaction) -> None:
    await tr[b"read"]
    tr[b"own"] = b""
    await db.set(b"read", b"")


def test_loops_in_asyncio(async_memory_db: fdb.AsyncDatabase) -> None:
    db = async_memory_db

    async def main() -> None:
        numbers = []
        async for attempt in db.attempts(max_retry_delay=0.001):
            async with attempt as tr:
                numbers.append(attempt.number)
                tr[b"a"] = str(attempt.number).encode()
                if attempt.number == 1:
                    raise fdb.FDBError(CONFLICT)
                if attempt.number == 2:
                    await disturb_asynchronously(db, tr)
        assert numbers == [1, 2, 3]
        assert await db.get(b"a") == b"3"
        with pytest.raises(fdb.FDBError, match="after 3 attempts in .* retry_limit=2") as caught:
            async for attempt in db.attempts(retry_limit=2, report_conflicts=True):
                async with attempt as tr:
                    await disturb_asynchronously(db, tr)
        assert caught.value.conflicting_keys == [(b"read", b"read\0")]
        with pytest.raises(KeyError):
            async for attempt in db.attempts():
                async with attempt as tr:
                    tr[b"b"] = b"1"
                    raise KeyError("b")
        assert await db.get(b"b") is None

    asyncio.run(main())


def test_a_block_that_was_left_in_asyncio(async_memory_db: fdb.AsyncDatabase) -> None:
    db = async_memory_db

    async def returns() -> str:
        async for attempt in db.attempts():
            async with attempt as tr:
                await disturb_asynchronously(db, tr)
                return "returned"
        return "ended"

    async def breaks() -> str:
        while True:
            async for attempt in db.attempts():
                async with attempt as tr:
                    await disturb_asynchronously(db, tr)
                    break
            return "ended"

    async def main() -> None:
        for function in (returns, breaks):
            with pytest.raises(fdb.FDBError, match="left by return or break"):
                await function()
        assert await db.get(b"own") is None

    asyncio.run(main())


def test_blocks_in_asyncio(async_memory_db: fdb.AsyncDatabase) -> None:
    db = async_memory_db

    async def main() -> None:
        async with db.transaction() as tr:
            tr[b"a"] = b"1"
            watch = tr.watch(b"a")
            with pytest.raises(RuntimeError, match="after its transaction was committed"):
                await watch
        await db.set(b"a", b"2")
        await watch
        with pytest.raises(fdb.FDBError) as caught:
            async with db.transaction() as tr:
                await disturb_asynchronously(db, tr)
        assert (caught.value.code, caught.value.attempts) == (CONFLICT, 1)
        with pytest.raises(KeyError):
            async with db.transaction() as tr:
                tr[b"b"] = b"1"
                raise KeyError("b")
        assert await db.get(b"b") is None
        with pytest.raises(fdb.FDBError, match="at_least"):
            async with db.transaction(at_least=2**62):
                pytest.fail("the block has begun")

    asyncio.run(main())


def test_a_cancelled_task_writes_nothing(async_memory_db: fdb.AsyncDatabase) -> None:
    db = async_memory_db

    async def work(begun: asyncio.Event) -> None:
        async for attempt in db.attempts():
            async with attempt as tr:
                tr[b"a"] = b"1"
                begun.set()
                await asyncio.sleep(60)

    async def main() -> None:
        begun = asyncio.Event()
        task = asyncio.create_task(work(begun))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await db.get(b"a") is None

    asyncio.run(main())


# ---- under faults ----


@pytest.mark.parametrize("seed", range(12))
def test_loops_add_up_under_faults(memory_db: fdb.Database, seed: int) -> None:
    """Every loop that ends has written its row, whatever happens in between, from the row before."""
    with fdb.testing.faults(memory_db, seed, "on"):
        for number in range(8):
            for attempt in memory_db.attempts(max_retry_delay=0.001):
                with attempt as tr:
                    tr[b"row%d" % number] = bytes(tr[b"row%d" % (number - 1)] or b"") + b"."
    assert memory_db[:] == [(b"row%d" % number, b"." * (number + 1)) for number in range(8)]


def test_a_blocking_loop_in_a_running_loop(async_memory_db: fdb.AsyncDatabase) -> None:
    async def main() -> Any:
        for attempt in async_memory_db.attempts():  # type: ignore[attr-defined]
            pytest.fail(str(attempt))

    with pytest.raises(TypeError, match="not iterable"):
        asyncio.run(main())
