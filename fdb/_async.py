"""Databases and tenants of the asyncio event model: their convenience methods are coroutines."""

from __future__ import annotations

from collections.abc import Coroutine
from types import TracebackType

from fdb import _causality
from fdb._generated.options import STREAMING_MODE_WANT_ALL, AtomicOperations
from fdb._keys import Bound, KeySelector, NoEnd, prefix_range, undirected_bounds
from fdb._mistakes import no_default
from fdb._range import Rows
from fdb._sources import (
    DatabaseMembers,
    TenantMembers,
    TransactionSource,
    call_asynchronously,
    run_asynchronously,
)
from fdb._transaction import Transaction
from fdb._types import KeyArgument, ValueArgument
from fdb._typing import (
    TYPE_CHECKING,
    Any,
    Awaitable,
    Callable,
    Iterable,
    NoReturn,
    TypeVar,
    TypeVarTuple,
    Unpack,
    overload,
)
from fdb._values import Value
from fdb._watch import Watch

if TYPE_CHECKING:
    from collections.abc import AsyncIterable
    from datetime import timedelta

    from fdb._attempt_loops import AsyncAttempts, AsyncTransactionBlock
    from fdb._bulk.progress import OnProgress, Progress
    from fdb._bulk.region import RangeArgument
    from fdb._bulk.scan import AsyncScan
    from fdb._bulk.work import Transform
    from fdb._health import Ping
    from fdb._policy import BlockKeywords, PolicyKeywords
    from fdb._status import Status

SelfT = TypeVar("SelfT", bound="AsynchronousOperations")
ResultT = TypeVar("ResultT")
ArgumentsT = TypeVarTuple("ArgumentsT")


