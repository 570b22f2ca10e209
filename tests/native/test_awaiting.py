"""native/binding/awaiting.c: what `await` of a future is made of, driven by hand as a loop would."""

from __future__ import annotations

import asyncio
import collections.abc
import gc
import inspect
import weakref
from typing import Any

import pytest

import fdb
from fdb._waiting.asyncio_model import ASYNCIO
from helpers.waiting import wait_until


@pytest.fixture(scope="module")
def slow(stub_library: fdb.ClientLibrary) -> fdb.AsyncDatabase:
    """A database of the stub library, whose answers take time."""
    return stub_library.open("x", event_model="asyncio")


def returned(step: Any, *args: Any) -> Any:
    """What an await ends with, which `step` makes."""
    with pytest.raises(StopIteration) as stopped:
        step(*args)
    return stopped.value.value


def test_a_ready_future_ends_at_once(slow: fdb.AsyncDatabase) -> None:
    value = slow.create_transaction()[b"at once"]
    assert returned(value.__await__().send, None) is value
    assert returned(value.__await__().__next__) is value
    assert value.value == b"at once"  # as it was awaited


def test_results_that_a_stop_iteration_would_take_apart(slow: fdb.AsyncDatabase) -> None:
    tr = slow.create_transaction()
    rows = returned(tr._get_range(b"a", b"z", 0, -1, 1, False).__await__().send, None)
    assert isinstance(rows, tuple) and len(rows) == 3


def test_an_error_is_raised(slow: fdb.AsyncDatabase) -> None:
    failing = slow.create_transaction()[b"error:1020"]
    wait_until(failing.is_ready)
    step = failing.__await__()
    with pytest.raises(fdb.FDBError) as failed:
        step.send(None)
    assert failed.value.code == 1020


def test_an_await_ends_once(slow: fdb.AsyncDatabase) -> None:
    value = slow.create_transaction()[b"at once"]
    step = value.__await__()
    returned(step.send, None)
    with pytest.raises(RuntimeError, match="cannot reuse"):
        step.send(None)
    with pytest.raises(ZeroDivisionError):
        step.throw(ZeroDivisionError())
    step.close()


def test_what_is_thrown_before_the_first_step(slow: fdb.AsyncDatabase) -> None:
    value = slow.create_transaction()[b"never"]
    for thrown in (ZeroDivisionError("text"), ZeroDivisionError):
        with pytest.raises(ZeroDivisionError):
            value.__await__().throw(thrown)
    with pytest.raises(TypeError, match="must derive from BaseException"):
        value.__await__().throw(1)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="1 to 3 arguments"):
        value.__await__().throw()  # type: ignore[call-overload]
    assert not value.is_ready()  # nobody waited, so nothing was cancelled


def test_a_future_of_another_model(stub_db: fdb.Database) -> None:
    value = stub_db.create_transaction()[b"at once"]
    for _ in range(2):
        step = value.__await__()
        with pytest.raises(TypeError, match="event_model=None and cannot be awaited"):
            step.send(None)
        assert value.value == b"at once"


def test_it_is_awaitable_to_others(slow: fdb.AsyncDatabase) -> None:
    value = slow.create_transaction()[b"at once"]
    assert isinstance(value, collections.abc.Awaitable) and inspect.isawaitable(value)
    step = value.__await__()
    assert iter(step) is step


def test_closing_and_dropping_end_the_waiting(slow: fdb.AsyncDatabase) -> None:
    async def main() -> None:
        tr = slow.create_transaction()
        waiters = ASYNCIO._mailbox_of(asyncio.get_running_loop()).waiters
        before = len(waiters)
        step = tr[b"never"].__await__()
        step.send(None)
        assert len(waiters) == before + 1
        step.close()
        assert len(waiters) == before
        step = tr[b"never"].__await__()
        step.send(None)
        assert len(waiters) == before + 1
        del step
        assert len(waiters) == before

    asyncio.run(main())


def test_a_loop_that_is_dropped_while_a_task_waits(slow: fdb.AsyncDatabase) -> None:
    class Marker:
        """What the task refers to."""

    def wait_in_a_loop() -> weakref.ref[Marker]:
        marker = Marker()

        async def wait(held: Marker) -> None:
            await slow.create_transaction()[b"never"]

        loop = asyncio.new_event_loop()
        loop.create_task(wait(marker))
        loop.run_until_complete(asyncio.sleep(0))
        loop.set_exception_handler(lambda *_: None)  # which would say that a task was destroyed
        loop.close()
        return weakref.ref(marker)

    reference = wait_in_a_loop()
    gc.collect()
    assert reference() is None


def test_nobody_else_makes_one(slow: fdb.AsyncDatabase) -> None:
    with pytest.raises(TypeError):
        type(slow.create_transaction()[b"at once"].__await__())()
