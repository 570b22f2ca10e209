"""Databases: handles on a key space, with convenience methods that are transactions of their own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, TypeVar, overload

from fdb._generated.options import AtomicOperations, DatabaseOptions, StreamingMode
from fdb._keys import Bound, KeySelector, NoEnd, prefix_range
from fdb._mistakes import no_default, no_membership
from fdb._native import extension
from fdb._native.extension import KeyValue
from fdb._native.library import Library
from fdb._retry import transactional
from fdb._transaction import Transaction
from fdb._types import KeyArgument, ValueArgument
from fdb._values import Key, Value
from fdb._watch import Watch

if TYPE_CHECKING:
    from fdb._tenant import Tenant

ResultT = TypeVar("ResultT")
SelfT = TypeVar("SelfT", bound="TransactionSource")


class HasLock(Protocol):
    """What gives out databases."""

    @property
    def lock(self) -> AbstractContextManager[Any]:
        """Held while one is given out or taken back."""
        ...


class Sharing:
    """Who has an object that several got from `fdb.open`: it ends with the last `with` block of them."""

    __slots__ = ("_blocks", "_forget", "_owner", "holders")

    def __init__(self, owner: HasLock, forget: Callable[[Any], None]) -> None:
        """`forget` is called with the object when that is closed; those who open take `owner.lock`."""
        # Not the lock itself: a fork may leave it locked, and the owner has another one then.
        self._owner = owner
        self._forget = forget
        #: How often it was given out.
        self.holders = 0
        self._blocks = 0

    def enter(self) -> None:
        """Notes the begin of a `with` block."""
        with self._owner.lock:
            self._blocks += 1

    def leave(self, database: TransactionSource) -> bool:
        """Notes the end of a `with` block; True if nobody is left, then the object is forgotten."""
        with self._owner.lock:
            self._blocks -= 1
            self.holders -= 1
            if self._blocks > 0 or self.holders > 0:
                return False
            self._forget(database)
            return True

    def close(self, database: TransactionSource) -> None:
        """Forgets the object."""
        self._forget(database)


class TransactionSource:
    """What databases and tenants of all event models have in common."""

    #: For those that come from `fdb.open`.
    _sharing: Sharing | None = None
    #: Which one it is, for people.
    _which = ""

    def __init__(self, handle: extension.DatabaseHandle, library: Library) -> None:
        self._handle = handle
        self._library = library
        self._closed = False

    def __repr__(self) -> str:
        closed = ", closed" if self._closed else ""
        return f"<{type(self).__name__}{self._which}{closed}>"

    def create_transaction(self) -> Transaction:
        """Returns a new transaction. `fdb.transactional` does so too, and retries it."""
        return Transaction(self._handle.create_transaction(), self._library, self)

    def __contains__(self, key: NoReturn) -> bool:
        """Raises TypeError: whether a key is there shows its value."""
        raise no_membership(key, "db.get(key) is not None (with await in an asyncio database)")

    #: TypeError: not all rows are read at once unless that is written, as in db[:].
    __iter__ = None

    def close(self) -> None:
        """Gives up the object; transactions made from it go on. A second call does nothing.

        Not needed at the end of a program. Afterwards everything else raises RuntimeError, also for
        others that got the object from `fdb.open`; a `with` block leaves it to them.
        """
        self._closed = True
        if self._sharing is not None:
            self._sharing.close(self)
        self._handle.close()

    def _enter(self) -> None:
        if self._sharing is not None:
            self._sharing.enter()

    def _leave(self) -> None:
        if self._sharing is None or self._sharing.leave(self):
            self.close()

    def __enter__(self: SelfT) -> SelfT:
        self._enter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leave()


class SynchronousOperations(TransactionSource, AtomicOperations[None]):
    """Convenience methods of Database and Tenant: each is a transaction, retried until it succeeds.

    They block, and raise FDBError for what a retry does not help.
    """

    def get(self, key: KeyArgument, *unwanted: NoReturn) -> bytes | None:
        """Returns the value of `key`, None if there is none."""
        if unwanted:
            raise no_default("value if (value := db.get(key)) is not None else default")
        return _run(self, lambda tr: tr.get(key).value)

    @overload
    def __getitem__(self, key: slice) -> list[KeyValue]: ...
    @overload
    def __getitem__(self, key: KeyArgument) -> bytes | None: ...
    def __getitem__(self, key: KeyArgument | slice) -> bytes | None | list[KeyValue]:
        """`db[key]` is `get`; `db[begin:end]` is `get_range`, `db[begin:end:-1]` in reverse."""
        if isinstance(key, slice):
            return self.get_range(key)
        return _run(self, lambda tr: tr.get(key).value)

    def get_key(self, key_selector: KeySelector) -> bytes:
        """Returns the key that the selector resolves to."""
        return _run(self, lambda tr: bytes(tr.get_key(key_selector)))

    def get_range(
        self,
        begin: Bound | slice,
        end: Bound = None,
        limit: int = 0,
        reverse: bool = False,
        streaming_mode: int = StreamingMode.want_all,
    ) -> list[KeyValue]:
        """Returns the rows with begin <= key < end. See `TransactionRead.get_range`."""
        return _run(
            self, lambda tr: tr.get_range(begin, end, limit, reverse, streaming_mode).to_list()
        )

    def get_range_startswith(
        self,
        prefix: KeyArgument,
        limit: int = 0,
        reverse: bool = False,
        streaming_mode: int = StreamingMode.want_all,
    ) -> list[KeyValue]:
        """Returns the rows whose keys start with `prefix`."""
        begin, end = prefix_range(prefix)
        return self.get_range(begin, end, limit, reverse, streaming_mode)

    def set(self, key: KeyArgument, value: ValueArgument) -> None:
        """Stores `value` under `key`."""
        _run(self, lambda tr: tr.set(key, value))

    def __setitem__(self, key: KeyArgument, value: ValueArgument) -> None:
        """The same as `set`."""
        _run(self, lambda tr: tr.set(key, value))

    def clear(self, key: KeyArgument | KeySelector) -> None:
        """Removes `key`, or the key that a selector resolves to."""
        _run(self, lambda tr: tr.clear(key))

    def clear_range(self, begin: Bound | slice, end: Bound | NoEnd = ...) -> None:
        """Removes all keys with begin <= key < end. See `Transaction.clear_range`."""
        _run(self, lambda tr: tr.clear_range(begin, end))

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
        return _run(self, lambda tr: (tr.get(key), tr.watch(key)))

    def set_and_watch(self, key: KeyArgument, value: ValueArgument) -> Watch:
        """Stores `value` and returns a watch that becomes ready when it changes from that."""

        def act(tr: Transaction) -> Watch:
            tr.set(key, value)
            return tr.watch(key)

        return _run(self, act)

    def clear_and_watch(self, key: KeyArgument) -> Watch:
        """Removes `key` and returns a watch that becomes ready when it is set again."""

        def act(tr: Transaction) -> Watch:
            tr.clear(key)
            return tr.watch(key)

        return _run(self, act)

    def _atomic_operation(self, code: int, key: KeyArgument, param: ValueArgument) -> None:
        _run(self, lambda tr: tr._atomic_operation(code, key, param))


def tenant_name(name: bytes | tuple[Any, ...]) -> bytes:
    """Returns the bytes of a tenant's name; a tuple is packed. Raises TypeError for another type."""
    if isinstance(name, tuple):
        from fdb import tuple as tuple_layer

        return tuple_layer.pack(name)
    if isinstance(name, bytes):
        return extension.key_bytes(name)
    raise TypeError("Tenant name must be of type bytes or of type tuple")


