"""Databases and tenants of the asyncio event model: their convenience methods are coroutines."""

from __future__ import annotations

from collections.abc import Coroutine
from types import TracebackType
from typing import Any, NoReturn, TypeVar, overload

from fdb._database import DatabaseMembers, TransactionSource
from fdb._fast import KeyValue
from fdb._generated_options import AtomicOperations, KeyArgument, StreamingMode, ValueArgument
from fdb._keys import Bound, KeySelector
from fdb._retry import transactional
from fdb._tenant import TenantMembers
from fdb._transaction import Transaction
from fdb._values import Value
from fdb._watch import Watch

SelfT = TypeVar("SelfT", bound="AsynchronousOperations")


class AsynchronousOperations(TransactionSource, AtomicOperations[Coroutine[Any, Any, None]]):
    """Convenience methods of AsyncDatabase and AsyncTenant, to be awaited in any running loop.

    Each is a transaction, retried until it succeeds; raises FDBError for what a retry does not
    help. Cancelling the task cancels the transaction.
    """

    async def get(self, key: KeyArgument) -> bytes | None:
        """Returns the value of `key`, None if there is none."""
        return await _get(self, key)

    @overload
    def __getitem__(self, key: slice) -> Coroutine[Any, Any, list[KeyValue]]: ...
    @overload
    def __getitem__(self, key: KeyArgument) -> Coroutine[Any, Any, bytes | None]: ...
    def __getitem__(self, key: KeyArgument | slice) -> Coroutine[Any, Any, Any]:
        """`await db[key]` is `get`; `await db[begin:end]` is `get_range`."""
        if isinstance(key, slice):
            return self.get_range(key.start, key.stop, reverse=key.step == -1)
        return self.get(key)

    async def get_key(self, key_selector: KeySelector) -> bytes:
        """Returns the key that the selector resolves to."""
        return await _get_key(self, key_selector)

    async def get_range(
        self,
        begin: Bound | slice,
        end: Bound = None,
        limit: int = 0,
        reverse: bool = False,
        streaming_mode: int = StreamingMode.want_all,
    ) -> list[KeyValue]:
        """Returns the rows with begin <= key < end. See `TransactionRead.get_range`."""
        return await _get_range(self, begin, end, limit, reverse, streaming_mode)

    async def get_range_startswith(
        self,
        prefix: KeyArgument,
        limit: int = 0,
        reverse: bool = False,
        streaming_mode: int = StreamingMode.want_all,
    ) -> list[KeyValue]:
        """Returns the rows whose keys start with `prefix`."""
        return await _get_range_startswith(self, prefix, limit, reverse, streaming_mode)

    async def set(self, key: KeyArgument, value: ValueArgument) -> None:
        """Stores `value` under `key`."""
        await _set(self, key, value)

    def __setitem__(self, key: KeyArgument, value: ValueArgument) -> NoReturn:
        """Raises TypeError: an assignment cannot be awaited."""
        raise TypeError("db[key] = value cannot be awaited: use await db.set(key, value)")

    async def clear(self, key: KeyArgument | KeySelector) -> None:
        """Removes `key`, or the key that a selector resolves to."""
        await _clear(self, key)

    async def clear_range(self, begin: Bound, end: Bound) -> None:
        """Removes all keys with begin <= key < end."""
        await _clear_range(self, begin, end)

    async def clear_range_startswith(self, prefix: KeyArgument) -> None:
        """Removes all keys that start with `prefix`."""
        await _clear_range_startswith(self, prefix)

    def __delitem__(self, key: KeyArgument | slice) -> NoReturn:
        """Raises TypeError: a deletion cannot be awaited."""
        raise TypeError(
            "del db[key] cannot be awaited: use await db.clear(key) or db.clear_range(begin, end)"
        )

    async def get_and_watch(self, key: KeyArgument) -> tuple[Value, Watch]:
        """Returns the value of `key` and a watch that becomes ready when it changes from that."""
        return await _get_and_watch(self, key)

    async def set_and_watch(self, key: KeyArgument, value: ValueArgument) -> Watch:
        """Stores `value` and returns a watch that becomes ready when it changes from that."""
        return await _set_and_watch(self, key, value)

    async def clear_and_watch(self, key: KeyArgument) -> Watch:
        """Removes `key` and returns a watch that becomes ready when it is set again."""
        return await _clear_and_watch(self, key)

    def _atomic_operation(
        self, code: int, key: KeyArgument, param: ValueArgument
    ) -> Coroutine[Any, Any, None]:
        return _atomic_operation(self, code, key, param)

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

    It belongs to no loop: tasks of several loops, in several threads, may use it.
    """

    def open_tenant(self, name: bytes | tuple[Any, ...]) -> AsyncTenant:
        """Returns a tenant, whether it exists or not: that shows in its operations (2131).

        `name` is bytes, or a tuple that is packed. Raises TypeError for another type.
        """
        return AsyncTenant(self._open_tenant(name), self._library)


@transactional
async def _get(tr: Transaction, key: KeyArgument) -> bytes | None:
    return (await tr.get(key)).value


@transactional
async def _get_key(tr: Transaction, key_selector: KeySelector) -> bytes:
    return bytes(await tr.get_key(key_selector))


@transactional
async def _get_range(
    tr: Transaction,
    begin: Bound | slice,
    end: Bound,
    limit: int,
    reverse: bool,
    streaming_mode: int,
) -> list[KeyValue]:
    return await tr.get_range(begin, end, limit, reverse, streaming_mode)


@transactional
async def _get_range_startswith(
    tr: Transaction, prefix: KeyArgument, limit: int, reverse: bool, streaming_mode: int
) -> list[KeyValue]:
    return await tr.get_range_startswith(prefix, limit, reverse, streaming_mode)


@transactional
async def _set(tr: Transaction, key: KeyArgument, value: ValueArgument) -> None:
    tr.set(key, value)


@transactional
async def _clear(tr: Transaction, key: KeyArgument | KeySelector) -> None:
    tr.clear(await _resolved(tr, key))


@transactional
async def _clear_range(tr: Transaction, begin: Bound, end: Bound) -> None:
    tr.clear_range(await _resolved(tr, begin), await _resolved(tr, end))


@transactional
async def _clear_range_startswith(tr: Transaction, prefix: KeyArgument) -> None:
    tr.clear_range_startswith(prefix)


@transactional
async def _get_and_watch(tr: Transaction, key: KeyArgument) -> tuple[Value, Watch]:
    return await tr.get(key), tr.watch(key)


@transactional
async def _set_and_watch(tr: Transaction, key: KeyArgument, value: ValueArgument) -> Watch:
    tr.set(key, value)
    return tr.watch(key)


@transactional
async def _clear_and_watch(tr: Transaction, key: KeyArgument) -> Watch:
    tr.clear(key)
    return tr.watch(key)


@transactional
async def _atomic_operation(
    tr: Transaction, code: int, key: KeyArgument, param: ValueArgument
) -> None:
    tr._atomic_operation(code, key, param)


async def _resolved(tr: Transaction, bound: Any) -> Any:
    """Returns a bound with a selector replaced by its key, without blocking the loop."""
    return await tr.get_key(bound) if isinstance(bound, KeySelector) else bound
