"""Transactions without a function: `db.attempts()`, a retry loop in line, and `db.transaction()`, one attempt.

What they do at the end of a block is in steps (see fdb/_governed.py); a blocking and an asynchronous class drive them. Each loop and
each block belongs to the thread or task that runs it.
"""

from __future__ import annotations

import sys
import warnings

from fdb._attempts import AsynchronousRun, strand_of
from fdb._errors import FDBError
from fdb._governed import Progress, Steps, create, drive, drive_asynchronously
from fdb._loop_frames import Place, caller, goes_on
from fdb._policy import NAMES, Policy
from fdb._transaction import Transaction
from fdb._typing import TYPE_CHECKING, Any, Coroutine

if TYPE_CHECKING:
    from types import TracebackType

#: What means nothing to a transaction that is tried once.
RETRY_ONLY = ("retry_limit", "max_retry_delay", "on_retry")


def policy_of(keywords: Any, what: str, meaningless: tuple[str, ...] = ()) -> Policy:
    """Returns the policy of some keywords. Raises as `fdb.Policy` does; `what` is the method that was called."""
    for name in keywords:
        if name in meaningless:
            raise TypeError(
                f"{what}() makes one attempt, for which {name} means nothing: use attempts() or run()"
            )
        if name not in NAMES:
            raise TypeError(f"{what}() takes the keywords of fdb.Policy, of which {name!r} is none")
    return Policy(**keywords)


class _Loop:
    """One run of a retry loop."""

    def __init__(self, source: Any, policy: Policy) -> None:
        self._source = source
        self._policy = policy
        self._progress: Progress | None = None
        #: The attempt that has not ended.
        self._attempt: _Block | None = None
        self._is_over = False
        #: Where the function asks for the next attempt.
        self._place: Place | None = None
        #: What the last attempt has failed with, while the next one has not been asked for.
        self._owed = ""

    def __del__(self) -> None:
        """Warns of a loop that was left behind an attempt that failed: the program may believe that it was committed."""
        if self._owed and not sys.is_finalizing():
            warnings.warn(
                f"a loop of attempts() was left though its last attempt had failed with {self._owed}, so nothing of it "
                "was written: leave the loop by its end, which follows the attempt that was committed",
                RuntimeWarning,
                stacklevel=2,
            )

    def _has_next(self, place: Place) -> bool:
        self._place = place
        self._owed = ""
        if self._attempt is not None:
            raise RuntimeError(
                "an attempt was not made: write `with attempt as tr:` in the loop of attempts()"
            )
        return not self._is_over

    def _next_steps(self) -> Steps[Progress]:
        """Makes the transaction ready for the next attempt."""
        progress = self._progress
        if progress is None:
            progress = self._progress = Progress(create(self._source, self._policy))
        self._is_over = True  # unless this ends well
        while True:
            try:
                yield from progress.version_steps()
                self._is_over = False
                return progress
            except FDBError as error:
                refusal = yield from progress.retry_steps(error)
                if refusal is error:
                    raise
                if refusal is not None:
                    raise refusal from error


class _Block:
    """One attempt: what happens at the end of its block."""

    def __init__(self, progress: Progress, loop: _Loop | None) -> None:
        self._progress = progress
        self._loop = loop
        self._has_begun = False
        #: Which attempt of its loop this is, from 1 on.
        self.number: int = progress.attempts + 1
        #: What the attempt before has failed with, None for the first.
        self.last_error: FDBError | None = progress.last
        if loop is not None:
            loop._attempt = self

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.number}>"

    def _begin(self, attempt: Any) -> Transaction:
        if self._has_begun:
            raise RuntimeError("an attempt is made once: the loop of attempts() gives out others")
        self._has_begun = True
        tr = self._progress.tr
        tr._attempt = attempt
        return tr

    def _place(self) -> Place | None:
        return self._loop._place if self._loop is not None else None

    def _end_steps(self, error: BaseException | None, place: Place) -> Steps[bool]:
        """Ends the attempt, whose block at a place has ended, perhaps with an error.

        Returns whether another one will follow; raises the error that the loop ends with.
        """
        progress, loop = self._progress, self._loop
        progress.tr._attempt = None
        if loop is not None:
            loop._attempt = None
            loop._is_over = True  # unless there will be another attempt
        if not (error is None or isinstance(error, FDBError)):
            progress.tr._handle.note_failure(type(error))
            progress.tr.cancel()
            return False
        failed, may_go_on = error, True
        if failed is None:
            try:
                yield from progress.commit_steps()
            except FDBError as raised:
                failed = raised
                may_go_on = loop is None or loop._place is None or goes_on(loop._place, place)
            else:
                return False
        try:
            outcome = yield from self._outcome_steps(failed, may_go_on)
            if outcome is None:
                return True
            if outcome is error:
                return False  # it goes on as it was raised, with the traceback into the block
            if outcome is failed:
                raise failed
            raise outcome from failed
        finally:
            self._loop = (
                None  # which ends where the program leaves it, whoever still has the attempt
            )
            del error, failed  # which refer to this frame now

    def _outcome_steps(self, failed: FDBError, may_go_on: bool) -> Steps[FDBError | None]:
        """Returns the error that the loop ends with, None if there will be another attempt."""
        loop = self._loop
        if loop is None or not may_go_on:
            yield from self._fail_steps(failed, may_go_on)
            return failed
        refusal = yield from self._progress.retry_steps(failed)
        loop._is_over = refusal is not None
        if refusal is None:
            loop._owed = f"{failed.name} ({failed.code})"
        return refusal

    def _fail_steps(self, error: FDBError, may_go_on: bool) -> Steps[None]:
        """Has an error that ends the loop tell of it."""
        progress = self._progress
        yield from progress.conflict_steps(error)
        progress.note(error, progress.last)
        if not may_go_on:
            error._tell(
                "the block was left by return or break, so it could not be run again: leave the loop behind "
                "the block"
            )
        progress.tr._handle.note_failure(error.code)
        progress.tr.cancel()