class DatabaseMembers(TransactionSource):
    """What databases of all event models have, and tenants have not."""

    @property
    def options(self) -> DatabaseOptions:
        """The options of this database, and defaults for its transactions."""
        handle, library = self._handle, self._library
        return DatabaseOptions(
            lambda code, value: handle.call(library.fdb_database_set_option, code, value)
        )

    def get_client_status(self) -> Key:
        """Returns the (future) status of the client as JSON text."""
        address = self._handle.call(self._library.fdb_database_get_client_status)
        return Key(self._handle, address, extension.KEY)

    def _open_tenant(self, name: bytes | tuple[Any, ...]) -> extension.DatabaseHandle:
        address = self._handle.call(self._library.fdb_database_open_tenant, tenant_name(name))
        return extension.DatabaseHandle(self._library.address, address, self._handle.model, True)


class Database(SynchronousOperations, DatabaseMembers):
    """A database, as returned by `fdb.open`. Thread-safe."""

    def open_tenant(self, name: bytes | tuple[Any, ...]) -> Tenant:
        """Returns a tenant, whether it exists or not: that shows in its operations (2131).

        `name` is bytes, or a tuple that is packed. Raises TypeError for another type.
        """
        from fdb._tenant import Tenant

        tenant = Tenant(self._open_tenant(name), self._library)
        tenant._which = f" {name!r} of {self!r}"
        return tenant


@transactional
def _run(tr: Transaction, act: Callable[[Transaction], ResultT]) -> ResultT:
    return act(tr)
