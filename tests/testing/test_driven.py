"""Generators that ask for calls, in a program that blocks and in a loop."""

from __future__ import annotations

import asyncio
import sys
import threading
import warnings
from collections.abc import AsyncIterator
from typing import Any

import pytest

from fdb.testing._driven import Ask, Steps, drive, drive_in_loop


def asking(seen: list[Any], *asks: Ask) -> Steps[None]:
    for ask in asks:
        try:
            seen.append((yield ask))
        except BaseException as error:
            seen.append(error)


def fail() -> None:
    raise LookupError


def test_a_program_that_blocks() -> None:
    seen: list[Any] = []
    drive(asking(seen, Ask(threading.get_ident), Ask(fail, is_call=True), Ask(lambda: 3)))
    assert seen[0] == threading.get_ident() and isinstance(seen[1], LookupError) and seen[2] == 3


def test_a_loop() -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        return threading.get_ident()

    seen: list[Any] = []
    asks = [
        Ask(threading.get_ident),
        Ask(work, is_call=True),
        Ask(lambda: 3, is_call=True),
        Ask(fail),
    ]
    asyncio.run(drive_in_loop(asking(seen, *asks)))
    assert seen[0] != threading.get_ident() and seen[1] == threading.get_ident()
    assert isinstance(seen[2], TypeError) and "async def" in str(seen[2])
    assert isinstance(seen[3], LookupError)


def test_an_exception_of_the_generator_is_raised() -> None:
    def steps() -> Steps[None]:
        yield Ask(fail)

    with pytest.raises(LookupError):
        drive(steps())
    with pytest.raises(LookupError):
        asyncio.run(drive_in_loop(steps()))


def test_tasks_that_are_left_behind_end() -> None:
    left: list[asyncio.Task[Any]] = []

    async def work() -> None:
        left.append(asyncio.create_task(asyncio.sleep(3600)))

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        asyncio.run(drive_in_loop(asking([], Ask(work, is_call=True))))
    assert left[0].cancelled()
    assert [str(each.message) for each in heard] == ["task 'sleep' was never awaited"]


def test_a_generator_that_is_left_in_the_middle_is_nobodys_task() -> None:
    closed: list[bool] = []

    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            await asyncio.sleep(0)
            closed.append(True)

    async def work() -> int:
        async for number in numbers():
            return number
        return 0

    results: list[Any] = []
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        asyncio.run(drive_in_loop(asking(results, Ask(work, is_call=True))))
    assert results == [1]
    assert closed == [True]
    assert not heard


@pytest.mark.skipif(sys.version_info < (3, 12), reason="a task does not tell its context")
def test_tasks_of_others_are_left_alone() -> None:
    others: list[asyncio.Task[Any]] = []

    async def work() -> None:
        await asyncio.sleep(0.01)

    async def main() -> None:
        ended = asyncio.Event()

        async def start_another() -> None:
            others.append(asyncio.create_task(ended.wait()))

        steps = asking([], Ask(work, is_call=True))
        await asyncio.gather(drive_in_loop(steps), start_another())
        assert not others[0].done()
        ended.set()
        await others[0]

    asyncio.run(main())


def test_cancelled_it_does_what_is_still_asked_for() -> None:
    done: list[str] = []

    def steps() -> Steps[None]:
        try:
            yield Ask(lambda: asyncio.sleep(3600), is_call=True)
        finally:
            yield Ask(lambda: done.append("put back"))

    async def main() -> None:
        task = asyncio.create_task(drive_in_loop(steps()))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert done == ["put back"]
