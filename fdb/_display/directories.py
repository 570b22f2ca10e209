"""Which directory a key is in: what it takes to show `/app/users('alice', 1)` instead of bytes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any

import fdb.directory_impl
from fdb._display.notation import key_tuple, printable, shown_key, shown_tuple
from fdb._display.places import Path, shown_path

#: Beyond so many directories the rest of their keys are shown without them.
DIRECTORY_LIMIT = 10_000


class DirectoryNames:
    """The directories of a database as they were when they were read. Immutable; may be shared by threads."""

    def __init__(self, prefixes: Iterable[tuple[bytes, Path]] = ()) -> None:
        found = sorted(prefixes)
        self._prefixes = [prefix for prefix, _ in found]
        self._paths = [path for _, path in found]

    @classmethod
    def load(cls, tr: Any, limit: int = DIRECTORY_LIMIT) -> DirectoryNames:
        """Return the names of at most `limit` directories, upper ones first. Blocks.

        `tr` is a Database, Tenant or Transaction; of a transaction the reads are snapshot reads of its version.
        """
        source = getattr(tr, "snapshot", tr)
        layer = fdb.directory_impl.DirectoryLayer()
        found: list[tuple[bytes, Path]] = []
        level: list[Path] = [()]
        while level and len(found) < limit:
            below: list[Path] = []
            for parent in level:
                for name in layer.list(source, parent):
                    path = (*parent, name)
                    directory = layer.open(source, path)
                    found.append((directory.rawPrefix, path))
                    below.append(path)
                    if len(found) >= limit:
                        return cls(found)
            level = below
        return cls(found)

    def __len__(self) -> int:
        return len(self._paths)

    def place(self, key: bytes) -> tuple[Path, bytes] | None:
        """Return the path of the directory that a key is in, and what comes after its prefix; None if it is in none."""
        index = bisect_right(self._prefixes, key) - 1
        # Prefixes lie in each other for partitions alone, whose directories' prefixes begin with theirs.
        while index >= 0:
            prefix = self._prefixes[index]
            if key.startswith(prefix):
                return self._paths[index], key[len(prefix) :]
            if not prefix or prefix[0] != key[0]:
                return None
            index -= 1
        return None

    def shown(self, key: bytes) -> str:
        """Return a key as a tuple in its directory, ``/app/users('alice', 1)``, or as `shown_key` if it is in none."""
        place = self.place(key) if key else None
        if place is None:
            return shown_key(key)
        path, rest = place
        if not rest:
            return shown_path(path)
        items = key_tuple(rest)
        if items is None:
            return f"{shown_path(path)}:{printable(rest)}"
        return f"{shown_path(path)}{shown_tuple(items)}"
