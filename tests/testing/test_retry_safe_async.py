"""assert_retry_safe with coroutine functions: what they forget to await, and what a cancelled task leaves behind."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import fdb
from fdb.testing._retry_safe import RetryUnsafe, assert_retry_safe

NUMBER = fdb.tuple.pack(("n", 1))


def kinds(failure: RetryUnsafe) -> set[str]:
    return {finding.kind for finding in failure.findings}


@fdb.transactional
async def async_count(tr: fdb.Transaction) -> None:
    value = await tr[NUMBER]
    tr[NUMBER] = b"%d" % (int(value) + 1 if value.present() else 1)


async def unsafe_async(function: Any, db: fdb.AsyncDatabase, *args: Any) -> RetryUnsafe:
    with pytest.raises(RetryUnsafe) as failed:
        await assert_retry_safe(function, db, *args)
    return failed.value


def test_coroutine_functions(async_memory_db: fdb.AsyncDatabase) -> None:
    async def put(db: fdb.AsyncDatabase) -> None:
        await asyncio.gather(db.set(b"a", b"1"), db.set(b"b", b"2"))

    async def main() -> None:
        assert kinds(await unsafe_async(async_count, async_memory_db)) == {"content"}
        await assert_retry_safe(put, async_memory_db)
        assert await async_memory_db[:] == []

    asyncio.run(main())


def test_what_nobody_awaits(async_memory_db: fdb.AsyncDatabase) -> None:
    async def note(tr: fdb.Transaction) -> None:
        await tr[b"noted"]

    @fdb.transactional
    async def forgets_a_coroutine(tr: fdb.Transaction) -> None:
        note(tr)  # type: ignore[unused-coroutine]
        tr[b"k"] = b""

    @fdb.transactional
    async def forgets_a_read(tr: fdb.Transaction) -> None:
        tr[b"other"]
        tr[b"k"] = b""

    async def forgets_a_task(db: fdb.AsyncDatabase) -> None:
        forgotten = asyncio.create_task(asyncio.sleep(3600))
        await db.set(b"k", b"")
        assert not forgotten.done()

    async def main() -> None:
        for function, text in (
            (forgets_a_coroutine, "note' was never awaited"),
            (forgets_a_read, "the read was never awaited"),
            (forgets_a_task, "task 'sleep' was never awaited"),
        ):
            failure = await unsafe_async(function, async_memory_db)
            assert "not awaited" in kinds(failure), function
            assert text in str(failure)

    asyncio.run(main())


JOBS, DONE = fdb.Subspace(("jobs",)), fdb.Subspace(("done",))


@fdb.transactional
async def take(tr: fdb.Transaction) -> bytes | None:
    async for row in tr.get_range(JOBS.range(), limit=1):
        del tr[row.key]
        return row.key
    return None


@fdb.transactional
async def finish(tr: fdb.Transaction, key: bytes) -> None:
    del tr[key]
    tr[DONE.pack(JOBS.unpack(key))] = b""


async def work_that_loses(db: fdb.AsyncDatabase) -> None:
    key = await take(db)
    if key is not None:
        await finish(db, key)


@fdb.transactional
async def first(tr: fdb.Transaction) -> bytes | None:
    rows = await tr.get_range(JOBS.range(), limit=1)
    return rows[0].key if rows else None


async def work_that_keeps(db: fdb.AsyncDatabase) -> None:
    if (await db.get(DONE.pack((1,)))) is None:
        key = await first(db)
        if key is not None:
            await finish(db, key)


def test_a_job_that_a_cancelled_task_loses(async_memory_db: fdb.AsyncDatabase) -> None:
    async def main() -> None:
        for number in (1, 2):
            await async_memory_db.set(JOBS.pack((number,)), b"")
        failure = await unsafe_async(work_that_loses, async_memory_db)
        assert kinds(failure) == {"content", "half done"}
        lost = [finding for finding in failure.findings if finding.kind == "half done"]
        # After the commit that takes the job, and before the one that would finish it.
        assert [(each.fault, each.operation) for each in lost] == [
            ("cancelled:effect=applied", "commit"),
            ("cancelled", "commit"),
            ("transaction_timed_out:at=commit,effect=applied", "commit"),
            ("transaction_timed_out:at=commit,effect=lost", "commit"),
        ]
        assert [each.what for each in lost[0].differences] == [
            "('done', 1)",
            "('done', 2)",
            "('jobs', 2)",
        ]
        await assert_retry_safe(work_that_keeps, async_memory_db)

    asyncio.run(main())


def test_two_steps_that_are_finished_later(async_memory_db: fdb.AsyncDatabase) -> None:
    async def both(db: fdb.AsyncDatabase) -> None:
        await db.set(b"a", b"1")
        await db.set(b"b", b"2")

    asyncio.run(assert_retry_safe(both, async_memory_db))


def test_an_item_taken_off_a_list_by_a_cancelled_task(async_memory_db: fdb.AsyncDatabase) -> None:
    async def store(db: fdb.AsyncDatabase, items: list[bytes]) -> None:
        while items:
            await db.set(items.pop(), b"")

    async def store_first(db: fdb.AsyncDatabase, items: list[bytes]) -> None:
        while items:
            await db.set(items[-1], b"")
            items.pop()

    async def main() -> None:
        failure = await unsafe_async(store, async_memory_db, [b"x", b"y"])
        assert kinds(failure) == {"half done"}
        await assert_retry_safe(store_first, async_memory_db, [b"x", b"y"])

    asyncio.run(main())


def test_a_cancelled_examination_puts_everything_back(async_memory_db: fdb.AsyncDatabase) -> None:
    seen: list[int] = []

    @fdb.transactional
    async def slow(tr: fdb.Transaction) -> None:
        seen.append(1)
        tr[b"k"] = b"changed"
        if len(seen) == 1:
            started.set()
            await asyncio.sleep(3600)

    async def main() -> None:
        await async_memory_db.set(b"k", b"before")
        task = asyncio.create_task(assert_retry_safe(slow, async_memory_db))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await async_memory_db.get(b"k") == b"before"
        assert seen == []

    started = asyncio.Event()
    asyncio.run(main())


def test_a_function_that_blocks_is_refused_in_a_loop(async_memory_db: fdb.AsyncDatabase) -> None:
    async def main() -> None:
        with pytest.raises(TypeError, match="the function has to be async def"):
            await assert_retry_safe(lambda db: None, async_memory_db)

    asyncio.run(main())
