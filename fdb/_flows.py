"""Flows: programs of several transactions, written once, as generators, and run in any event model.

A flow yields requests and is sent their answers; what a request raises is raised where it was yielded. It never
waits itself. `run` has it run to its end, in a blocking program or in an asyncio loop; `iterate` makes an iterator
or an asynchronous one of a flow that yields `Give` for each item. A flow that is given up before its end is closed:
its `finally` blocks run, and must not yield.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fdb import _layers
from fdb._flow_requests import (
    AsyncFlowIterator,
    Await,
    Flow,
    FlowIterator,
    Give,
    Request,
    Sleep,
    WaitFor,
    model_of,
    run_blocking,
    run_in_loop,
)
from fdb._typing import Any, Generic, TypeVar
from fdb._waiting.model import EventModel

__all__ = [
    "AsyncFlowIterator",
    "Await",
    "Flow",
    "FlowIterator",
    "Give",
    "Request",
    "Sleep",
    "Transact",
    "WaitFor",
    "iterate",
    "run",
]

T = TypeVar("T")


class Transact(Generic[T]):
    """Runs steps (see `_layers`) on a source: a retried transaction of their own, or one that is given.

    The answer is what the steps end with.
    """

    __slots__ = ("_source", "_start")

    def __init__(self, source: Any, start: Callable[[Any], _layers.Steps[T]]) -> None:
        self._source = source
        self._start = start

    def block(self, model: EventModel) -> Any:
        """See Request."""
        return _layers.run(self._source, self._start)

    def perform(self) -> Awaitable[Any]:
        """See Request."""
        coroutine: Awaitable[Any] = _layers.run(self._source, self._start)
        return coroutine


def run(source: Any, flow: Flow[T]) -> Any:
    """Runs a flow to its end and returns what it returns: blocks, or returns a coroutine if `source` is asynchronous.

    `source` is a Database, a Tenant or a transaction of this package, of any event model.
    """
    if _layers.is_asynchronous(source):
        return run_in_loop(flow)
    return run_blocking(flow, model_of(source))


def iterate(source: Any, flow: Flow[None]) -> Any:
    """Makes a FlowIterator of a flow, or an AsyncFlowIterator if `source` is asynchronous.

    Nothing runs before the first item is asked for.
    """
    if _layers.is_asynchronous(source):
        return AsyncFlowIterator(flow)
    return FlowIterator(flow, model_of(source))