class AsynchronousOperations(TransactionSource, AtomicOperations[Coroutine[Any, Any, None]]):
    """Convenience methods of AsyncDatabase and AsyncTenant, to be awaited in any running loop.

    Each is a transaction, retried until it succeeds; raises FDBError for what a retry does not
    help. Cancelling the task cancels the transaction.
    """

    async def run(
        self,
        function: Callable[[Transaction, Unpack[ArgumentsT]], Awaitable[ResultT]],
        /,
        *args: Unpack[ArgumentsT],
        **policy: Unpack[PolicyKeywords],
    ) -> ResultT:
        """Awaits `function(tr, *args)` in a transaction, as `fdb.transactional` would; returns its result.

        The keywords are those of `fdb.Policy`. TypeError for others.
        """
        return await call_asynchronously(self, function, args, policy)

    def attempts(self, **policy: Unpack[PolicyKeywords]) -> AsyncAttempts:
        """Attempts at a transaction, as a loop: `async for attempt in db.attempts(): async with attempt as tr: ...`

        The end of the block commits. Where an error allows another attempt the loop goes on, after a wait, with the
        same transaction made new; it ends when an attempt was committed. Other errors, and all other exceptions, are
        raised, and nothing was written, except that it is unknown after an error of the commit such as 1021 or 1031.
        Leave the loop behind the block, not inside of it: a block left by `return` or `break` is committed, but if
        that fails it cannot run again, and raises. What stands in the loop below the block runs after failed attempts, too.

        The keywords are those of `fdb.Policy`. TypeError for others.
        """
        from fdb import _attempt_loops as loops  # for those who write loops

        return loops.AsyncAttempts(self, loops.policy_of(policy, "attempts"))

    def transaction(self, **policy: Unpack[BlockKeywords]) -> AsyncTransactionBlock:
        """A transaction for one block: `async with db.transaction() as tr: ...` commits it at the end, and cancels it for an exception.

        It is not tried again: what would be is raised, as FDBError. Use `run`, `attempts` or `fdb.transactional` for
        what has to succeed; this is for what must run only once, or is tried again by others.

        The keywords are those of `fdb.Policy` but for `retry_limit`, `max_retry_delay` and `on_retry`. TypeError for
        others.
        """
        from fdb import _attempt_loops as loops  # for those who write blocks

        return loops.AsyncTransactionBlock(
            self, loops.policy_of(policy, "transaction", loops.RETRY_ONLY)
        )

    async def get(self, key: KeyArgument, *unwanted: NoReturn) -> bytes | None:
        """Returns the value of `key`, None if there is none."""
        if unwanted:
            raise no_default("value if (value := await db.get(key)) is not None else default")
        return (await run_asynchronously(self, lambda tr: tr.get(key))).value

    @overload
    def __getitem__(self, key: slice) -> Coroutine[Any, Any, Rows]: ...
    @overload
    def __getitem__(self, key: KeyArgument) -> Coroutine[Any, Any, bytes | None]: ...
    def __getitem__(self, key: KeyArgument | slice) -> Coroutine[Any, Any, Any]:
        """`await db[key]` is `get`; `await db[begin:end]` is `get_range`."""
        if isinstance(key, slice):
            return self.get_range(key)
        return self.get(key)

    async def get_key(self, key_selector: KeySelector) -> bytes:
        """Returns the key that the selector resolves to."""
        return bytes(await run_asynchronously(self, lambda tr: tr.get_key(key_selector)))

    async def get_range(
        self,
        begin: Bound | slice,
        end: Bound = None,
        limit: int = 0,
        reverse: bool = False,
        streaming_mode: int = STREAMING_MODE_WANT_ALL,
    ) -> Rows:
        """Returns the rows with begin <= key < end. See `TransactionRead.get_range`."""
        return await run_asynchronously(
            self, lambda tr: tr.get_range(begin, end, limit, reverse, streaming_mode)
        )

    async def get_range_startswith(
        self,
        prefix: KeyArgument,
        limit: int = 0,
        reverse: bool = False,
        streaming_mode: int = STREAMING_MODE_WANT_ALL,
    ) -> Rows:
        """Returns the rows whose keys start with `prefix`."""
        begin, end = prefix_range(prefix)
        return await self.get_range(begin, end, limit, reverse, streaming_mode)

    async def set(self, key: KeyArgument, value: ValueArgument) -> None:
        """Stores `value` under `key`."""

        async def act(tr: Transaction) -> None:
            tr.set(key, value)

        await run_asynchronously(self, act)

    def __setitem__(self, key: KeyArgument, value: ValueArgument) -> NoReturn:
        """Raises TypeError: an assignment cannot be awaited."""
        raise TypeError("db[key] = value cannot be awaited: use await db.set(key, value)")

    async def clear(self, key: KeyArgument | KeySelector) -> None:
        """Removes `key`, or the key that a selector resolves to."""

        async def act(tr: Transaction) -> None:
            tr.clear(await _resolved(tr, key))

        await run_asynchronously(self, act)

    async def clear_range(self, begin: Bound | slice, end: Bound | NoEnd = ...) -> None:
        """Removes all keys with begin <= key < end. See `Transaction.clear_range`."""
        first, last = undirected_bounds(begin, end)

        async def act(tr: Transaction) -> None:
            tr.clear_range(await _resolved(tr, first), await _resolved(tr, last))

        await run_asynchronously(self, act)

    async def clear_range_startswith(self, prefix: KeyArgument) -> None:
        """Removes all keys that start with `prefix`."""
        await self.clear_range(*prefix_range(prefix))

    def __delitem__(self, key: KeyArgument | slice) -> NoReturn:
        """Raises TypeError: a deletion cannot be awaited."""
        raise TypeError(
            "del db[key] cannot be awaited: use await db.clear(key) or db.clear_range(begin, end)"
        )

    async def get_and_watch(self, key: KeyArgument) -> tuple[Value, Watch]:
        """Returns the value of `key` and a watch that becomes ready when it changes from that."""

        async def act(tr: Transaction) -> tuple[Value, Watch]:
            value, watch = tr.get(key), tr.watch(key)
            return await value, watch

        return await run_asynchronously(self, act)

    async def set_and_watch(self, key: KeyArgument, value: ValueArgument) -> Watch:
        """Stores `value` and returns a watch that becomes ready when it changes from that."""

        async def act(tr: Transaction) -> Watch:
            tr.set(key, value)
            return tr.watch(key)

        return await run_asynchronously(self, act)

    async def clear_and_watch(self, key: KeyArgument) -> Watch:
        """Removes `key` and returns a watch that becomes ready when it is set again."""

        async def act(tr: Transaction) -> Watch:
            tr.clear(key)
            return tr.watch(key)

        return await run_asynchronously(self, act)

    # ---- more rows than a transaction can take: see docs/guides/scanning.md ----

    def scan(
        self,
        rows: RangeArgument,
        *,
        page_size: int | None = None,
        reverse: bool = False,
        continuation: bytes | None = None,
        consistent: bool = False,
    ) -> AsyncScan:
        """Returns the rows of a range of any size, for `async for`. See `Database.scan`."""
        from fdb._bulk.scan import AsyncScan

        return AsyncScan(self, rows, page_size, reverse, continuation, consistent)

    async def count(
        self,
        rows: RangeArgument,
        *,
        consistent: bool = False,
        on_progress: OnProgress | None = None,
    ) -> int:
        """Returns the number of rows in a range of any size. See `Database.count`.

        `on_progress` may be a coroutine function, here and below.
        """
        from fdb import _flow_requests as flows
        from fdb._bulk import work

        return await flows.run_in_loop(work.count(self, rows, consistent, on_progress))

    async def copy(
        self,
        rows: RangeArgument,
        target_db: AsynchronousOperations,
        *,
        transform: Transform | None = None,
        continuation: bytes | None = None,
        batch_bytes: int = 1_000_000,
        on_progress: OnProgress | None = None,
    ) -> Progress:
        """Copies the rows of a range of any size to another database or tenant. See `Database.copy`."""
        from fdb import _flow_requests as flows
        from fdb._bulk import work

        flow = work.copy(self, rows, target_db, transform, continuation, batch_bytes, on_progress)
        return await flows.run_in_loop(flow)

    async def clear_in_batches(
        self,
        rows: RangeArgument,
        *,
        batch_bytes: int = 1_000_000,
        on_progress: OnProgress | None = None,
    ) -> Progress:
        """Removes the rows of a range of any size piece by piece. See `Database.clear_in_batches`."""
        from fdb import _flow_requests as flows
        from fdb._bulk import work

        return await flows.run_in_loop(work.clear(self, rows, batch_bytes, on_progress))

    async def write_in_batches(
        self,
        rows: Iterable[tuple[KeyArgument, ValueArgument | None]]
        | AsyncIterable[tuple[KeyArgument, ValueArgument | None]],
        *,
        position_key: KeyArgument | None = None,
        batch_bytes: int = 1_000_000,
        on_progress: OnProgress | None = None,
    ) -> Progress:
        """Writes any number of pairs, of an iterable or an asynchronous one. See `Database.write_in_batches`."""
        from fdb import _flow_requests as flows
        from fdb._bulk import write

        flow = write.write(self, rows, position_key, batch_bytes, on_progress, True)
        return await flows.run_in_loop(flow)

    async def _atomic_operation(self, code: int, key: KeyArgument, param: ValueArgument) -> None:
        async def act(tr: Transaction) -> None:
            tr._atomic_operation(code, key, param)

        await run_asynchronously(self, act)

    async def __aenter__(self: SelfT) -> SelfT:
        self._enter()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leave()


