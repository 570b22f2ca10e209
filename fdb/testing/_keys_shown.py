"""How keys, ranges and values are shown: tuples decoded, with the path of their directory.

`DirectoryNames` reads the metadata of a database's default directory layer, when something is to be shown. Showing never raises: what
cannot be read or decoded is shown as bytes.
"""

from __future__ import annotations

import contextlib
import select
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from fdb import tuple as tuple_layer
from fdb._directory.store import PARTITION_LAYER, PARTITION_NODES, SUBDIRS
from fdb._keys import prefix_range
from fdb._native import extension
from fdb.testing._actions import KeyRange

if TYPE_CHECKING:
    from fdb._sources import TransactionSource

_LONGEST_VALUE = 40
_ROWS_AT_ONCE = 1000
_MOST_DIRECTORIES = 10_000
_WANT_ALL = -2
#: Showing something must not take long where the database is slow, or its clock stands.
_PATIENCE_MILLISECONDS = 1000
_METADATA = "<directories>"
#: Below `b"\xfe"` every directory has its node: the default of `DirectoryLayer`.
_NODES = PARTITION_NODES


class DirectoryNames:
    """The prefixes of the directories of one database or tenant, with their paths."""

    def __init__(self, prefixes: dict[bytes, str] | None = None) -> None:
        self._source: TransactionSource | None = None
        self._take(prefixes or {})

    @classmethod
    def of(cls, source: TransactionSource) -> DirectoryNames:
        """Reads them when the first key is shown, in a transaction of its own; a second at most, and there are none where that fails."""
        names = cls()
        names._source = source
        return names

    def _take(self, prefixes: dict[bytes, str]) -> None:
        self._prefixes = prefixes
        self._lengths = sorted({len(prefix) for prefix in prefixes}, reverse=True)

    def _read(self, source: TransactionSource) -> None:
        found: dict[bytes, str] = {}
        # The database may be closed, locked, slow or made to fail, and the keys are readable without.
        with contextlib.suppress(Exception):
            _Walk(source, found).go(_NODES, "")
        self._take(found)
        self._source = None

    def key(self, key: bytes) -> str:
        """Returns how a key is shown."""
        if self._source is not None:
            self._read(self._source)
        for length in self._lengths:
            path = self._prefixes.get(key[:length])
            if path is not None and length <= len(key):
                rest = key[length:]
                return f"{path} {_tuple_text(rest)}" if rest else path
        return _tuple_text(key)

    def range(self, keys: KeyRange) -> str:
        """Returns how a range is shown: as its key, as all that begins in the same way, or by its two ends."""
        begin, end = keys
        if keys.is_one_key:
            return self.key(begin)
        stem = begin[:-1]
        if begin.endswith(b"\x00") and end == stem + b"\xff":
            return f"{self.key(stem)} ..." if stem else "() ..."
        if begin and begin.strip(b"\xff") and end == prefix_range(begin)[1]:
            return f"{self.key(begin)}*"
        return f"{self.key(begin)} .. {self.key(end)}"


def value_text(value: bytes | None) -> str:
    """Returns how a value is shown; a long one is cut."""
    if value is None:
        return "None"
    if len(value) <= _LONGEST_VALUE:
        return repr(value)
    return f"{value[:_LONGEST_VALUE]!r}... ({len(value)} bytes)"


def _tuple_text(key: bytes) -> str:
    """A packed tuple as such, also one with something behind it; other bytes as bytes."""
    for cut in (0, 1):
        head, tail = key[: len(key) - cut], key[len(key) - cut :]
        if not head:
            break
        try:
            text = repr(tuple_layer.unpack(head))
        except Exception:
            # Whatever the bytes of a key are taken for must not keep them from being shown.
            continue
        return f"{text} + {tail!r}" if tail else text
    return repr(key)


class _Walk:
    """One pass over the metadata of a directory layer, and of the partitions below it."""

    def __init__(self, source: TransactionSource, found: dict[bytes, str]) -> None:
        self._handle = source._handle.create_transaction()
        self._found = found

    def go(self, nodes: bytes, path: str) -> None:
        """Adds the directories whose nodes are below a prefix; `path` is that of their root."""
        children: dict[bytes, list[tuple[str, bytes]]] = {}
        partitions: set[bytes] = set()
        for key, value in self._rows(nodes):
            try:
                parent, *rest = tuple_layer.unpack(key, len(nodes))
            except Exception:
                continue  # it is not one of a directory layer
            if len(rest) == 2 and rest[0] == SUBDIRS and isinstance(rest[1], str):
                children.setdefault(parent, []).append((rest[1], value))
            elif rest == [b"layer"] and value == PARTITION_LAYER:
                partitions.add(parent)
        if children:
            self._found[nodes] = f"{path}/{_METADATA}"
        waiting = [(nodes, path)]
        for parent, above in waiting:
            for name, prefix in children.pop(parent, ()):
                here = f"{above}/{name}"
                self._found[prefix] = here
                if prefix in partitions:
                    self.go(prefix + PARTITION_NODES, here)
                waiting.append((prefix, here))

    def _rows(self, nodes: bytes) -> Iterable[tuple[bytes, bytes]]:
        begin, end = prefix_range(nodes)
        or_equal, more, read = False, True, 0
        while more and read < _MOST_DIRECTORIES:
            future = self._handle.get_range(
                begin, or_equal, 1, end, False, 1, _ROWS_AT_ONCE, _WANT_ALL, 1, True, False
            )
            rows, count, more = result_of(future)
            read += count
            for row in rows:
                yield row.key, row.value
                begin, or_equal = row.key, True
            more = more and count > 0


def result_of(future: Any) -> Any:
    """Blocks until a future of ours has its result, in every event model, or for a second; None if it failed.

    Raises TimeoutError.
    """
    mailbox = extension.Mailbox()
    try:
        if future._subscribe(mailbox, 1):
            poll = select.poll()
            poll.register(mailbox.fileno(), select.POLLIN)
            poll.poll(_PATIENCE_MILLISECONDS)
    finally:
        mailbox.close()
    if not future._ready():
        raise TimeoutError("the directories could not be read")
    return future._peek()
