"""Receipts: a transaction that is retried after an unknown result finds out whether it was committed already.

A layer's operation asks `Receipts.applied(tr)` before it writes. The first time in a transaction that writes a receipt,
a key with a random token, along with what the operation writes. When the transaction is tried again (`on_error`, as by
`fdb.transactional`) after an error that leaves open whether the attempt before was committed, the receipt is looked
for. If it is there everything that the earlier attempt has written is there too, and the operation must not write
again.

The receipt is of no use once nobody can try the transaction again: when it is reset, or the object has gone. It is
then removed by a later operation with the same `Receipts`. What is left behind by a program that ends is removed by
age.

Keys: (hour, token) within the prefix, the hour counted from 1970 in UTC; values: empty, or the versionstamp of the
transaction. Invariants: a receipt is committed only with the writes of its operation; one is removed only when no
attempt can follow, or when it is older than a day.
"""

from __future__ import annotations

import collections
import os
import time

from fdb import tuple as tuple_layer
from fdb._layers import Steps
from fdb.impl import Transaction

_TOKEN_LENGTH = 16
_SECONDS_OF_HOUR = 3600
#: How long a receipt is kept that nobody has removed.
_HOURS_KEPT = 24
#: How many old receipts one transaction removes: more than it makes.
_REMOVED_AT_ONCE = 8
_EMPTY_STAMP = bytes(10)
_OFFSET_LENGTH = 4


class _Receipt:
    """The receipt of one transaction. When it goes, with the transaction, its key is one to remove."""

    __slots__ = ("_finished", "aged", "attempt", "found", "key", "removed")

    def __init__(self, key: bytes, attempt: int, finished: collections.deque[bytes]) -> None:
        self._finished = finished
        self.key = key
        #: The attempt that has last dealt with it.
        self.attempt = attempt
        #: Its value, where an earlier attempt was committed.
        self.found: bytes | None = None
        #: Old receipts that the transaction removes, and the end of those that it removes by age.
        self.removed: list[bytes] = []
        self.aged: bytes | None = None

    def __del__(self) -> None:
        self._finished.append(self.key)


class Receipts:
    """The receipts of one layer object. Thread-safe: operations on one transaction take turns (see `_layers`)."""

    def __init__(self, prefix: bytes, stamped: bool = False) -> None:
        """`prefix` begins the keys of receipts and of nothing else; `stamped` has them keep versionstamps."""
        self._prefix = prefix
        self._stamped = stamped
        #: Keys that no transaction needs any more.
        self._finished: collections.deque[bytes] = collections.deque()
        self._swept_hour = 0

    def applied(self, tr: Transaction) -> Steps[bytes | None]:
        """Returns None if the operation is to be carried out: what it writes belongs to the receipt then.

        Otherwise an earlier attempt was committed: the receipt's value, empty or its versionstamp of 10 bytes, and
        nothing is to be written. To be called at the begin of an operation, in its steps: `yield from`.
        """
        if tr._receipts is None:
            tr._receipts = {}
        kept: dict[bytes, _Receipt] = tr._receipts
        receipt = kept.get(self._prefix)
        attempt = tr._failed_attempts
        if receipt is None:
            hour = int(time.time()) // _SECONDS_OF_HOUR
            key = self._prefix + tuple_layer.pack((hour, os.urandom(_TOKEN_LENGTH)))
            receipt = kept[self._prefix] = _Receipt(key, attempt, self._finished)
            self._choose_old(receipt, hour)
            self._write(tr, receipt)
        elif receipt.attempt != attempt:
            receipt.attempt = attempt
            if receipt.found is None and tr._maybe_committed:
                receipt.found = yield tr.get(receipt.key)
            if receipt.found is None:
                self._write(tr, receipt)
        return receipt.found

    def _choose_old(self, receipt: _Receipt, hour: int) -> None:
        while len(receipt.removed) < _REMOVED_AT_ONCE:
            try:
                receipt.removed.append(self._finished.popleft())
            except IndexError:
                break
        if self._swept_hour != hour:
            self._swept_hour = hour
            receipt.aged = self._prefix + tuple_layer.pack((hour - _HOURS_KEPT,))

    def _write(self, tr: Transaction, receipt: _Receipt) -> None:
        if self._stamped:
            tr.set_versionstamped_value(receipt.key, _EMPTY_STAMP + bytes(_OFFSET_LENGTH))
        else:
            tr.set(receipt.key, b"")
        for key in receipt.removed:
            tr.clear(key)
        if receipt.aged is not None:
            tr.clear_range(self._prefix, receipt.aged)
