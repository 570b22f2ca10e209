"""fdb/_loop_frames.py: whether a loop goes on after a block in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from fdb._loop_frames import caller, goes_on


class Block:
    """A context manager, for `with` and `async with`, that notes what it is asked about."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        self.loop.answers.append(goes_on(self.loop.place, caller(1)))

    async def __aenter__(self) -> None:
        pass

    def __aexit__(self, *error: object) -> Any:
        self.loop.answers.append(goes_on(self.loop.place, caller(1)))
        return asyncio.sleep(0)


class Loop:
    """Gives out two blocks."""

    def __init__(self) -> None:
        self.answers: list[bool] = []
        self.left = 2
        self.place: Any = None

    def __iter__(self) -> Loop:
        return self

    def __next__(self) -> Block:
        self.place = caller(1)
        if self.left == 0:
            raise StopIteration
        self.left -= 1
        return Block(self)

    def __aiter__(self) -> Loop:
        return self

    def __anext__(self) -> Any:
        self.place = caller(1)
        return self._next()

    async def _next(self) -> Block:
        if self.left == 0:
            raise StopAsyncIteration
        await asyncio.sleep(0)
        self.left -= 1
        return Block(self)


def falls_out(loop: Loop) -> None:
    for block in loop:
        with block:
            pass


def continues(loop: Loop) -> None:
    for block in loop:
        with block:
            if loop.left:
                continue
            loop.left = 0


def has_code_behind(loop: Loop) -> None:
    for block in loop:
        with block:
            seen = loop.left
        if seen > 5:
            break
        if seen > 6:
            return


def returns(loop: Loop) -> int | None:
    for block in loop:
        with block:
            return loop.left
    return None


def breaks(loop: Loop) -> None:
    for block in loop:
        with block:
            break


def breaks_into_a_loop(loop: Loop) -> None:
    for _ in range(2):
        for block in loop:
            with block:
                break


def breaks_with_a_finally(loop: Loop) -> None:
    for block in loop:
        try:
            with block:
                break
        finally:
            loop.left += 0
    loop.left += 0


def returns_from_a_nested_block(loop: Loop) -> int:
    while True:
        for block in loop:
            with block:
                for number in range(3):
                    if number:
                        return number


def falls_out_with_others_around(loop: Loop) -> None:
    for _ in range(2):
        for block in loop:
            try:
                with block:
                    for number in range(3):
                        if number:
                            break
            except KeyError:
                return


async def falls_out_asynchronously(loop: Loop) -> None:
    async for block in loop:
        async with block:
            await asyncio.sleep(0)


async def returns_asynchronously(loop: Loop) -> int | None:
    async for block in loop:
        async with block:
            return loop.left
    return None


async def breaks_asynchronously(loop: Loop) -> None:
    for _ in range(2):
        async for block in loop:
            async with block:
                break


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (falls_out, [True, True]),
        (continues, [True, True]),
        (has_code_behind, [True, True]),
        (falls_out_with_others_around, [True, True]),
        (falls_out_asynchronously, [True, True]),
        (returns, [False]),
        (breaks, [False]),
        (breaks_into_a_loop, [False, False]),
        (breaks_with_a_finally, [False]),
        (returns_from_a_nested_block, [False]),
        (returns_asynchronously, [False]),
        (breaks_asynchronously, [False, False]),
    ],
)
def test_what_the_code_says(function: Callable[[Loop], Any], expected: list[bool]) -> None:
    loop = Loop()
    result = function(loop)
    if asyncio.iscoroutine(result):
        asyncio.run(result)
    assert loop.answers == expected


def test_what_cannot_be_told_goes_on() -> None:
    loop = Loop()
    block = next(loop)
    with block:
        pass
    assert loop.answers == [True]

    def elsewhere(block: Block) -> None:
        with block:
            pass

    for block in (loop := Loop()):
        elsewhere(block)
        break
    assert loop.answers == [True]
