"""Which rows a piece of work is about: two keys and a direction, and what of that remains to be done."""

from __future__ import annotations

from fdb._keys import KEYS_END, range_bounds
from fdb._native.extension import key_bytes
from fdb._types import KeyArgument
from fdb._typing import Any, Protocol


class HasRange(Protocol):
    """A Subspace, and what is like it."""

    def range(self) -> slice:
        """Returns the bounds of its keys."""
        ...


#: What is scanned: a slice of keys, a Subspace, or a pair of keys; None is the begin or end of the key space.
RangeArgument = slice | HasRange | tuple[KeyArgument | None, KeyArgument | None]


class Region:
    """The keys k with begin <= k < end, to be taken from the end if `reverse`. Immutable."""

    __slots__ = ("begin", "end", "reverse")

    def __init__(self, begin: bytes, end: bytes, reverse: bool) -> None:
        self.begin = begin
        self.end = end
        self.reverse = reverse

    def __repr__(self) -> str:
        backwards = " in reverse" if self.reverse else ""
        return f"{self.begin!r} to {self.end!r}{backwards}"

    def is_empty(self) -> bool:
        """Whether there is no key in it."""
        return self.begin >= self.end

    def after(self, key: bytes) -> Region:
        """Returns what remains when all up to a key has been taken."""
        if self.reverse:
            return Region(self.begin, key, True)
        return Region(key + b"\x00", self.end, False)

    def nothing(self) -> Region:
        """Returns what remains when all has been taken."""
        edge = self.begin if self.reverse else self.end
        return Region(edge, edge, self.reverse)


def region_of(rows: Any, reverse: bool = False) -> Region:
    """Returns the region of a RangeArgument; a slice of step -1 is in reverse, too.

    Raises TypeError for what is no range and for bounds that are no keys, ValueError for another step
    and for a begin behind the end.
    """
    whole: Any = rows
    if isinstance(rows, tuple):
        pair: tuple[Any, ...] = rows
        whole = slice(*pair) if len(pair) == 2 else None
    if not isinstance(whole, slice) and (isinstance(whole, bytes) or not hasattr(whole, "range")):
        raise TypeError(
            "the range must be a slice of keys, a Subspace, or a pair of keys (begin, end), not "
            f"{rows!r}"
        )
    first, last, backwards = range_bounds(whole, ...)
    begin = b"" if first is None else key_bytes(first)
    end = KEYS_END if last is None else key_bytes(last)
    if begin > end:
        raise ValueError(f"the range begins behind its end: {begin!r} is greater than {end!r}")
    return Region(begin, end, bool(reverse) or backwards)
