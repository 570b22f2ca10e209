"""Keys, ranges of keys and key selectors."""

from __future__ import annotations

from fdb import _fast
from fdb._generated_options import KeyArgument

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
        self.key: KeyArgument = key
        self.or_equal: bool = or_equal
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
        return _fast.key_bytes(self.key), bool(self.or_equal), self.offset

    def __repr__(self) -> str:
        return f"KeySelector({self.key!r}, {self.or_equal!r}, {self.offset!r})"


#: What may bound a range; None is the begin or the end of the key space.
Bound = KeyArgument | KeySelector | None


def selector_of(bound: Bound, default: bytes) -> KeySelector:
    """Returns the selector of a bound: a key stands for the first key at or after it."""
    if isinstance(bound, KeySelector):
        return bound
    return KeySelector(default if bound is None else _fast.key_bytes(bound), False, 1)


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
    begin = _fast.key_bytes(prefix)
    return begin, strinc(begin)
