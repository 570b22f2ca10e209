"""All directories of a directory layer, read at once.

Going from directory to directory takes a read for each, one after the other. Here the nodes of a store are one
range, from which the tree is put together; a partition, whose nodes are elsewhere, is another one.
"""

from __future__ import annotations

from fdb._directory.paths import Path
from fdb._directory.store import PARTITION_LAYER, SUBDIRS, DirectoryStore, Record
from fdb._layers import Steps
from fdb._typing import Any
from fdb.impl import strinc
from fdb.tuple import pack, unpack

#: The rows of a directory: its entry in its parent, and its layer.
_ROWS = 2
_LAYER = b"layer"

Children = dict[bytes, list[tuple[str, bytes]]]


class Tree:
    """The directories that were read, each before those in it. ``is_complete`` tells whether these are all."""

    __slots__ = ("is_complete", "records")

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.is_complete = True


def read(store: DirectoryStore, tr: Any, limit: int) -> Steps[Tree]:
    """The steps that read the directories of a store and of its partitions, at most ``limit`` of them.

    ``tr`` is a transaction or its snapshot. Those of one directory are in the order of their names' encoding, and
    each is followed by what is in it. Raises as ``DirectoryStore.exists``.
    """
    tree = Tree()
    yield from _add_store(store, tr, limit, tree)
    return tree


def _add_store(store: DirectoryStore, tr: Any, limit: int, tree: Tree) -> Steps[None]:
    if not (yield from store.exists(tr, ())):  # a partition that was removed
        return
    nodes = store.nodes.key()
    root = pack((nodes,), nodes)
    subdirs = pack((SUBDIRS,), root)
    # The node of the root has the allocator's rows too, and comes behind all others: it is read by itself, so
    # that of too many directories the upper ones are there.
    first = tr.get_range(subdirs + b"\x00", subdirs + b"\xff", limit)
    others = _ROWS * limit
    before = tr.get_range(nodes + b"\x00", root, others)
    behind = tr.get_range(strinc(root), nodes + b"\xff", others)
    children: Children = {}
    layers: dict[bytes, bytes] = {}
    for rows, most in (
        ((yield first), limit),
        ((yield before), others),
        ((yield behind), others),
    ):
        tree.is_complete &= len(rows) < most
        _sort(rows, len(nodes), children, layers)
    yield from _add_children(store, tr, limit, tree, store.path, nodes, children, layers)


def _sort(rows: Any, start: int, children: Children, layers: dict[bytes, bytes]) -> None:
    """Adds rows of nodes to what is known; leaves out what the directory layer has not written."""
    for key, value in rows:
        try:
            prefix, *rest = unpack(key, start)
        except ValueError:
            continue
        if not isinstance(prefix, bytes):
            continue
        if len(rest) == 2 and rest[0] == SUBDIRS and isinstance(rest[1], str):
            children.setdefault(prefix, []).append((rest[1], value))
        elif rest == [_LAYER]:
            layers[prefix] = value


def _add_children(
    store: DirectoryStore,
    tr: Any,
    limit: int,
    tree: Tree,
    path: Path,
    prefix: bytes,
    children: Children,
    layers: dict[bytes, bytes],
) -> Steps[None]:
    #: What is still to be added, the next one last.
    pending = [((*path, name), child) for name, child in reversed(children.get(prefix, ()))]
    while pending:
        if len(tree.records) >= limit:
            tree.is_complete = False
            return
        path, prefix = pending.pop()
        layer = layers.get(prefix, b"")
        tree.records.append(Record(store, path, prefix, layer))
        if layer == PARTITION_LAYER and prefix != store.content.key():
            yield from _add_store(store.partition(path, prefix), tr, limit, tree)
        else:
            # Taken out, so that damaged nodes that contain each other come to an end.
            below = children.pop(prefix, ())
            pending.extend(((*path, name), child) for name, child in reversed(below))
