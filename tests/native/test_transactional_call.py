"""native/binding/transactional_call.c: attempts of `async def` functions, driven by hand as a loop would."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import sys
import traceback
import types
import weakref
from collections.abc import Callable, Generator
from typing import Any

import pytest

import fdb
from fdb._attempts import AsynchronousRun
from fdb._native import extension


@types.coroutine
def suspended(what: Any) -> Generator[Any, Any, Any]:
    """Gives `what` to the loop and returns what that sends."""
    return (yield what)


class Committed(fdb.Transaction):
    """Needs no loop to commit."""

    async def commit(self) -> None:  # type: ignore[override]
        pass


@pytest.fixture
def make(async_db: fdb.AsyncDatabase) -> Callable[..., Any]:
    """Returns a call of a function with a new transaction, whose commit ends at once."""

    def call(func: Callable[..., Any], again: Any = None, **kwargs: Any) -> Any:
        made = async_db.create_transaction()
        tr = Committed(made._handle, made._library, async_db)
        return extension.transactional_call(tr, func, (tr,), kwargs, again)

    return call


def test_what_is_sent_and_returned(make: Callable[..., Any]) -> None:
    seen: list[Any] = []

    async def function(tr: fdb.Transaction, word: str) -> Any:
        seen.append(tr)
        assert isinstance(tr._attempt, AsynchronousRun)
        seen.append(await suspended(word))
        return (1, 2)

    call = make(function, word="given")
    assert call.__await__() is call and iter(call) is call
    assert call.send(None) == "given"
    with pytest.raises(StopIteration) as stopped:
        call.send("sent")
    assert stopped.value.value == (1, 2)
    assert seen[1] == "sent" and seen[0]._attempt is None
    with pytest.raises(RuntimeError, match="cannot reuse"):
        call.send(None)
    call.close()


def test_what_is_thrown(make: Callable[..., Any]) -> None:
    async def function(tr: fdb.Transaction) -> Any:
        try:
            await suspended(1)
        except ZeroDivisionError:
            return await suspended(2)

    call = make(function)
    assert next(call) == 1
    assert call.throw(ZeroDivisionError()) == 2
    with pytest.raises(KeyError):
        call.throw(KeyError())
    with pytest.raises(RuntimeError, match="cannot reuse"):
        call.throw(KeyError())
    unstarted = make(function)
    with pytest.raises(KeyError):
        unstarted.throw(KeyError())
    with pytest.raises(RuntimeError, match="cannot reuse"):
        next(unstarted)


@pytest.mark.parametrize("way", ["close", "drop"])
def test_the_end_in_the_middle(make: Callable[..., Any], way: str) -> None:
    ended: list[bool] = []
    transactions: list[fdb.Transaction] = []

    async def function(tr: fdb.Transaction) -> None:
        transactions.append(tr)
        try:
            await suspended(None)
        finally:
            ended.append(True)

    call = make(function)
    next(call)
    if way == "close":
        call.close()
        with pytest.raises(RuntimeError, match="cannot reuse"):
            next(call)
    del call
    assert ended == [True] and transactions[0]._attempt is None


def test_a_call_in_a_cycle_is_collected(make: Callable[..., Any]) -> None:
    async def function(tr: fdb.Transaction, held: list[Any]) -> None:
        await suspended(None)

    class Held(list[Any]):
        """Can be referred to weakly."""

    held = Held()
    call = make(function, held=held)
    next(call)
    held.append(call)
    reference = weakref.ref(held)
    del held, call
    gc.collect()
    assert reference() is None


def test_a_call_does_not_run_in_itself(make: Callable[..., Any]) -> None:
    calls: list[Any] = []

    async def function(tr: fdb.Transaction) -> int:
        for use in (calls[0].close, calls[0].__next__, lambda: calls[0].throw(KeyError())):
            with pytest.raises(ValueError, match="running already"):
                use()
        return 1

    calls.append(make(function))
    assert asyncio.run(awaited(calls[0])) == 1


async def awaited(awaitable: Any) -> Any:
    """Awaits it."""
    return await awaitable


def test_what_a_function_may_return(make: Callable[..., Any]) -> None:
    class Wrong:
        """Returns no iterator."""

        def __await__(self) -> Any:
            return 1

    async def main() -> None:
        assert await make(lambda tr: tr[b"absent"]) == None  # noqa: E711
        assert await make(lambda tr: tr[b"\xfe":b"\xff"]) == []
        with pytest.raises(TypeError, match="object int can't be used in 'await' expression"):
            await make(lambda tr: 1)
        with pytest.raises(TypeError, match="non-iterator of type 'int'"):
            await make(lambda tr: Wrong())

    asyncio.run(main())


def test_errors_that_may_be_retried(make: Callable[..., Any]) -> None:
    seen: list[Any] = []

    async def again(
        tr: Any, func: Any, args: Any, kwargs: Any, error: fdb.FDBError, elapsed: float
    ) -> str:
        assert elapsed >= 0
        seen.append((tr, func, args, kwargs, error))
        return "again"

    async def failing(tr: fdb.Transaction, code: int) -> None:
        raise fdb.FDBError(code)

    async def main() -> None:
        assert await make(failing, again, code=1020) == "again"
        (tr, func, args, kwargs, error), *_ = seen
        assert (func, args, kwargs, error.code) == (failing, (tr,), {"code": 1020}, 1020)
        assert traceback.extract_tb(error.__traceback__)[-1].name == "failing"
        with pytest.raises(fdb.FDBError) as failed:
            await make(failing, None, code=1020)
        assert failed.value.code == 1020
        with pytest.raises(ZeroDivisionError):
            await make(failing, lambda *_: 1 / 0, code=1020)

    asyncio.run(main())


def test_an_error_leaves_no_cycle(async_db: fdb.AsyncDatabase) -> None:
    """What is raised refers to its frames: none of them may refer to it."""
    references: list[weakref.ref[Any]] = []

    @fdb.transactional
    async def failing(tr: fdb.Transaction) -> None:
        references.append(weakref.ref(tr))
        raise fdb.FDBError(2000)

    async def main() -> None:
        try:
            await failing(async_db)
        except fdb.FDBError as error:
            assert error.code == 2000

    gc.collect()
    gc.disable()
    try:
        asyncio.run(main())
        assert [reference() for reference in references] == [None]
    finally:
        gc.enable()


def test_a_transaction_of_another_class() -> None:
    class Other:
        """Has what is used, and no more."""

        committed = 0

        __slots__ = ()

        async def commit(self) -> None:
            Other.committed += 1

    async def function(tr: Any) -> str:
        return "done"

    tr = Other()
    call = extension.transactional_call(tr, function, (tr,), {}, None)
    assert asyncio.run(awaited(call)) == "done" and Other.committed == 1


def test_arguments_are_checked() -> None:
    for args in ((), (None, None, (), None, None), (None, None, [], {}, None)):
        with pytest.raises(TypeError, match="takes a transaction, a function"):
            extension.transactional_call(*args)  # type: ignore[call-arg, arg-type]
    with pytest.raises(TypeError):
        AsynchronousRun(1)  # type: ignore[call-arg]


def test_runs_of_one_context() -> None:
    def inside() -> None:
        runs = [AsynchronousRun() for _ in range(4)]
        assert all(run.surrounds_caller() for run in runs)
        runs[1].clear()
        runs[2].clear()
        runs.append(AsynchronousRun())
        assert [run.surrounds_caller() for run in runs] == [True, False, False, True, True]
        elsewhere = contextvars.Context().run(AsynchronousRun)
        assert not elsewhere.surrounds_caller()
        counts = [sys.getrefcount(runs[number]) for number in range(5)]
        held = counts[1]  # by the list alone
        assert counts == [held + 1, held, held, held + 1, held + 1]

    contextvars.copy_context().run(inside)


def test_what_begins_a_call(async_db: fdb.AsyncDatabase, db: fdb.Database) -> None:
    """The transaction is found by position and by name, is given, or cannot be had."""

    @fdb.transactional
    async def given(first: int, tr: fdb.Transaction, *rest: int) -> tuple[Any, ...]:
        assert isinstance(tr, fdb.TransactionRead)
        return first, *rest

    async def main() -> None:
        assert await given(1, async_db, 3) == (1, 3)
        assert await given(1, tr=async_db) == (1,)
        tr = async_db.create_transaction()
        assert await given(1, tr, 3) == (1, 3) == await given(1, tr.snapshot, 3)
        for wrong in (db, db.create_transaction()):
            with pytest.raises(TypeError, match='opened with event_model="asyncio"'):
                await given(1, wrong)
            with pytest.raises(TypeError, match='opened with event_model="asyncio"'):
                await given(1, tr=wrong)
        with pytest.raises(TypeError, match="must be a Database, Tenant or Transaction, not int"):
            await given(1, 2)  # type: ignore[call-overload]
        with pytest.raises(TypeError, match="is missing"):
            await given(1)  # type: ignore[call-overload]

    asyncio.run(main())
    for args in ((), (1, 2, 3, 4, 5), (given, None, "0", (), {})):
        with pytest.raises(TypeError):
            extension.begin_call(*args)  # type: ignore[call-arg, arg-type]
