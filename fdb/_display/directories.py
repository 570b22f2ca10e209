"""Which directory a key is in: what it takes to show `/app/users('alice', 1)` instead of bytes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any

from fdb._directory import tree
from fdb._directory.store import PARTITION_LAYER
from fdb._display.notation import key_tuple, shown_key
from fdb._display.places import Path, shown_path, shown_within
from fdb._layers import run
from fdb.directory_impl import DirectoryLayer

#: Beyond so many directories the rest of their keys are shown without them.
DIRECTORY_LIMIT = 100_000


def read_directories(tr: Any, limit: int = DIRECTORY_LIMIT) -> tree.Tree:
    """Return at most `limit` directories of a database, each followed by those in it. Blocks.

    `tr` is a Database, Tenant or Transaction; of a transaction the reads are snapshot reads of its version. Raises
    DirectoryVersionError where the directories are in a form that cannot be read.
    """
    store = DirectoryLayer()._store
    found: tree.Tree = run(tr, lambda tr: tree.read(store, getattr(tr, "snapshot", tr), limit))
    return found


class DirectoryNames:
    """The directories of a database as they were when they were read. Immutable; may be shared by threads."""

    def __init__(self, prefixes: Iterable[tuple[bytes, Path | None]] = ()) -> None:
        """A prefix without a path is one whose keys are shown as if there were no directory."""
        found = sorted(prefixes, key=lambda each: each[0])
        self._prefixes = [prefix for prefix, _ in found]
        self._paths = [path for _, path in found]
        #: For each the next longer-reaching one: the last before it that its prefix begins with, -1 for none.
        self._outer: list[int] = []
        for index, prefix in enumerate(self._prefixes):
            outer = index - 1
            while outer >= 0 and not prefix.startswith(self._prefixes[outer]):
                outer = self._outer[outer]
            self._outer.append(outer)

    @classmethod
    def load(cls, tr: Any, limit: int = DIRECTORY_LIMIT) -> DirectoryNames:
        """Return the names of at most `limit` directories; the arguments are those of `read_directories`. Blocks."""
        records = read_directories(tr, limit).records
        # What lies in a partition itself is the directory layer's own: it is no tuple of anybody.
        return cls(
            (each.prefix, None if each.layer == PARTITION_LAYER else each.path) for each in records
        )

    def __len__(self) -> int:
        return len(self._paths)

    def place(self, key: bytes) -> tuple[Path, bytes] | None:
        """Return the path of the directory that a key is in, and what comes after its prefix; None if it is in none."""
        index = bisect_right(self._prefixes, key) - 1
        # Whatever lies between a prefix and a key that begins with it begins with the prefix, too.
        while index >= 0 and not key.startswith(self._prefixes[index]):
            index = self._outer[index]
        path = self._paths[index] if index >= 0 else None
        return None if path is None else (path, key[len(self._prefixes[index]) :])

    def shown(self, key: bytes) -> str:
        """Return a key as a tuple in its directory, ``/app/users('alice', 1)``, or as `shown_key` if it is in none."""
        place = self.place(key)
        if place is None:
            return shown_key(key)
        path, rest = place
        return shown_within(shown_path(path), rest, key_tuple(rest))
