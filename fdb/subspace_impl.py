"""Subspaces: a fixed key prefix in front of everything the tuple layer packs."""

from __future__ import annotations

from fdb._notebooks import repr_html
from fdb._typing import Any
from fdb.tuple import pack, pack_with_versionstamp, unpack

__all__ = ["Subspace"]


class Subspace:
    """A namespace of keys: those that begin with ``rawPrefix`` followed by the packed ``prefixTuple``.

    Can be used as a key itself (its prefix), and as the range of its keys where one is wanted
    (``tr.get_range(subspace)``). No method touches the database. Subspaces of one class with the same
    prefix are equal.
    """

    #: The prefix that all keys of the subspace share.
    rawPrefix: bytes
    _repr_html_ = repr_html

    # The parameter names are those that programs pass by keyword.
    def __init__(self, prefixTuple: tuple[Any, ...] = (), rawPrefix: bytes = b"") -> None:  # noqa: N803
        self.rawPrefix = pack(prefixTuple, rawPrefix)

    def __repr__(self) -> str:
        return f"Subspace(rawPrefix={self.rawPrefix!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Subspace) or type(self) is not type(other):
            return NotImplemented
        return self.rawPrefix == other.rawPrefix

    def __hash__(self) -> int:
        return hash((type(self), self.rawPrefix))

    def __getitem__(self, name: Any) -> Subspace:
        """Return the subspace that is one tuple element longer."""
        return self.subspace((name,))

    def key(self) -> bytes:
        """Return the prefix all keys of the subspace share."""
        return self.rawPrefix

    def pack(self, t: tuple[Any, ...] = ()) -> bytes:
        """Return the key of tuple ``t`` in this subspace. Raises as ``fdb.tuple.pack`` does."""
        return pack(t, self.rawPrefix)

    def pack_with_versionstamp(self, t: tuple[Any, ...] = ()) -> bytes:
        """Return the key for ``set_versionstamped_key`` of a tuple with one incomplete versionstamp.

        Raises as ``fdb.tuple.pack_with_versionstamp`` does.
        """
        return pack_with_versionstamp(t, self.rawPrefix)

    def unpack(self, key: bytes) -> tuple[Any, ...]:
        """Return the tuple of a key of this subspace, without the subspace's prefix.

        Raises ValueError if ``key`` lies outside of the subspace or is no packed tuple.
        """
        if not self.contains(key):
            raise ValueError("Cannot unpack key that is not in subspace.")
        return unpack(key, len(self.rawPrefix))

    def range(self, t: tuple[Any, ...] = ()) -> slice:
        """Return the slice of all keys of this subspace whose tuples begin with ``t`` and are longer."""
        prefix = pack(t, self.rawPrefix)
        return slice(prefix + b"\x00", prefix + b"\xff")

    def contains(self, key: bytes) -> bool:
        """Tell whether ``key`` begins with the prefix of this subspace."""
        return key.startswith(self.rawPrefix)

    def __contains__(self, key: bytes) -> bool:
        """The same as ``contains``."""
        return self.contains(key)

    #: TypeError: with ``__getitem__`` alone, iterating would go through subspace after subspace for ever.
    __iter__ = None

    def as_foundationdb_key(self) -> bytes:
        """Return the prefix; makes the subspace usable wherever a key is."""
        return self.rawPrefix

    def subspace(self, tuple: tuple[Any, ...]) -> Subspace:
        """Return the subspace whose prefix tuple is extended by ``tuple``."""
        return Subspace(tuple, self.rawPrefix)
