"""Lease: a lock that ends by itself, and whose holders are told apart by tokens.

Keys within the subspace, as tuples: ("holder",) is 10 bytes, the versionstamp of the transaction that took the lease,
its token, and then a tuple (16 random bytes of the holder, its name); ("renewed",) is 10 bytes, the versionstamp of the
transaction that took or renewed it last, and then a tuple (versions,), by how much the version of the database grows
from that on until the lease ends; ("tick",) is empty, and written where a version of now is needed.

Invariants: there is a holder if and only if there is a renewal. Who takes the lease reads both, who renews it reads the
holder, so that of the two only one succeeds; `check` reads the holder alone, and so does not conflict with renewals.
Leases are immutable and grants thread-safe.
"""

from __future__ import annotations

import os
import time
from collections.abc import Coroutine
from types import TracebackType
from typing import NamedTuple

from fdb import _flows
from fdb import tuple as tuple_layer
from fdb._flows import Flow, Transact
from fdb._layers import Steps
from fdb._typing import Any, Generic, TypeVar, overload
from fdb.impl import AsyncDatabase, AsyncTenant, Database, Tenant, Transaction, TransactionRead
from fdb.layers._base import (
    AsyncSource,
    ReadSource,
    SubspaceArgument,
    WriteSource,
    read,
    subspace_of,
    write,
)
from fdb.layers._leased import (
    VERSIONS_PER_SECOND,
    Time,
    seconds_of,
    seconds_until,
    versions_of,
    wait_for_change,
)
from fdb.layers._stamped import set_stamped_value
from fdb.subspace_impl import Subspace

SourceT = TypeVar("SourceT")
SelfT = TypeVar("SelfT")

_STAMP_LENGTH = 10
_VERSION_LENGTH = 8
_HOLDER_LENGTH = 16


class LeaseLostError(LookupError):
    """The lease is not held by who acts as its holder any more: it has ended, and another one has taken it, or it was released."""


class LeaseHeldError(TimeoutError):
    """The lease could not be had in time, as another one holds it."""


class LeaseHolder(NamedTuple):
    """Who holds a lease."""

    token: bytes
    """The fencing token, 10 bytes."""
    name: str
    """The name that it gave to `acquire`, empty without."""
    seconds: float
    """How long the lease lasts if it is not renewed; 0 if it has ended and nobody has taken it yet."""


class LeaseGrant:
    """What the holder of a lease has got."""

    __slots__ = ("_holder", "_until", "name", "token")

    def __init__(self, holder: bytes, token: bytes, name: str, until: float) -> None:
        self._holder = holder
        self._until = until
        self.token: bytes = token
        """The fencing token: 10 bytes, greater than those of all earlier holders of the lease, compared as bytes."""
        self.name: str = name
        """The name that the holder gave to `acquire`, empty without."""

    @property
    def remaining(self) -> float:
        """How many seconds the lease lasts at least, by the clock of this machine, unless versions have jumped; 0 at the end.

        Counted from before the database was asked for it. What has to be certain is asked by `Lease.check`.
        """
        return max(0.0, self._until - time.monotonic())

    def __repr__(self) -> str:
        return f"<LeaseGrant {self.token.hex()} {self.name!r}, {self.remaining:.1f} s>"


