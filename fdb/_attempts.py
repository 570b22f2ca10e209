"""Attempts of transactional functions, and the mistake of waiting in one for what only its commit brings.

A watch and a versionstamp become ready after the commit, which follows the function: waiting for one
inside would never end. Their futures carry the run in which they were made, and ask it before they wait.
"""

from __future__ import annotations

import types

from fdb._native.extension import RunBase
from fdb._startup import api_version
from fdb._typing import TYPE_CHECKING, Any, Callable, Sequence
from fdb._waiting.threads import thread_number

if TYPE_CHECKING:
    from typing import Protocol

    from fdb._native.extension import FutureBase
    from fdb._waiting.model import EventModel

    class HasHandle(Protocol):
        """A transaction."""

        @property
        def _handle(self) -> Any: ...


GENERATOR = "Generators can not be wrapped with fdb.transactional"
FORBIDS_GENERATORS = 630
#: What a function returns that has not run.
UNFINISHED: tuple[type, ...] = (types.GeneratorType, types.CoroutineType)


class Run:
    """One attempt of a function that blocks. A thread runs it, or a greenlet of gevent's event model.

    Other threads and greenlets may wait for its futures: they do not hold it up.
    """

    __slots__ = ("_attempt", "_model")

    ended: Any = None

    def __init__(self, model: EventModel, attempt: list[object]) -> None:
        """`attempt` holds what runs the function; it is emptied when that has returned.

        It is a list of its own because one is made for every attempt, and a run for few.
        """
        self._model = model
        self._attempt = attempt

    def surrounds_caller(self) -> bool:
        """Whether the caller runs inside of the function."""
        return self._model.strand() in self._attempt

    def check_wait(self, future: FutureBase) -> None:
        """Raises RuntimeError if the caller runs inside of the function."""
        if self.surrounds_caller():
            raise RuntimeError(_text(future))


class AsynchronousRun(RunBase):
    """One attempt of an `async def` function: the tasks that it starts run inside of it too."""

    __slots__ = ()

    ended: Any = None

    def check_wait(self, future: FutureBase) -> None:
        """Raises RuntimeError if the caller runs inside of the function."""
        if self.surrounds_caller():
            raise RuntimeError(_text(future))


#: What a transaction keeps of the attempt that it is made for.
Attempt = list[object] | AsynchronousRun


def run_of(attempt: Attempt | None, model: EventModel) -> Run | AsynchronousRun | None:
    """Returns the run for a future that becomes ready with the commit of the attempt."""
    return Run(model, attempt) if isinstance(attempt, list) else attempt


def check_wait(futures: Sequence[FutureBase]) -> None:
    """Raises RuntimeError if none of the futures can become ready while the caller waits for them."""
    for future in futures:
        run = future._run
        if run is None or not run.surrounds_caller():
            return
    raise RuntimeError(_text(futures[0]))


def _text(future: FutureBase) -> str:
    what = "watch" if type(future).__name__ == "Watch" else "versionstamp"
    return (
        f"a {what} becomes ready only after its transaction was committed, so waiting for it inside "
        f"the transactional function would never end: return the {what} and wait for it then"
    )


def strand_of(tr: HasHandle) -> Callable[[], object]:
    """Returns what tells who runs the function. Raises where blocking would stop an event loop."""
    model: EventModel | None = tr._handle.model
    if model is None:
        return thread_number
    model.before_blocking()
    return model.strand


def refuse_unfinished(result: Any) -> None:
    """A generator or coroutine has not run yet: committing now would commit without it."""
    if isinstance(result, types.GeneratorType) and api_version.get() >= FORBIDS_GENERATORS:
        raise ValueError(GENERATOR)
    if isinstance(result, types.CoroutineType):
        result.close()
        raise TypeError(
            "the function under fdb.transactional returned a coroutine that has not run: write it as "
            'async def and give it a database opened with event_model="asyncio"'
        )