class _Maker:
    """What begins loops or blocks."""

    def __init__(self, source: Any, policy: Policy) -> None:
        self._source = source
        self._policy = policy

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._source!r}>"


class _SingleBlock(_Maker):
    """What `transaction()` returns, in all event models."""

    _block: _Block | None = None

    def _make(self) -> _Block:
        if self._block is not None:
            raise RuntimeError("the block has begun already: call transaction() for each block")
        self._block = _Block(Progress(create(self._source, self._policy)), None)
        return self._block

    def _version_steps(self, block: _Block) -> Steps[None]:
        progress = block._progress
        try:
            yield from progress.version_steps()
        except FDBError as error:
            yield from block._fail_steps(error, True)
            raise

    def _take(self) -> _Block:
        block, self._block = self._block, None
        if block is None:
            raise RuntimeError("the block has not begun")
        return block


# ---- blocking ----


def _end(block: _Block, error: BaseException | None, place: Place) -> bool:
    attempt = block._progress.tr._attempt
    if attempt is not None:
        attempt.clear()
    return drive(block._end_steps(error, place))


class Attempt(_Block):
    """One turn of `for attempt in db.attempts()`: `with attempt as tr` runs its transaction and commits it."""

    def __enter__(self) -> Transaction:
        """Returns the transaction."""
        return self._begin([strand_of(self._progress.tr)()])

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """Commits, or cancels the transaction for an exception. True where another attempt follows."""
        return _end(self, error, caller(1, self._place()))


class AttemptIterator(_Loop):
    """Gives out the attempts of one loop."""

    def __iter__(self) -> AttemptIterator:
        """Returns itself."""
        return self

    def __next__(self) -> Attempt:
        """Returns the next attempt; ends after the one that was committed."""
        if not self._has_next(caller(1)):
            raise StopIteration
        return Attempt(drive(self._next_steps()), self)


class Attempts(_Maker):
    """What `db.attempts()` returns: attempts at a transaction, until one is committed."""

    def __iter__(self) -> AttemptIterator:
        """Begins with another transaction each time."""
        return AttemptIterator(self._source, self._policy)


class TransactionBlock(_SingleBlock):
    """What `db.transaction()` returns: `with` it, a block is one transaction, committed at its end."""

    def __enter__(self) -> Transaction:
        """Returns a new transaction."""
        block = self._make()
        try:
            strand = strand_of(block._progress.tr)
            drive(self._version_steps(block))
        except BaseException:
            self._block = None
            raise
        return block._begin([strand()])

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Commits, or cancels the transaction for an exception."""
        _end(self._take(), error, caller(1))


# ---- asyncio ----


async def _end_asynchronously(block: _Block, error: BaseException | None, place: Place) -> bool:
    attempt = block._progress.tr._attempt
    if attempt is not None:
        attempt.clear()
    return await drive_asynchronously(block._end_steps(error, place))


class AsyncAttempt(_Block):
    """One turn of `async for attempt in db.attempts()`: `async with attempt as tr` runs and commits it."""

    async def __aenter__(self) -> Transaction:
        """Returns the transaction."""
        return self._begin(AsynchronousRun())

    def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Coroutine[Any, Any, bool]:
        """Commits, or cancels the transaction for an exception. True where another attempt follows."""
        return _end_asynchronously(self, error, caller(1, self._place()))


class AsyncAttemptIterator(_Loop):
    """Gives out the attempts of one loop."""

    def __aiter__(self) -> AsyncAttemptIterator:
        """Returns itself."""
        return self

    def __anext__(self) -> Coroutine[Any, Any, AsyncAttempt]:
        """Returns the next attempt; ends after the one that was committed."""
        return self._next(self._has_next(caller(1)))

    async def _next(self, there_is: bool) -> AsyncAttempt:
        if not there_is:
            raise StopAsyncIteration
        return AsyncAttempt(await drive_asynchronously(self._next_steps()), self)


class AsyncAttempts(_Maker):
    """What `attempts()` of an asynchronous database returns: attempts at a transaction, until one is committed."""

    def __aiter__(self) -> AsyncAttemptIterator:
        """Begins with another transaction each time."""
        return AsyncAttemptIterator(self._source, self._policy)


class AsyncTransactionBlock(_SingleBlock):
    """What `transaction()` of an asynchronous database returns, for `async with`."""

    async def __aenter__(self) -> Transaction:
        """Returns a new transaction."""
        block = self._make()
        try:
            await drive_asynchronously(self._version_steps(block))
        except BaseException:
            self._block = None
            raise
        return block._begin(AsynchronousRun())

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Commits, or cancels the transaction for an exception."""
        await _end_asynchronously(self._take(), error, caller(0))