class Lease:
    """A lock with a time to live, held by one at a time, on whatever machine.

    Who has died, or is too slow to renew it, loses it after `ttl`; it may not have noticed. So what the holder writes
    into this database belongs into transactions that call `check`, and other systems are given the `token` of the
    grant with each request: they refuse one that is smaller than the greatest they have seen.

    The time to live is counted in versions of the database, about a million a second, which are common to all clients:
    clocks of different machines are never compared. A recovery of a cluster makes its versions jump by some 100 seconds:
    leases that are shorter end then. In an idle database they may end some seconds late for those who do not wait.

    Operations take a Database, Tenant or, but for `acquire` and `hold`, a Transaction first and block; with an
    AsyncDatabase or AsyncTenant, or one of its transactions in a running loop, they are coroutines. They raise FDBError.
    """

    __slots__ = ("_holder", "_renewed", "_subspace", "_tick", "_ttl")

    def __init__(self, subspace: SubspaceArgument, *, ttl: Time = 30.0) -> None:
        """The lease in `subspace`, a Subspace, directory, prefix as bytes or tuple, which nothing else may use.

        `ttl` is in seconds, or a timedelta. Raises TypeError and ValueError for other arguments.
        """
        self._subspace = subspace_of(subspace, "Lease")
        self._ttl = seconds_of("ttl", ttl)
        self._holder = self._subspace.pack(("holder",))
        self._renewed = self._subspace.pack(("renewed",))
        self._tick = self._subspace.pack(("tick",))

    def __repr__(self) -> str:
        return f"Lease({self._subspace!r}, ttl={self._ttl:g})"

    @property
    def subspace(self) -> Subspace:
        """The subspace that it was made with."""
        return self._subspace

    # ---- acquire ----

    @overload
    def acquire(
        self,
        source: Database | Tenant,
        *,
        wait: bool = True,
        timeout: Time | None = None,
        name: str = "",
    ) -> LeaseGrant | None: ...
    @overload
    def acquire(
        self, source: AsyncSource, *, wait: bool = True, timeout: Time | None = None, name: str = ""
    ) -> Coroutine[Any, Any, LeaseGrant | None]: ...
    def acquire(
        self, source: Any, *, wait: bool = True, timeout: Time | None = None, name: str = ""
    ) -> Any:
        """Takes the lease, and waits for it until it is free or has ended; returns None if that was not in time.

        Waits for ever without `timeout`, and not at all with `wait=False`. Waiting is for a watch and the end of the
        lease; who of several gets it is left to chance. `name` is what `holder` tells others.

        A call that ends by an exception may have taken the lease, which then ends by itself. Raises TypeError for a
        transaction, as there is no token before the commit.
        """
        self._check_source(source, "acquire")
        limit = None if timeout is None else seconds_of("timeout", timeout)
        if not isinstance(name, str):
            raise TypeError(f"the name of a holder must be a str, not {type(name).__name__}")
        return _flows.run(source, self._acquire(source, name, limit if wait else 0.0))

    def _check_source(self, source: Any, what: str) -> None:
        if not isinstance(source, (Database, Tenant, AsyncDatabase, AsyncTenant)):
            raise TypeError(
                f"{what} needs a database or tenant, as the token of a lease is known after its commit, "
                f"not {type(source).__name__}"
            )

    def _acquire(self, source: Any, name: str, timeout: float | None) -> Flow[LeaseGrant | None]:
        me, begin = os.urandom(_HOLDER_LENGTH), time.monotonic()
        asked = begin
        while True:
            token, watch, seconds = yield Transact(source, lambda tr: self._take(tr, me, name))
            if token is not None:
                return LeaseGrant(me, token, name, asked + self._ttl)
            if watch is None:
                continue  # taken: its token is read now
            now = time.monotonic()
            if timeout is not None and now - begin >= timeout:
                watch.cancel()
                return None
            if timeout is not None:
                seconds = min(seconds, begin + timeout - now)
            yield from wait_for_change(source, watch, seconds, self._write_tick, None)
            asked = time.monotonic()

    def _take(
        self, tr: Transaction, me: bytes, name: str
    ) -> Steps[tuple[bytes | None, Any, float]]:
        """Returns the token if `me` holds the lease, a watch and seconds to wait if another one does; else takes it."""
        reads = tr.get(self._holder), tr.get(self._renewed), tr.get_read_version()
        held, renewed, version = (yield reads[0]), (yield reads[1]), (yield reads[2])
        if held is not None:
            token, holder, _ = _unpack_holder(held)
            if holder == me:
                return token, None, 0.0
            end = _end_of(renewed, version)
            if version < end:
                return None, tr.watch(self._holder), seconds_until(end, version)
        self._set_stamped(tr, self._holder, (me, name))
        self._set_stamped(tr, self._renewed, (versions_of(self._ttl),))
        return None, None, 0.0

    def _set_stamped(self, tr: Transaction, key: bytes, rest: tuple[Any, ...]) -> None:
        set_stamped_value(tr, key, tuple_layer.pack(rest))

    def _write_tick(self, tr: Transaction) -> Steps[None]:
        tr.set(self._tick, b"")
        return
        yield

    @overload
    def hold(
        self,
        source: Database | Tenant,
        *,
        wait: bool = True,
        timeout: Time | None = None,
        name: str = "",
    ) -> Hold[Database | Tenant]: ...
    @overload
    def hold(
        self, source: AsyncSource, *, wait: bool = True, timeout: Time | None = None, name: str = ""
    ) -> Hold[AsyncSource]: ...
    def hold(
        self, source: Any, *, wait: bool = True, timeout: Time | None = None, name: str = ""
    ) -> Any:
        """Returns a context manager that holds the lease for a block: `with lease.hold(db) as grant:`, or `async with`.

        Takes it as `acquire` does, and raises LeaseHeldError, a TimeoutError, if it is not to be had. Releases it at the
        end. It does not renew it: call `renew` within the block, before `grant.remaining` is over.
        """
        self._check_source(source, "hold")
        return Hold(self, source, wait, timeout, name)

    # ---- what the holder does ----

    @overload
    def renew(self, source: WriteSource, grant: LeaseGrant, *, ttl: Time | None = None) -> None: ...
    @overload
    def renew(
        self, source: AsyncSource, grant: LeaseGrant, *, ttl: Time | None = None
    ) -> Coroutine[Any, Any, None]: ...
    def renew(self, source: Any, grant: LeaseGrant, *, ttl: Time | None = None) -> Any:
        """Has the lease last for `ttl` from now on, by default that of the lease.

        Raises LeaseLostError if another one has taken it; one that has ended can be renewed until then. On a transaction
        it counts once that is committed, and `grant.remaining` is left as it was.
        """
        self._check_grant(grant)
        seconds = self._ttl if ttl is None else seconds_of("ttl", ttl)
        asked = time.monotonic()

        def steps(tr: Transaction) -> Steps[None]:
            yield from self._check(tr, grant)
            self._set_stamped(tr, self._renewed, (versions_of(seconds),))

        def note(_: None) -> None:
            grant._until = asked + seconds

        return write(source, steps, None if isinstance(source, TransactionRead) else note)

    @overload
    def release(self, source: WriteSource, grant: LeaseGrant) -> None: ...
    @overload
    def release(self, source: AsyncSource, grant: LeaseGrant) -> Coroutine[Any, Any, None]: ...
    def release(self, source: Any, grant: LeaseGrant) -> Any:
        """Gives the lease back. Does nothing if it is lost already."""
        self._check_grant(grant)

        def steps(tr: Transaction) -> Steps[None]:
            row = yield tr.get(self._holder)
            if row is not None and _unpack_holder(row)[1] == grant._holder:
                tr.clear(self._holder)
                tr.clear(self._renewed)

        return write(source, steps)

    @overload
    def check(self, source: ReadSource, grant: LeaseGrant) -> None: ...
    @overload
    def check(self, source: AsyncSource, grant: LeaseGrant) -> Coroutine[Any, Any, None]: ...
    def check(self, source: Any, grant: LeaseGrant) -> Any:
        """Raises LeaseLostError if another one has taken the lease, or it was released.

        A transaction that calls it is committed only if nobody has taken the lease by then: its writes are those of the
        holder. It does not matter whether the time is over.
        """
        self._check_grant(grant)
        return read(source, lambda tr: self._check(tr, grant))

    def _check_grant(self, grant: Any) -> None:
        if not isinstance(grant, LeaseGrant):
            raise TypeError(
                f"the grant of {self!r} must be a LeaseGrant that it gave, not {type(grant).__name__}"
            )

    def _check(self, tr: Transaction, grant: LeaseGrant) -> Steps[None]:
        row = yield tr.get(self._holder)
        if row is None:
            raise LeaseLostError(f"{self!r} is not held by {grant!r} any more, nor by anybody else")
        token, holder, name = _unpack_holder(row)
        if holder != grant._holder:
            raise LeaseLostError(
                f"{self!r} is not held by {grant!r} any more, but by {name!r} with the token {token.hex()}"
            )

    @overload
    def holder(self, source: ReadSource) -> LeaseHolder | None: ...
    @overload
    def holder(self, source: AsyncSource) -> Coroutine[Any, Any, LeaseHolder | None]: ...
    def holder(self, source: Any) -> Any:
        """Returns who holds the lease, None if nobody does. Conflicts with nothing.

        FDBError 1036 is raised after a `renew` in the same transaction.
        """
        return read(source, self._read_holder)

    def _read_holder(self, tr: TransactionRead) -> Steps[LeaseHolder | None]:
        view = tr.snapshot if isinstance(tr, Transaction) else tr
        reads = view.get(self._holder), view.get(self._renewed), view.get_read_version()
        held, renewed, version = (yield reads[0]), (yield reads[1]), (yield reads[2])
        if held is None:
            return None
        token, _, name = _unpack_holder(held)
        left = max(0, _end_of(renewed, version) - version)
        return LeaseHolder(token, name, left / VERSIONS_PER_SECOND)


