"""Databases and tenants whose convenience methods block: each is a transaction of its own."""

from __future__ import annotations

from fdb._generated.options import STREAMING_MODE_WANT_ALL, AtomicOperations
from fdb._keys import Bound, KeySelector, NoEnd, prefix_range
from fdb._mistakes import no_default
from fdb._native.extension import KeyValue
from fdb._sources import DatabaseMembers, TenantMembers, TransactionSource, call, run
from fdb._transaction import Transaction
from fdb._types import KeyArgument, ValueArgument
from fdb._typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    NoReturn,
    TypeVar,
    TypeVarTuple,
    Unpack,
    overload,
)
from fdb._values import Value
from fdb._watch import Watch

if TYPE_CHECKING:
    from fdb._policy import PolicyKeywords

ResultT = TypeVar("ResultT")
ArgumentsT = TypeVarTuple("ArgumentsT")


class SynchronousOperations(TransactionSource, AtomicOperations[None]):
    """Convenience methods of Database and Tenant: each is a transaction, retried until it succeeds.

    They block, and raise FDBError for what a retry does not help.
    """

    def run(
        self,
        function: Callable[[Transaction, Unpack[ArgumentsT]], ResultT],
        /,
        *args: Unpack[ArgumentsT],
        **policy: Unpack[PolicyKeywords],
    ) -> ResultT:
        """Calls `function(tr, *args)` in a transaction, as `fdb.transactional` would; returns its result.

        The keywords are those of `fdb.Policy`. TypeError for others.
        """
        return call(self, function, args, policy)

    def get(self, key: KeyArgument, *unwanted: NoReturn) -> bytes | None:
        """Returns the value of `key`, None if there is none."""
        if unwanted:
            raise no_default("value if (value := db.get(key)) is not None else default")
        return run(self, lambda tr: tr.get(key).value)

    @overload
    def __getitem__(self, key: slice) -> list[KeyValue]: ...
    @overload
    def __getitem__(self, key: KeyArgument) -> bytes | None: ...
    def __getitem__(self, key: KeyArgument | slice) -> bytes | None | list[KeyValue]:
        """`db[key]` is `get`; `db[begin:end]` is `get_range`, `db[begin:end:-1]` in reverse."""
        if isinstance(key, slice):
            return self.get_range(key)
        return run(self, lambda tr: tr.get(key).value)

    def get_key(self, key_selector: KeySelector) -> bytes:
        """Returns the key that the selector resolves to."""
        return run(self, lambda tr: bytes(tr.get_key(key_selector)))

    def get_range(
        self,
        begin: Bound | slice,
        end: Bound = None,
        limit: int = 0,
        reverse: bool = False,
        streaming_mode: int = STREAMING_MODE_WANT_ALL,
    ) -> list[KeyValue]:
        """Returns the rows with begin <= key < end. See `TransactionRead.get_range`."""
        return run(
            self, lambda tr: tr.get_range(begin, end, limit, reverse, streaming_mode).to_list()
        )

    def get_range_startswith(
        self,
        prefix: KeyArgument,
        limit: int = 0,
        reverse: bool = False,
        streaming_mode: int = STREAMING_MODE_WANT_ALL,
    ) -> list[KeyValue]:
        """Returns the rows whose keys start with `prefix`."""
        begin, end = prefix_range(prefix)
        return self.get_range(begin, end, limit, reverse, streaming_mode)

    def set(self, key: KeyArgument, value: ValueArgument) -> None:
        """Stores `value` under `key`."""
        run(self, lambda tr: tr.set(key, value))

    def __setitem__(self, key: KeyArgument, value: ValueArgument) -> None:
        """The same as `set`."""
        run(self, lambda tr: tr.set(key, value))

    def clear(self, key: KeyArgument | KeySelector) -> None:
        """Removes `key`, or the key that a selector resolves to."""
        run(self, lambda tr: tr.clear(key))

    def clear_range(self, begin: Bound | slice, end: Bound | NoEnd = ...) -> None:
        """Removes all keys with begin <= key < end. See `Transaction.clear_range`."""
        run(self, lambda tr: tr.clear_range(begin, end))

    def clear_range_startswith(self, prefix: KeyArgument) -> None:
        """Removes all keys that start with `prefix`."""
        self.clear_range(*prefix_range(prefix))

    def __delitem__(self, key: KeyArgument | KeySelector | slice) -> None:
        """`del db[key]` is `clear`, `del db[begin:end]` is `clear_range`."""
        if isinstance(key, slice):
            self.clear_range(key)
        else:
            self.clear(key)

    def get_and_watch(self, key: KeyArgument) -> tuple[Value, Watch]:
        """Returns the value of `key` and a watch that becomes ready when it changes from that."""
        return run(self, lambda tr: (tr.get(key), tr.watch(key)))

    def set_and_watch(self, key: KeyArgument, value: ValueArgument) -> Watch:
        """Stores `value` and returns a watch that becomes ready when it changes from that."""

        def act(tr: Transaction) -> Watch:
            tr.set(key, value)
            return tr.watch(key)

        return run(self, act)

    def clear_and_watch(self, key: KeyArgument) -> Watch:
        """Removes `key` and returns a watch that becomes ready when it is set again."""

        def act(tr: Transaction) -> Watch:
            tr.clear(key)
            return tr.watch(key)

        return run(self, act)

    def _atomic_operation(self, code: int, key: KeyArgument, param: ValueArgument) -> None:
        run(self, lambda tr: tr._atomic_operation(code, key, param))


class Tenant(SynchronousOperations, TenantMembers):
    """A tenant, as returned by `Database.open_tenant`; its keys are its own. Thread-safe."""


class Database(SynchronousOperations, DatabaseMembers):
    """A database, as returned by `fdb.open`. Thread-safe."""

    def open_tenant(self, name: bytes | tuple[Any, ...]) -> Tenant:
        """Returns a tenant, whether it exists or not: that shows in its operations (2131).

        `name` is bytes, or a tuple that is packed. Raises TypeError for another type.
        """
        return self._open_tenant(Tenant, name)
