"""Work that calls a program's function and blocks in between, written once for programs that block and for event loops.

It is a generator that asks for what is to be done: in a running loop nothing may block, so what does runs in a thread.
"""

from __future__ import annotations

import asyncio
import inspect
import warnings
from collections.abc import Callable, Generator
from contextvars import ContextVar
from typing import Any, NamedTuple, TypeVar

ResultT = TypeVar("ResultT")


class Ask(NamedTuple):
    """What is to be done."""

    act: Callable[[], Any]
    #: It calls the program's function, whose coroutine is awaited; else it blocks.
    is_call: bool = False


#: A generator that asks, and gets the results, or the exceptions raised where it asked.
Steps = Generator[Ask, Any, ResultT]


def drive(steps: Steps[None]) -> None:
    """Does all that is asked for. Blocks."""
    try:
        ask = next(steps)
        while True:
            try:
                answer = ask.act()
            except BaseException as error:
                ask = steps.throw(error)
            else:
                ask = steps.send(answer)
    except StopIteration:
        pass


async def drive_in_loop(steps: Steps[None]) -> None:
    """The same in a running loop. Cancelled, it does what the generator still asks for."""
    try:
        ask = next(steps)
        while True:
            try:
                answer = await (_await(ask.act) if ask.is_call else asyncio.to_thread(ask.act))
            except BaseException as error:
                ask = steps.throw(error)
            else:
                ask = steps.send(answer)
    except StopIteration:
        pass


#: The call of `_await` that a task comes of.
_call: ContextVar[object] = ContextVar("fdb_testing_call")


def _is_left(task: asyncio.Task[Any], mark: object) -> bool:
    """Whether a task comes of a call and has not ended. Before Python 3.12 that of others cannot be told from it."""
    context: Callable[[], Any] | None = getattr(task, "get_context", None)
    return not task.done() and (context is None or context().get(_call) is mark)


async def _await(call: Callable[[], Any]) -> Any:
    """Awaits what a call returns, in a task of its own, and ends the tasks that this leaves behind: a warning names them."""
    before, mark = asyncio.all_tasks(), object()
    _call.set(mark)  # for the tasks that come of it
    result = call()
    if not inspect.isawaitable(result) or isinstance(result, bytes):  # a Value is both
        raise TypeError("with an asyncio database the function has to be async def")
    try:
        return await asyncio.ensure_future(result)
    finally:
        left = [task for task in asyncio.all_tasks() - before if _is_left(task, mark)]
        for task in left:
            if not inspect.iscoroutine(task.get_coro()):
                continue  # of the loop, which closes an asynchronous generator that was left in the middle
            name = getattr(task.get_coro(), "__qualname__", task.get_name())
            warnings.warn(f"task {name!r} was never awaited", RuntimeWarning, stacklevel=1)
            task.cancel()
        if left:
            await asyncio.wait(left)
