"""The directories of a database, one level at a time, and the names by which keys are shown.

Reads what the directory layer stores (the format is in fdb/_directory/store.py) by ranges: a level in a few reads that are all on
their way together, however many children it has, where the layer's own methods open one directory after the other.
Reads are snapshot reads.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import Any

from fdb._browse.requests import Parameters, Refused, Session
from fdb._directory.store import PARTITION_LAYER, PARTITION_NODES, SUBDIRS
from fdb._display.directories import DirectoryNames
from fdb._display.notation import printable
from fdb._display.places import Path, shown_path
from fdb._errors import FDBError
from fdb._keys import strinc
from fdb.directory_impl import DirectoryError, DirectoryLayer
from fdb.tuple import pack, unpack

_LAYER = pack((b"layer",))
_CHILDREN = pack((SUBDIRS,))
#: How many children an answer has at most, and how many directories give their names to keys.
MOST_CHILDREN, _MOST_NAMES = 500, 2_000
#: How long names are taken for those of now, and of how many tenants they are kept.
_SECONDS_KEPT, _TENANTS_KEPT = 5.0, 16


class _Node:
    """A directory: the store that its children are in, and the key there that its own keys begin with."""

    __slots__ = ("key", "layer", "prefix", "store")

    def __init__(self, store: bytes, prefix: bytes, layer: bytes) -> None:
        self.prefix = prefix
        self.layer = layer
        if layer == PARTITION_LAYER:
            self.store = prefix + PARTITION_NODES
            self.key = pack((self.store,), self.store)
        else:
            self.store = store
            self.key = pack((prefix,), store)


def _root() -> _Node:
    return _Node(PARTITION_NODES, PARTITION_NODES, b"")


def _layer_key(store: bytes, prefix: bytes) -> bytes:
    return pack((prefix,), store) + _LAYER


def _node_at(tr: Any, path: Path) -> _Node:
    """Returns the directory at a path. Raises Refused if there is none."""
    node = _root()
    for depth, name in enumerate(path, 1):
        prefix = tr.get(pack((SUBDIRS, name), node.key)).value
        if prefix is None:
            raise Refused(404, f"there is no directory {shown_path(path[:depth])}")
        node = _Node(node.store, prefix, tr.get(_layer_key(node.store, prefix)).value or b"")
    return node


def directories(session: Session, asked: Parameters) -> dict[str, Any]:
    """Answers `api/directories`."""
    source = session.source(asked.text("tenant", ""))
    path = asked.path("path")
    after = asked.text("after", "")
    limit = asked.number("limit", MOST_CHILDREN, 1, MOST_CHILDREN)

    def read(tr: Any) -> dict[str, Any]:
        # Raises for a format that this version does not know.
        DirectoryLayer().exists(tr.snapshot, ())
        node = _node_at(tr.snapshot, path)
        children, more = _children(tr.snapshot, node, after, limit)
        return {
            "path": list(path),
            "prefix": None if not path else printable(node.prefix),
            "children": _described(tr.snapshot, node, path, children),
            "next": children[-1][0] if more else None,
        }

    answer: dict[str, Any] = session.read(source, read)
    return answer


def _children(tr: Any, node: _Node, after: str, limit: int) -> tuple[list[tuple[str, bytes]], bool]:
    entries = node.key + _CHILDREN
    begin = pack((after,), entries) + b"\x00" if after else entries + b"\x00"
    found = tr.get_range(begin, entries + b"\xff", limit + 1).to_list()
    children = [(unpack(key, len(entries))[0], bytes(prefix)) for key, prefix in found[:limit]]
    return children, len(found) > limit


def _described(
    tr: Any, parent: _Node, path: Path, children: list[tuple[str, bytes]]
) -> list[dict[str, Any]]:
    """Returns what is sent of each child. All of one kind is asked for before the first answer is waited for."""
    layers = [tr.get(_layer_key(parent.store, prefix)) for _, prefix in children]
    sizes = [_size(tr, prefix) for _, prefix in children]
    nodes = [
        _Node(parent.store, prefix, layer.value or b"")
        for (_, prefix), layer in zip(children, layers, strict=True)
    ]
    firsts = [
        tr.get_range(node.key + _CHILDREN + b"\x00", node.key + _CHILDREN + b"\xff", 1)
        for node in nodes
    ]
    return [
        {
            "name": name,
            "path": [*path, name],
            "path_shown": shown_path((*path, name)),
            "layer": printable(node.layer),
            "prefix": printable(prefix),
            "prefix_hex": prefix.hex(),
            "has_children": bool(first.to_list()),
            "bytes": _known(size),
            "partition": node.layer == PARTITION_LAYER,
        }
        for (name, prefix), node, first, size in zip(children, nodes, firsts, sizes, strict=True)
    ]


def _size(tr: Any, prefix: bytes) -> Any:
    """Asks for an estimate; None where the library has none."""
    try:
        return tr.get_estimated_range_size_bytes(prefix, strinc(prefix))
    except (FDBError, ValueError, AttributeError, RuntimeError):
        return None


def _known(size: Any) -> int | None:
    """Waits for an estimate; None where there is none: a tree without sizes is better than no tree."""
    if size is None:
        return None
    try:
        return int(size.wait())
    except FDBError:
        return None


def _read_names(tr: Any) -> DirectoryNames:
    try:
        return DirectoryNames.load(tr, _MOST_NAMES)
    except DirectoryError:
        # In a form that this version does not know: keys are shown without directories.
        return DirectoryNames()


class NameCache:
    """The names of directories by tenant, read again after some seconds. Thread-safe; bounded."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[float, DirectoryNames]] = OrderedDict()

    def get(self, tenant: str, tr: Any) -> DirectoryNames:
        """Returns the names in the tenant ("" for the database) of a transaction, by which they are read if need be."""
        with self._lock:
            kept = self._known.get(tenant)
        if kept is not None and time.monotonic() - kept[0] < _SECONDS_KEPT:
            return kept[1]
        names = _read_names(tr)
        with self._lock:
            self._known[tenant] = time.monotonic(), names
            self._known.move_to_end(tenant)
            while len(self._known) > _TENANTS_KEPT:
                self._known.popitem(last=False)
        return names