class AsyncTenant(AsynchronousOperations, TenantMembers):
    """A tenant, as returned by `AsyncDatabase.open_tenant`; its keys are its own."""


class AsyncDatabase(AsynchronousOperations, DatabaseMembers):
    """A database, as returned by `fdb.open` with event_model="asyncio".

    A method that reads or writes keys is a coroutine for one transaction, or several where it says so, each retried until it succeeds.
    It raises FDBError for what a retry does not help, TypeError for what cannot be a key or value.

    It belongs to no loop: tasks of several loops, in several threads, may use it.
    """

    def session(self, last_version: int = 0) -> AsyncSession:
        """As `Database.session`. Does not block, and is no coroutine."""
        session: AsyncSession = _causality.begin(AsyncSession, self, last_version)
        return session

    async def ping(self, timeout: float | timedelta = 5) -> Ping:
        """As `Database.ping`: what the database answers within `timeout`, or FDBError 1031."""
        from fdb import _health

        return await _health.perform(self, "ping", timeout, _health.ping_steps)

    async def status(self, timeout: float | timedelta = 10) -> Status:
        """As `Database.status`: the status document, or FDBError 1031 after `timeout`."""
        from fdb import _health

        return await _health.perform(self, "status", timeout, _health.status_steps)

    def open_tenant(self, name: bytes | tuple[Any, ...]) -> AsyncTenant:
        """Returns a tenant, whether it exists or not: that shows in its operations (2131).

        `name` is bytes, or a tuple that is packed. Raises TypeError for another type.
        """
        return self._open_tenant(AsyncTenant, name)


class AsyncSessionTenant(_causality.InSession, AsyncTenant):
    """A tenant, as returned by `AsyncSession.open_tenant`: its transactions are those of the session."""


class AsyncSession(_causality.SessionMembers, AsyncDatabase):
    """A session, as returned by `AsyncDatabase.session`; see `Session`. Tasks of several loops may use it."""

    def open_tenant(self, name: bytes | tuple[Any, ...]) -> AsyncSessionTenant:
        """As `AsyncDatabase.open_tenant`: a tenant whose transactions are those of the session."""
        tenant: AsyncSessionTenant
        tenant = _causality.open_tenant(self, AsyncSessionTenant, AsyncTenant, name)
        return tenant


async def _resolved(tr: Transaction, bound: Any) -> Any:
    """Returns a bound with a selector replaced by its key, without blocking the loop."""
    return await tr.get_key(bound) if isinstance(bound, KeySelector) else bound
