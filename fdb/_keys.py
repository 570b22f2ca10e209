"""Keys, ranges of keys and key selectors."""

from __future__ import annotations

from types import EllipsisType

from fdb._native import extension
from fdb._types import KeyArgument
from fdb._typing import Any

#: Where the keys of ordinary transactions end.
KEYS_END = b"\xff"


class KeySelector:
    """A position among the keys of the database, resolved when it is read.

    It names the last key less than `key` (or equal to it, if `or_equal`), moved on by `offset`
    keys. The four class methods are easier to use. Adding or subtracting an int moves the offset.
    Selectors are equal if they have equal keys and the same rest.
    """

    __slots__ = ("key", "offset", "or_equal")

    def __init__(self, key: KeyArgument, or_equal: bool, offset: int) -> None:
        #: The key that the position is counted from.
        self.key: KeyArgument = key
        #: Whether the key itself is meant, if it is there, before the offset is counted.
        self.or_equal: bool = or_equal
        #: How many keys to move on; back, if it is negative.
        self.offset: int = offset

    def __add__(self, offset: int) -> KeySelector:
        """Returns the selector of the key `offset` keys later."""
        return KeySelector(self.key, self.or_equal, self.offset + offset)

    def __sub__(self, offset: int) -> KeySelector:
        """Returns the selector of the key `offset` keys earlier."""
        return KeySelector(self.key, self.or_equal, self.offset - offset)

    @classmethod
    def last_less_than(cls, key: KeyArgument) -> KeySelector:
        """The last key less than `key`."""
        return cls(key, False, 0)

    @classmethod
    def last_less_or_equal(cls, key: KeyArgument) -> KeySelector:
        """The last key less than or equal to `key`."""
        return cls(key, True, 0)

    @classmethod
    def first_greater_than(cls, key: KeyArgument) -> KeySelector:
        """The first key greater than `key`."""
        return cls(key, True, 1)

    @classmethod
    def first_greater_or_equal(cls, key: KeyArgument) -> KeySelector:
        """The first key greater than or equal to `key`."""
        return cls(key, False, 1)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, KeySelector):
            return NotImplemented
        return self._parts() == other._parts()

    def __hash__(self) -> int:
        return hash(self._parts())

    def _parts(self) -> tuple[bytes, bool, int]:
        return extension.key_bytes(self.key), bool(self.or_equal), self.offset

    def __repr__(self) -> str:
        return f"KeySelector({self.key!r}, {self.or_equal!r}, {self.offset!r})"


#: What may bound a range; None is the begin or the end of the key space.
Bound = KeyArgument | KeySelector | None

#: What takes the place of an end that may be left out only where the begin is a whole range.
NoEnd = EllipsisType


def whole_range(begin: Any) -> slice | None:
    """Returns the bounds of what is a range by itself: a slice, or a Subspace; None for a bound."""
    if isinstance(begin, slice):
        return begin
    if isinstance(begin, bytes) or not hasattr(begin, "as_foundationdb_key"):
        return None
    make: Any = getattr(begin, "range", None)
    bounds: Any = make() if callable(make) else None
    return bounds if isinstance(bounds, slice) else None


def range_bounds(begin: Bound | slice, end: Bound | NoEnd) -> tuple[Bound, Bound, bool]:
    """Returns the bounds of a range, and whether it is to be read in reverse.

    `begin` may be a whole range: a slice, whose step may be -1 for reverse, or a Subspace if there
    is no end. Raises TypeError for a slice with an end, or if there is no range; ValueError for another
    step.
    """
    if isinstance(begin, slice):
        if end is not None and end is not ...:
            raise TypeError("a slice is a whole range: give no end besides it")
        if begin.step not in (None, 1, -1):
            raise ValueError(
                f"the step of a slice of keys must be None, 1 or -1 (in reverse), not {begin.step!r}: "
                "no rows are left out between two keys"
            )
        return begin.start, begin.stop, begin.step == -1
    if end is None or end is ...:
        bounds = whole_range(begin)
        if bounds is not None:
            return bounds.start, bounds.stop, False
        if end is ...:
            raise TypeError(
                "the end of the range is missing: give it, or a slice or Subspace as the range"
            )
        return begin, None, False
    return begin, end, False


def undirected_bounds(begin: Bound | slice, end: Bound | NoEnd) -> tuple[Bound, Bound]:
    """As `range_bounds`, where the order of the keys means nothing: refuses a step of -1."""
    first, last, reverse = range_bounds(begin, end)
    if reverse:
        raise ValueError(
            "the step of a slice of keys is the direction of reading: leave it out here"
        )
    return first, last


def key_bounds(begin: KeyArgument | slice, end: KeyArgument | NoEnd) -> tuple[bytes, bytes]:
    """As `undirected_bounds`, for ranges between keys. None bounds only a slice.

    Raises TypeError for a bound that is no key.
    """
    first, last = undirected_bounds(begin, end)
    if isinstance(begin, slice):
        first = b"" if first is None else first
        last = KEYS_END if last is None else last
    return extension.key_bytes(first), extension.key_bytes(last)


def selector_of(bound: Bound, default: bytes) -> KeySelector:
    """Returns the selector of a bound: a key stands for the first key at or after it."""
    if isinstance(bound, KeySelector):
        return bound
    return KeySelector(default if bound is None else extension.key_bytes(bound), False, 1)


def strinc(key: bytes) -> bytes:
    """Returns the first key that does not have `key` as a prefix.

    Raises ValueError if there is none, because `key` consists of 0xff bytes only.
    """
    stripped = key.rstrip(b"\xff")
    if not stripped:
        raise ValueError("Key must contain at least one byte not equal to 0xFF.")
    return stripped[:-1] + bytes((stripped[-1] + 1,))


def prefix_range(prefix: KeyArgument) -> tuple[bytes, bytes]:
    """Returns the bounds of the keys that start with `prefix`."""
    begin = extension.key_bytes(prefix)
    if not begin.strip(b"\xff"):
        advice = (
            "every key starts with b'': read all keys with [:]"
            if not begin
            else f"no key follows those that start with {begin!r}: give the end of the range yourself"
        )
        raise ValueError(f"Key must contain at least one byte not equal to 0xFF. {advice}")
    return begin, strinc(begin)
