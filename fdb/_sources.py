"""What makes transactions: the base of databases and tenants of all event models."""

from __future__ import annotations

from types import TracebackType

from fdb import _retry
from fdb._future import FutureInt64, FutureKeyValueArray, FutureUInt64
from fdb._generated.options import DatabaseOptions
from fdb._keys import NoEnd, key_bounds
from fdb._mistakes import no_membership
from fdb._native import extension
from fdb._native.library import Library
from fdb._notebooks import repr_html
from fdb._transaction import Transaction
from fdb._types import KeyArgument
from fdb._typing import TYPE_CHECKING, Any, Awaitable, Callable, NoReturn, Protocol, TypeVar
from fdb._values import Key

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from fdb._governed import Defaults
    from fdb._observing.observers import Observers
    from fdb._policy import Policy, PolicyKeywords
    from fdb._transaction import Handle

    _Source = extension.SourceBase[Transaction]
else:
    _Source = extension.SourceBase

ResultT = TypeVar("ResultT")
SelfT = TypeVar("SelfT", bound="TransactionSource")
TenantT = TypeVar("TenantT", bound="TenantMembers")


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


class HandleMaker(Protocol):
    """What takes the place of `DatabaseHandle.create_transaction`."""

    def create_handle(self, source: TransactionSource) -> Handle:
        """Returns the handle of a new transaction of `source`."""
        ...


class TransactionSource(_Source):
    """What databases and tenants of all event models have in common."""

    #: For those that come from `fdb.open`.
    _sharing: Sharing | None = None
    #: Which one it is, for people.
    _which = ""
    if TYPE_CHECKING:
        _library: Library
        #: Who wants to see what its transactions do; tests (see fdb/testing/_tracing.py).
        _tracing: HandleMaker | None
        #: What makes its transactions, if it was opened with a policy (fdb/_governed.py).
        _defaults: Defaults | None

    def __init__(self, handle: extension.DatabaseHandle, library: Library) -> None:
        self._handle = handle
        self._library = library
        self._closed = False

    _repr_html_ = repr_html

    def __repr__(self) -> str:
        closed = ", closed" if self._closed else ""
        return f"<{type(self).__name__}{self._which}{closed}>"

    def __contains__(self, key: NoReturn) -> bool:
        """Raises TypeError: whether a key is there shows its value."""
        raise no_membership(key, "db.get(key) is not None (with await in an asyncio database)")

    #: TypeError: not all rows are read at once unless that is written, as in db[:].
    __iter__ = None

    @property
    def last_version(self) -> int:
        """The newest version that this object knows to be in the database; 0 before any. Never goes back, never blocks.

        It knows the version of each commit that has written something, once somebody has waited for that commit
        (`fdb.transactional` does), and each read version that was asked for and has arrived. A transaction that only
        reads makes known what it has read if it asks for its read version; those of a session do. A tenant
        and its database know the same; objects of other event models and processes know their own.
        """
        return self._versions.newest

    @property
    def _versions(self) -> extension.Versions:
        """What learns of the versions that its transactions read and commit."""
        return self._handle.versions

    @property
    def defaults(self) -> Policy | None:
        """The policy of all its transactions, from `fdb.open` and the environment; None where neither has one.

        A tenant has that of its database.
        """
        return self._defaults.policy if self._defaults is not None else None

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


def tenant_name(name: bytes | tuple[Any, ...]) -> bytes:
    """Returns the bytes of a tenant's name; a tuple is packed. Raises TypeError for another type."""
    if isinstance(name, tuple):
        from fdb import tuple as tuple_layer  # which few programs use for this

        return tuple_layer.pack(name)
    if isinstance(name, bytes):
        return extension.key_bytes(name)
    raise TypeError("Tenant name must be of type bytes or of type tuple")