class Hold(Generic[SourceT]):
    """A context manager, also an asynchronous one, that holds a lease for one block at a time; made by `Lease.hold`."""

    def __init__(self, lease: Lease, source: Any, wait: bool, timeout: Any, name: str) -> None:
        self._lease = lease
        self._source = source
        self._arguments: dict[str, Any] = {"wait": wait, "timeout": timeout, "name": name}
        self._grant: LeaseGrant | None = None

    def __repr__(self) -> str:
        return f"<Hold of {self._lease!r} of {self._source!r}>"

    def _take(self, grant: LeaseGrant | None) -> LeaseGrant:
        if grant is None:
            raise LeaseHeldError(f"{self._lease!r} is held by another one")
        self._grant = grant
        return grant

    def _release(self) -> Any:
        grant, self._grant = self._grant, None
        return None if grant is None else self._lease.release(self._source, grant)

    def __enter__(self: Hold[Database | Tenant]) -> LeaseGrant:
        return self._take(self._lease.acquire(self._source, **self._arguments))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._release()

    async def __aenter__(self: Hold[AsyncSource]) -> LeaseGrant:
        return self._take(await self._lease.acquire(self._source, **self._arguments))

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._release()


def _unpack_holder(row: bytes) -> tuple[bytes, bytes, str]:
    holder, name = tuple_layer.unpack(row, _STAMP_LENGTH)
    return row[:_STAMP_LENGTH], holder, name


def _end_of(renewed: bytes | None, version: int) -> int:
    """Returns the version at which a lease ends, as it is at `version`."""
    if renewed is None:
        return 0
    begin = int.from_bytes(renewed[:_VERSION_LENGTH], "big")
    # One of the future was taken in another database, and copied from there.
    return 0 if begin > version else begin + int(tuple_layer.unpack(renewed, _STAMP_LENGTH)[0])
