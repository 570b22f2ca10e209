"""Where keys are stored: the boundaries of shards and the servers of a key (API version 23 and later)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Iterator

from fdb._keys import NoEnd, key_bounds
from fdb._layers import AsyncSource, BlockingSource, is_asynchronous
from fdb._types import KeyArgument
from fdb._typing import Any, overload
from fdb.impl import (
    FDBError,
    FDBRange,
    FutureStringArray,
    FutureVoid,
    KeyValue,
    Transaction,
    TransactionRead,
    transactional,
)

__all__ = ["get_addresses_for_key", "get_boundary_keys"]

_KEY_SERVERS = b"\xff/keyServers/"
_TRANSACTION_TOO_OLD = 1007


@overload
def get_boundary_keys(
    db_or_tr: BlockingSource, begin: KeyArgument | slice, end: KeyArgument | NoEnd = ...
) -> Iterator[bytes]: ...
@overload
def get_boundary_keys(
    db_or_tr: AsyncSource, begin: KeyArgument | slice, end: KeyArgument | NoEnd = ...
) -> AsyncIterator[bytes]: ...
def get_boundary_keys(
    db_or_tr: Any, begin: KeyArgument | slice, end: KeyArgument | NoEnd = ...
) -> Any:
    """Return an iterator over the keys k, begin <= k < end, at which a shard begins.

    In place of both bounds there may be a slice or a Subspace. They are read by transactions of its own,
    at snapshot, and are an estimate. Given a transaction, the scan starts at its read version (which this
    waits for); it is not changed otherwise. The read begins before the function returns; iterating blocks
    and may raise FDBError. With the asyncio event model, where nothing may block, the result is for
    ``async for`` and all of this happens in its steps.
    """
    first, last = key_bounds(begin, end)
    if is_asynchronous(db_or_tr):
        return _boundaries_asynchronously(db_or_tr, first, last)
    if first >= last:
        return iter(())
    tr = _new_transaction(db_or_tr)
    if isinstance(db_or_tr, TransactionRead):
        tr.set_read_version(db_or_tr.get_read_version().wait())
    scan = _Scan(tr, first, last)
    return _boundaries(scan, scan.rows())


@overload
def get_addresses_for_key(tr: BlockingSource, key: bytes) -> FutureStringArray: ...
@overload
def get_addresses_for_key(tr: AsyncSource, key: bytes) -> Coroutine[Any, Any, list[bytes]]: ...
def get_addresses_for_key(tr: Any, key: bytes) -> Any:
    """Return a future of the addresses, a list of bytes, of the servers that store ``key``.

    Given a database, the future may be waited for although its transaction has ended. Given an
    AsyncDatabase or AsyncTenant, the result is a coroutine for the list.
    """
    if is_asynchronous(tr) and not isinstance(tr, TransactionRead):
        return _await_addresses(tr, key)
    return _get_addresses(tr, key)


@transactional
def _get_addresses(tr: TransactionRead, key: bytes) -> FutureStringArray:
    return tr.get_addresses_for_key(key)


@transactional
async def _await_addresses(tr: Transaction, key: bytes) -> list[bytes]:
    return await tr.get_addresses_for_key(key)


def _new_transaction(db_or_tr: Any) -> Transaction:
    source = db_or_tr.db if isinstance(db_or_tr, TransactionRead) else db_or_tr
    tr: Transaction = source.create_transaction()
    return tr


def _begin_scan(tr: Transaction, begin: bytes, end: bytes) -> FDBRange:
    # Anew for each attempt, as an error resets the options.
    tr.options.set_read_system_keys()
    tr.options.set_lock_aware()
    return tr.snapshot.get_range(_KEY_SERVERS + begin, _KEY_SERVERS + end)


class _Scan:
    """A scan of the boundaries, and where it has come to, which no failure of a transaction loses."""

    def __init__(self, tr: Transaction, begin: bytes, end: bytes) -> None:
        self._tr = tr
        self._begin = begin
        self._end = end
        self._progress = False

    def rows(self) -> FDBRange:
        """Begin to read the rest."""
        self._progress = False
        return _begin_scan(self._tr, self._begin, self._end)

    def boundary(self, row: KeyValue) -> bytes:
        """Return the boundary that a row stands for; the rest begins after it."""
        boundary = row.key[len(_KEY_SERVERS) :]
        self._progress = True
        self._begin = boundary + b"\x00"
        return boundary

    def after(self, error: FDBError) -> FutureVoid | None:
        """Return what to wait for before the rest is read, None if that is possible at once."""
        # The scan outlived its version. It promises no single one, so it goes on in a new transaction.
        if self._progress and error.code == _TRANSACTION_TOO_OLD:
            self._tr = self._tr.db.create_transaction()
            return None
        return self._tr.on_error(error)


def _boundaries(scan: _Scan, rows: FDBRange) -> Iterator[bytes]:
    while True:
        try:
            for row in rows:
                yield scan.boundary(row)
            return
        except FDBError as error:
            delay = scan.after(error)
            if delay is not None:
                delay.wait()
        rows = scan.rows()


async def _boundaries_asynchronously(
    db_or_tr: Any, begin: bytes, end: bytes
) -> AsyncIterator[bytes]:
    if begin >= end:
        return
    tr = _new_transaction(db_or_tr)
    if isinstance(db_or_tr, TransactionRead):
        tr.set_read_version(await db_or_tr.get_read_version())
    scan = _Scan(tr, begin, end)
    while True:
        try:
            async for row in scan.rows():
                yield scan.boundary(row)
            return
        except FDBError as error:
            delay = scan.after(error)
            if delay is not None:
                await delay
