"""Event models, and waiting with an end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

#: How long a test waits for what comes at once, unless the machine is busy.
WAIT_SECONDS = 10

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


def installed(event_model: str | None) -> Any:
    """Returns the event model; skips the test where what it needs is not installed."""
    if event_model == "gevent":
        pytest.importorskip("gevent")
    return event_model
