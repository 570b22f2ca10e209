"""Where keys are stored: the boundaries of shards and the servers of a key (API version 23 and later)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fdb.impl import FDBError, FDBRange, FutureStringArray, Transaction, transactional

__all__ = ["get_addresses_for_key", "get_boundary_keys"]

_KEY_SERVERS = b"\xff/keyServers/"
_TRANSACTION_TOO_OLD = 1007


def get_boundary_keys(db_or_tr: Any, begin: bytes, end: bytes) -> Iterator[bytes]:
    """Return an iterator over the keys k, begin <= k < end, at which a shard begins.

    They are read by transactions of its own, at snapshot, and are an estimate. Given a transaction,
    the scan starts at its read version (which this waits for); it is not changed otherwise. The read
    begins before the function returns; iterating blocks and may raise FDBError.
    """
    begin, end = _to_key(begin), _to_key(end)
    if begin >= end:
        return iter(())
    if isinstance(db_or_tr, Transaction):
        tr = db_or_tr.db.create_transaction()
        tr.set_read_version(db_or_tr.get_read_version().wait())
    else:
        tr = db_or_tr.create_transaction()
    return _scan(tr, begin, end, _begin_scan(tr, begin, end))


@transactional
def get_addresses_for_key(tr: Any, key: bytes) -> FutureStringArray:
    """Return a future of the addresses, a list of bytes, of the servers that store ``key``.

    Given a database, the future may be waited for although its transaction has ended.
    """
    return tr.get_addresses_for_key(key)


def _to_key(key: Any) -> bytes:
    if hasattr(key, "as_foundationdb_key"):
        key = key.as_foundationdb_key()
    if not isinstance(key, bytes):
        raise TypeError("Key must be of type bytes")
    return bytes(key)


def _begin_scan(tr: Any, begin: bytes, end: bytes) -> FDBRange:
    # Anew for each attempt, as an error resets the options.
    tr.options.set_read_system_keys()
    tr.options.set_lock_aware()
    rows: FDBRange = tr.snapshot.get_range(_KEY_SERVERS + begin, _KEY_SERVERS + end)
    return rows


def _scan(tr: Any, begin: bytes, end: bytes, rows: FDBRange) -> Iterator[bytes]:
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
            if progress and error.code == _TRANSACTION_TOO_OLD:
                # The scan outlived its version. It promises no single one, so it goes on at a new one.
                tr = tr.db.create_transaction()
            else:
                tr.on_error(error).wait()
        rows = _begin_scan(tr, begin, end)