class DatabaseMembers(TransactionSource):
    """What databases of all event models have, and tenants have not."""

    #: Once they were asked for.
    _observers: Observers | None = None

    @property
    def options(self) -> DatabaseOptions:
        """The options of this database, and defaults for its transactions."""
        handle, library = self._handle, self._library
        return DatabaseOptions(
            lambda code, value: handle.call(library.fdb_database_set_option, code, value)
        )

    @property
    def observers(self) -> Observers:
        """Who is told of the transactions of this database and its tenants; see `fdb.observe`.

        To be changed by `append` and `remove`; what is added is called with each `fdb.TransactionEvent`.
        """
        from fdb._observing.observers import observers_of  # most programs observe nothing

        return observers_of(self)

    def get_client_status(self) -> Key:
        """Returns the (future) status of the client as JSON text."""
        address = self._handle.call(self._library.fdb_database_get_client_status)
        return Key(self._handle, address, extension.KEY)

    def _get_server_protocol(self) -> FutureUInt64:
        address = self._handle.call(self._library.fdb_database_get_server_protocol, 0)
        return FutureUInt64(self._handle, address, extension.UINT64)

    def _open_tenant(self, kind: type[TenantT], name: bytes | tuple[Any, ...]) -> TenantT:
        key = tenant_name(name)
        address = self._handle.call(self._library.fdb_database_open_tenant, key)
        own = self._handle
        handle = extension.DatabaseHandle(
            self._library.address, address, own.model, True, own.versions
        )
        tenant = kind(handle, self._library)
        tenant._database = self
        tenant._name = key
        tenant._which = f" {name!r} of {self!r}"
        return tenant


class TenantMembers(TransactionSource):
    """What tenants of all event models have, and databases have not."""

    #: The database that has opened it.
    _database: DatabaseMembers
    #: Its name in the database.
    _name: bytes

    @property
    def _tracing(self) -> HandleMaker | None:  # type: ignore[override]
        return self._database._tracing

    @property
    def _defaults(self) -> Defaults | None:  # type: ignore[override]
        return self._database._defaults

    def get_id(self) -> FutureInt64:
        """Returns the (future) number of the tenant; fails with 2131 if it does not exist."""
        address = self._handle.call(self._library.fdb_tenant_get_id)
        return FutureInt64(self._handle, address, extension.INT64)

    def list_blobbified_ranges(
        self,
        begin: KeyArgument | slice,
        end: KeyArgument | NoEnd = ...,
        limit: int | None = None,
    ) -> FutureKeyValueArray:
        """Returns the (future) blobbified ranges between two keys, at most `limit`, which must be given.

        In place of both bounds there may be a slice or a Subspace. The key of each row is the begin of
        a range and the value is its end.
        """
        if limit is None:
            raise TypeError("list_blobbified_ranges() needs a limit")
        first, last = key_bounds(begin, end)
        address = self._handle.call(
            self._library.fdb_tenant_list_blobbified_ranges,
            first,
            last,
            limit,
        )
        return FutureKeyValueArray(self._handle, address, extension.RANGES)


def run(source: TransactionSource, act: Callable[[Transaction], ResultT]) -> ResultT:
    """Runs a convenience method: calls `act` with a new transaction, which is committed and retried. Blocks."""
    return extension.transact(act, _retry.FIRST, 0, (source,), {})


def call(
    source: TransactionSource,
    function: Callable[..., ResultT],
    args: tuple[Any, ...],
    policy: PolicyKeywords,
) -> ResultT:
    """Runs a function for `db.run`, with the keywords of a policy. Blocks."""
    _require_callable(function)
    if not policy:
        return extension.transact(function, _retry.FIRST, 0, (source, *args), {})
    tr = _retry.created(source, policy)
    return _retry.run(tr, function, (tr, *args), {})


def call_asynchronously(
    source: TransactionSource,
    function: Callable[..., Awaitable[ResultT]],
    args: tuple[Any, ...],
    policy: PolicyKeywords,
) -> Awaitable[ResultT]:
    """As `call`, in the running loop."""
    _require_callable(function)
    tr = _retry.created(source, policy) if policy else source.create_transaction()
    return _retry.run_asynchronously(tr, function, (tr, *args), {})


def _require_callable(function: Any) -> None:
    if not callable(function):
        raise TypeError(
            f"run() takes a function, which it calls with a transaction, not {type(function).__name__}"
        )


def run_asynchronously(
    source: TransactionSource, act: Callable[[Transaction], Awaitable[ResultT]]
) -> Awaitable[ResultT]:
    """As `run`, in the running loop: what `act` returns is awaited before the commit."""
    tr = source.create_transaction()
    return _retry.run_asynchronously(tr, act, (tr,), {})
