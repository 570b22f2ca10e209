"""Where keys are stored: the boundaries of shards and the servers of a key (API version 23 and later)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any, overload

from fdb._keys import NoEnd, key_bounds
from fdb._layers import AsyncSource, BlockingSource, is_asynchronous
from fdb._types import KeyArgument
from fdb.impl import (
    FDBError,
    FDBRange,
    FutureStringArray,
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
        return _scan_asynchronously(db_or_tr, first, last)
    if first >= last:
        return iter(())
    tr = _new_transaction(db_or_tr)
    if isinstance(db_or_tr, TransactionRead):
        tr.set_read_version(db_or_tr.get_read_version().wait())
    return _scan(tr, first, last, _begin_scan(tr, first, last))


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


def _may_go_on(error: FDBError, progress: bool) -> bool:
    # The scan outlived its version. It promises no single one, so it goes on in a new transaction.
    return progress and error.code == _TRANSACTION_TOO_OLD


def _scan(tr: Transaction, begin: bytes, end: bytes, rows: FDBRange) -> Iterator[bytes]:
    while True:
        progress = False
        try:
            for row in rows:
                boundary = row.key[len(_KEY_SERVERS) :]
                progress = True
                begin = boundary + b"\x00"
                yield boundary
            return
        except FDBError as error:
            if _may_go_on(error, progress):
                tr = tr.db.create_transaction()
            else:
                tr.on_error(error).wait()
        rows = _begin_scan(tr, begin, end)


async def _scan_asynchronously(db_or_tr: Any, begin: bytes, end: bytes) -> AsyncIterator[bytes]:
    if begin >= end:
        return
    tr = _new_transaction(db_or_tr)
    if isinstance(db_or_tr, TransactionRead):
        tr.set_read_version(await db_or_tr.get_read_version())
    while True:
        progress = False
        try:
            async for row in _begin_scan(tr, begin, end):
                boundary = row.key[len(_KEY_SERVERS) :]
                progress = True
                begin = boundary + b"\x00"
                yield boundary
            return
        except FDBError as error:
            if _may_go_on(error, progress):
                tr = tr.db.create_transaction()
            else:
                await tr.on_error(error)
