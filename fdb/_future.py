"""Futures: results that arrive later. The waiting itself is the event model's."""

from __future__ import annotations

from fdb._attempts import check_wait
from fdb._errors import FDBError
from fdb._native import extension
from fdb._startup import api_version
from fdb._typing import TYPE_CHECKING, Any, Callable, Generator, Generic, TypeVar
from fdb._waiting.callbacks import run_callback
from fdb._waiting.threads import model_of

_OPERATION_CANCELLED = 1101

ResultT = TypeVar("ResultT", covariant=True)


class Future(extension.FutureBase, Generic[ResultT]):
    """The result of an asynchronous operation.

    Dropping the last reference cancels the operation. With the asyncio event model a future is
    awaitable, in any running loop, and gives what `wait` returns. There it has to be awaited (or
    given to an `on_ready` callback) before anything else uses the result: RuntimeError, also if it
    happens to be ready, as it would not always be. Dropping the future of a commit that nobody
    awaited gives a ResourceWarning.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        try:
            code = self._code()
        except RuntimeError:
            state = "out of use"  # from before a fork
        else:
            state = {-1: "pending", 0: "ready"}.get(code, f"failed with {code}")
        return f"<{type(self).__name__} {state}>"

    def wait(self) -> ResultT:
        """Blocks until the future is ready; returns the result or raises FDBError."""
        result: ResultT = self._resolve()
        return result

    def is_ready(self) -> bool:
        """Whether `wait` would return at once. Does not block."""
        return self._look()

    def block_until_ready(self) -> None:
        """Blocks until the result or an error is there. Raises neither.

        Raises RuntimeError for a watch or versionstamp inside the transactional function that made it.
        """
        if not self._ready():
            check_wait((self,))
        if _must_be_awaited(self):
            model_of(self).before_blocking()
        while not self._ready():
            model_of(self).wait(self)

    def cancel(self) -> None:
        """Asks the library to abandon the operation: unless it is ready, it fails with 1101."""
        self._cancel()

    def on_ready(self, callback: Callable[[Any], None]) -> None:
        """Calls `callback(self)` once, as soon as the future is ready.

        If it is ready now, the call is made before this returns; otherwise on a thread of this
        package, or in the loop of the event model. A callback must not block; an exception that it
        raises is printed and dropped.
        """
        if self._ready():
            run_callback(callback, self)
        else:
            self._heard()
            model_of(self).on_ready(self, callback)

    @staticmethod
    def wait_for_any(*futures: Future[Any]) -> int:
        """Blocks until one of the futures is ready; returns its index.

        Raises ValueError if there are none, or if they belong to different event models; RuntimeError
        if all are watches or versionstamps that wait for the transactional function around the call.
        """
        if not futures:
            raise ValueError("wait_for_any requires at least one future")
        for index, future in enumerate(futures):
            if future._ready() and not _must_be_awaited(future):
                return index
        model = model_of(futures[0])
        if any(model_of(future) is not model for future in futures):
            raise ValueError("wait_for_any requires futures of one event model")
        check_wait(futures)
        return model.wait_any(futures)

    if TYPE_CHECKING:

        def __await__(self) -> Generator[Any, None, ResultT]:
            """Waits in the running asyncio loop; cancelling the task cancels the operation.

            Raises TypeError unless the database was opened with event_model="asyncio".
            """
            ...

    # ---- the names that asyncio and concurrent.futures use ----

    def done(self) -> bool:
        """The same as `is_ready`."""
        return self._look()

    def result(self) -> ResultT:
        """Returns the result or raises its FDBError. Raises an Exception if it is not there yet.

        In a running asyncio loop it counts as there once it was awaited or `done` was true.
        """
        self._require_result()
        self._awaited()
        return self.wait()

    def exception(self) -> FDBError | None:
        """Returns the error, None for success. Raises an Exception if neither is there yet.

        In a running asyncio loop it counts as there once it was awaited or `done` was true.
        """
        self._require_result()
        code = self._code()
        return FDBError(code) if code != 0 else None

    def cancelled(self) -> bool:
        """Whether the future is ready and was cancelled."""
        return self._code() == _OPERATION_CANCELLED

    def _require_result(self) -> None:
        unseen = self._owes() & extension.UNSEEN and model_of(self).in_loop()
        if unseen or not self._ready():
            raise Exception("Future result not available")

    def add_done_callback(self, fn: Callable[[Any], None]) -> None:
        """The same as `on_ready`."""
        self.on_ready(fn)

    def remove_done_callback(self, fn: Callable[[Any], None]) -> int:
        """Withdraws a callback that has not been called; returns how many were withdrawn."""
        return model_of(self).forget(self, fn)

    @property
    def get(self) -> Callable[[], ResultT]:
        """At API version 13 the name of `wait`; at others there is no such attribute."""
        if api_version.is_selected() and api_version.get() == 13:
            return self.wait
        raise AttributeError(f"{type(self).__name__!r} object has no attribute 'get'")


def _must_be_awaited(future: Future[Any]) -> bool:
    """Whether the result must not be used here, be it there or not."""
    return future._owes() != 0 and model_of(future).in_loop()


class FutureVoid(Future[None]):
    """Success or an error; the result is None."""

    __slots__ = ()


class FutureInt64(Future[int]):
    """An int."""

    __slots__ = ()


class FutureUInt64(Future[int]):
    """An int that is not negative."""

    __slots__ = ()


class FutureKeyValueArray(
    extension.ListFutureBase, Future["tuple[list[extension.KeyValue], int, bool]"]
):
    """One batch of rows: a list of KeyValue, its length, and whether there are more."""

    __slots__ = ()


class FutureKeyArray(extension.ListFutureBase, Future["list[bytes]"]):
    """A list of keys."""

    __slots__ = ()


class FutureStringArray(extension.ListFutureBase, Future["list[bytes]"]):
    """A list of byte strings."""

    __slots__ = ()


class FormerFuture:
    """Base of objects that are used like futures and are always ready."""

    def wait(self) -> FormerFuture:
        """Returns the object itself."""
        return self

    def is_ready(self) -> bool:
        """True."""
        return True

    def block_until_ready(self) -> None:
        """Returns at once."""

    def on_ready(self, callback: Callable[[Any], None]) -> None:
        """Calls `callback(self)` at once; an exception that it raises is printed and dropped."""
        run_callback(callback, self)

    def _awaited(self) -> None:
        """There is nothing to wait for."""
