"""Receipts: a transaction that is retried after an unknown result finds out whether it was committed already.

A layer's operation asks `Receipts.applied(tr)` before it writes. The first time in a transaction that writes a receipt,
a key with a random token, along with what the operation writes. When the transaction is tried again (`on_error`, as by
`fdb.transactional`) after an error that leaves open whether the attempt before was committed, the receipt is looked
for. If it is there everything that the earlier attempt has written is there too, and the operation must not write
again.

The receipt is of no use once nobody can try the transaction again: when it is reset, or the object has gone. It is
then removed by a later operation with the same `Receipts` in the same database or tenant. What is left behind by a
program that ends is removed by age.

Keys: (hour, token) within the prefix, the hour counted from 1970 in UTC; values: empty, or the versionstamp of the
transaction. Invariants: a receipt is committed only with the writes of its operation; one is removed only when no
attempt can follow, or when it is older than a day by the clock of who removes it. (With clocks that are a day apart an
operation could lose its receipt while it is tried again.)
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from weakref import WeakKeyDictionary

from fdb import _layers
from fdb import tuple as tuple_layer
from fdb._errors import FDBError
from fdb._layers import Steps
from fdb._typing import Any
from fdb.impl import Transaction
from fdb.layers._stamped import set_stamped_value

_TOKEN_LENGTH = 16
_SECONDS_OF_HOUR = 3600
#: How long a receipt is kept that nobody has removed.
_HOURS_KEPT = 24
#: How many old receipts one transaction removes: more than it makes.
_REMOVED_AT_ONCE = 8
#: Of how many tenants of a database it is known what can be removed; of others that goes by age.
_MOST_TENANTS = 10_000


class _Place:
    """What is to be removed in one database or tenant."""

    __slots__ = ("finished", "swept_hour")

    def __init__(self) -> None:
        #: Keys that no transaction needs any more.
        self.finished: list[bytes] = []
        self.swept_hour = 0


class _Receipt:
    """The receipt of one transaction. When it goes, with the transaction, its key is one to remove."""

    __slots__ = (
        "_era",
        "_finished",
        "aged",
        "attempt",
        "calls",
        "found",
        "key",
        "refused",
        "removed",
    )

    def __init__(self, key: bytes, attempt: int, finished: list[bytes]) -> None:
        self._finished = finished
        self._era = _layers._era
        self.key = key
        #: The attempt that has last dealt with it, and how many calls of `once` it has had so far.
        self.attempt = attempt
        self.calls = 0
        #: What calls of `once` have raised, by their numbers, in the last attempt that was not told of an earlier one.
        self.refused: dict[int, Exception] = {}
        #: Its value, where an earlier attempt was committed.
        self.found: bytes | None = None
        #: Old receipts that the transaction removes, and the end of those that it removes by age.
        self.removed: list[bytes] = []
        self.aged: bytes | None = None

    def __del__(self) -> None:
        # A process that was forked only has a copy: the transaction goes on in the other one.
        if self._era is _layers._era:
            self._finished.append(self.key)


class Receipts:
    """The receipts of one layer object. Thread-safe: operations on one transaction take turns (see `_layers`)."""

    def __init__(self, prefix: bytes, stamped: bool = False) -> None:
        """`prefix` begins the keys of receipts and of nothing else; `stamped` has them keep versionstamps."""
        self._prefix = prefix
        self._stamped = stamped
        #: By database, and by the name of the tenant.
        self._places: WeakKeyDictionary[Any, dict[bytes | None, _Place]] = WeakKeyDictionary()

    def __reduce__(self) -> tuple[Any, ...]:
        return Receipts, (self._prefix, self._stamped)

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
            place = self._place_of(tr)
            receipt = kept[self._prefix] = _Receipt(key, attempt, place.finished)
            self._choose_old(receipt, place, hour)
            self._write(tr, receipt)
        elif receipt.attempt != attempt:
            if receipt.found is None and tr._maybe_committed:
                receipt.found = yield tr.get(receipt.key)
            # Only now: who is interrupted while that is read has found out nothing.
            receipt.attempt, receipt.calls = attempt, 0
            if receipt.found is None:
                receipt.refused = {}
                self._write(tr, receipt)
        return receipt.found

    def once(self, tr: Transaction, start: Callable[[Any], Steps[None]]) -> Steps[None]:
        """Runs steps, unless an earlier attempt that was committed has done so: raises what they raised then, if so."""
        found = yield from self.applied(tr)
        kept: dict[bytes, _Receipt] = tr._receipts or {}
        receipt = kept[self._prefix]
        number = receipt.calls
        receipt.calls += 1
        if found is None:
            try:
                yield from start(tr)
            except FDBError:
                raise
            except Exception as error:
                receipt.refused[number] = _twin(error)
                raise
        elif number in receipt.refused:
            raise receipt.refused[number]

    def _place_of(self, tr: Transaction) -> _Place:
        source: Any = tr.db
        places = self._places.setdefault(getattr(source, "_database", source), {})
        name: bytes | None = getattr(source, "_name", None)
        place = places.get(name)
        if place is None:
            if len(places) >= _MOST_TENANTS:
                places.clear()
            place = places.setdefault(name, _Place())
        return place

    def _choose_old(self, receipt: _Receipt, place: _Place, hour: int) -> None:
        while len(receipt.removed) < _REMOVED_AT_ONCE:
            try:
                receipt.removed.append(place.finished.pop())
            except IndexError:
                break
        if place.swept_hour != hour:
            place.swept_hour = hour
            receipt.aged = self._prefix + tuple_layer.pack((hour - _HOURS_KEPT,))

    def _write(self, tr: Transaction, receipt: _Receipt) -> None:
        if self._stamped:
            set_stamped_value(tr, receipt.key)
        else:
            tr.set(receipt.key, b"")
        for key in receipt.removed:
            tr.clear(key)
        if receipt.aged is not None:
            tr.clear_range(self._prefix, receipt.aged)


def _twin(error: Exception) -> Exception:
    """Returns another exception that says the same, but does not keep alive what was under way."""
    try:
        twin: Exception = type(error).__new__(type(error), *error.args)
    except TypeError:  # one that is made in a way of its own
        return error
    twin.__dict__.update(error.__dict__)
    return twin
