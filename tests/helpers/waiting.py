"""Event models, and waiting with an end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

#: How long a test waits for what comes at once, unless the machine is busy.
WAIT_SECONDS = 10

#: A coroutine function, and what runs one in a fresh loop.
Main = Callable[[], Coroutine[Any, Any, Any]]
RunAsync = Callable[[Main], Any]

#: The kinds of event loops of asyncio.
LOOPS = ["asyncio", "uvloop"]


def wait_until(condition: Callable[[], Any]) -> None:
    """Returns when a condition holds; fails the test if that takes too long."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def loop_maker(kind: str) -> Callable[[], asyncio.AbstractEventLoop]:
    """Returns what makes an event loop of a kind; skips the test where that is not installed."""
    if kind == "uvloop":
        make: Callable[[], asyncio.AbstractEventLoop] = pytest.importorskip("uvloop").new_event_loop
        return make
    return asyncio.new_event_loop


@pytest.fixture(params=LOOPS)
def run_async(request: pytest.FixtureRequest) -> RunAsync:
    """Runs a coroutine function in a fresh loop."""
    if request.param == "asyncio":
        return lambda main: asyncio.run(main())
    make = loop_maker(request.param)

    def run_in_loop(main: Main) -> Any:
        with contextlib.closing(make()) as loop:
            return loop.run_until_complete(main())

    return run_in_loop


@pytest.fixture
def no_unawaited_coroutines(recwarn: pytest.WarningsRecorder) -> Iterator[None]:
    """A coroutine that was never awaited is a bug of the package."""
    yield
    gc.collect()
    assert [str(w.message) for w in recwarn if w.category is RuntimeWarning] == []


def installed(event_model: str | None) -> Any:
    """Returns the event model; skips the test where what it needs is not installed."""
    if event_model == "gevent":
        pytest.importorskip("gevent")
    return event_model
