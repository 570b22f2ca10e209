"""Counter: a number that many add to at the same time.

Keys within the subspace, as tuples: ("count", names, shard), with the names of the counter as a nested tuple, empty
for the counter itself: 8 bytes, a signed integer with the lowest byte first, as the atomic operation ADD has them. The
counter is the sum of its shards, of which there may be any number. ("receipt", ...) is what `_once` keeps.

Adding reads nothing, so that those who add never conflict. Immutable, so thread-safe.
"""

from __future__ import annotations

import random
from collections.abc import Coroutine

from fdb import tuple as tuple_layer
from fdb._layers import Steps
from fdb._typing import Any, overload
from fdb.layers._base import (
    AsyncSource,
    ReadSource,
    SubspaceArgument,
    WriteSource,
    once,
    read,
    subspace_of,
    write,
)
from fdb.layers._once import Receipts
from fdb.subspace_impl import Subspace

_BYTES = 8
_LOWEST, _HIGHEST = -(1 << 63), (1 << 63) - 1
_MOST_SHARDS = 10_000


def _checked(number: int, what: str) -> int:
    if isinstance(number, bool) or not isinstance(number, int):
        raise TypeError(f"{what} must be an int, not {number!r}")
    if not _LOWEST <= number <= _HIGHEST:
        raise ValueError(f"{what} must fit into 64 bits with a sign, and {number} does not")
    return number


def _packed(number: int) -> bytes:
    return number.to_bytes(_BYTES, "little", signed=True)


class Counter:
    """A number of 64 bits with a sign in the database, 0 before anything was added.

    `add` does not conflict with other adds, on whatever thread or machine. With `shards` it spreads over so many keys,
    for counters that so much is added to that one key, which one storage server has, cannot bear it; reading costs more
    then. Programs may use different numbers of shards with the same data.

    `counter["home"]` is another counter, independent of this one, in the same subspace; a name is what an element of a
    tuple may be. What exceeds 64 bits wraps around.

    Operations take a Database, Tenant or Transaction first and block; with an AsyncDatabase or AsyncTenant, or one of
    its transactions in a running loop, they are coroutines. They raise FDBError. Each takes effect once, also when it is
    retried after an unknown result.
    """

    __slots__ = ("_names", "_prefix", "_receipts", "_shards", "_subspace")

    def __init__(self, subspace: SubspaceArgument, *, shards: int = 1) -> None:
        """The counter in `subspace`, a Subspace, directory, prefix as bytes or tuple, which nothing else may use.

        Raises TypeError and ValueError for another subspace, and for shards that are not 1 to 10,000.
        """
        self._subspace = subspace_of(subspace, "Counter")
        if isinstance(shards, bool) or not isinstance(shards, int):
            raise TypeError(f"the shards of a Counter must be an int, not {shards!r}")
        if not 1 <= shards <= _MOST_SHARDS:
            raise ValueError(f"a Counter has 1 to {_MOST_SHARDS} shards, not {shards}")
        self._shards = shards
        self._receipts = Receipts(self._subspace.pack(("receipt",)))
        self._take_names(())

    def _take_names(self, names: tuple[Any, ...]) -> None:
        self._names = names
        self._prefix = self._subspace.pack(("count", names))

    def __repr__(self) -> str:
        names = "".join(f"[{name!r}]" for name in self._names)
        return f"Counter({self._subspace!r}, shards={self._shards}){names}"

    @property
    def subspace(self) -> Subspace:
        """The subspace that it was made with."""
        return self._subspace

    @property
    def shards(self) -> int:
        """Over how many keys adding spreads."""
        return self._shards

    def __getitem__(self, name: Any) -> Counter:
        """Returns the counter called `name` within this one, with as many shards. Touches no database.

        Raises TypeError or ValueError for a name that is no element of a tuple.
        """
        other = Counter.__new__(Counter)
        other._subspace, other._shards, other._receipts = (
            self._subspace,
            self._shards,
            self._receipts,
        )
        other._take_names((*self._names, name))
        return other

    #: TypeError: with ``__getitem__`` alone, iterating would go through counter after counter for ever.
    __iter__ = None

    def _key(self, shard: int) -> bytes:
        return tuple_layer.pack((shard,), self._prefix)

    def _range(self) -> tuple[bytes, bytes]:
        return self._prefix + b"\x00", self._prefix + b"\xff"

    @overload
    def add(self, source: WriteSource, amount: int = 1) -> None: ...
    @overload
    def add(self, source: AsyncSource, amount: int = 1) -> Coroutine[Any, Any, None]: ...
    def add(self, source: Any, amount: int = 1) -> Any:
        """Adds `amount`, which may be negative. Reads nothing, and so conflicts with nobody.

        Raises TypeError for an amount that is no int, and ValueError for one that does not fit into 64 bits.
        """
        param = _packed(_checked(amount, "the amount that is added"))

        def steps(tr: Any) -> Steps[None]:
            tr.add(self._key(random.randrange(self._shards) if self._shards > 1 else 0), param)
            return
            yield

        return write(source, once(self._receipts, steps))

    @overload
    def set(self, source: WriteSource, value: int) -> None: ...
    @overload
    def set(self, source: AsyncSource, value: int) -> Coroutine[Any, Any, None]: ...
    def set(self, source: Any, value: int) -> Any:
        """Makes it `value`, whatever it was; what others add later is added to that. Reads nothing.

        Raises TypeError for a value that is no int, and ValueError for one that does not fit into 64 bits.
        """
        packed = _packed(_checked(value, "the value of a counter"))

        def steps(tr: Any) -> Steps[None]:
            tr.clear_range(*self._range())
            if value != 0:
                tr.set(self._key(0), packed)
            return
            yield

        return write(source, once(self._receipts, steps))

    @overload
    def get(self, source: ReadSource) -> int: ...
    @overload
    def get(self, source: AsyncSource) -> Coroutine[Any, Any, int]: ...
    def get(self, source: Any) -> Any:
        """Returns the number.

        A transaction that asks conflicts with all who add meanwhile, if it writes, too; one that can do with a number
        that is about right gives its snapshot: `counter.get(tr.snapshot)`. Raises ValueError if there is
        something else in the subspace.
        """

        def steps(tr: Any) -> Steps[int]:
            rows = yield tr.get_range(*self._range())
            return self._sum(rows)

        return read(source, steps)

    def _sum(self, rows: Any) -> int:
        total = 0
        for key, value in rows:
            if len(value) != _BYTES:
                raise ValueError(
                    f"{key!r} is no part of a Counter: its value has {len(value)} bytes"
                )
            total += int.from_bytes(value, "little")
        return (total - _LOWEST) % (1 << 64) + _LOWEST
