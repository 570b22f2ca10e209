"""The stored form of directories, and the operations on it as steps (see fdb/_layers.py).

With N the prefix of the node subspace and p() tuple packing:

    node of the directory whose content has prefix c    N + p(c); of the root: N + p(N)
    entry of a child in its parent                      <node> + p(0, name) -> prefix of the child
    layer of a directory                                <node> + p(b"layer") -> the layer, or nothing
    format version, in the root                         <root> + p(b"version") -> three uint32
    allocator, in the root                              <root> + p(b"hca") + ...

A partition is a directory with layer b"partition" whose subdirectories are kept, nodes and contents, within
its own prefix: a store in the store. A path is followed into it by handing the rest to that inner store.
"""

from __future__ import annotations

import struct

from fdb._directory.allocator import HighContentionAllocator
from fdb._directory.errors import (
    DirectoryAllocationError,
    DirectoryExistsError,
    DirectoryLayerMismatchError,
    DirectoryNotFoundError,
    DirectoryPathError,
    DirectoryPrefixError,
    DirectoryRemovedError,
    DirectoryVersionError,
)
from fdb._directory.paths import Path
from fdb._layers import Steps, require_transaction
from fdb._typing import Any
from fdb.impl import strinc
from fdb.subspace_impl import Subspace
from fdb.tuple import pack, unpack

VERSION = (1, 0, 0)
SUBDIRS = 0
PARTITION_LAYER = b"partition"
# Nodes of a partition live below its prefix and this byte, out of the way of its contents.
PARTITION_NODES = b"\xfe"

_VERSION_FORMAT = struct.Struct("<III")
_WRITING = "directories are created, moved and removed"
_STORED_VERSION = _VERSION_FORMAT.pack(*VERSION)
#: Behind the key of a node: where its layer is, and what the names of its children begin with.
_LAYER = pack((b"layer",))
_CHILDREN = pack((SUBDIRS,))


class Record:
    """A directory that exists: where its node is kept, its absolute path, content prefix and layer."""

    __slots__ = ("layer", "path", "prefix", "store")

    def __init__(self, store: DirectoryStore, path: Path, prefix: bytes, layer: bytes) -> None:
        self.store = store
        self.path = path
        self.prefix = prefix
        self.layer = layer


class _Found:
    """How far a look-up came. Paths are relative to the store."""

    __slots__ = ("layer", "parent", "path", "prefix", "target")

    def __init__(
        self, path: Path, target: Path, prefix: bytes | None, layer: bytes, parent: bytes
    ) -> None:
        #: The node in which the last name of the path is looked up; the root's for an empty path.
        self.parent = parent
        self.path = path
        self.target = target
        self.prefix = prefix
        self.layer = layer

    @property
    def exists(self) -> bool:
        return self.prefix is not None

    @property
    def rest(self) -> Path:
        """What is left of the target path: the part within the partition where the look-up stopped."""
        return self.target[len(self.path) :]

    @property
    def is_partition(self) -> bool:
        return self.exists and self.layer == PARTITION_LAYER

    @property
    def is_in_partition(self) -> bool:
        return self.is_partition and len(self.path) < len(self.target)


def _dotted(version: tuple[int, int, int]) -> str:
    return ".".join(map(str, version))


def _entry_key(parent: bytes, name: str) -> bytes:
    return pack((SUBDIRS, name), parent)


class DirectoryStore:
    """One tree of directories: the whole of a directory layer, or of one partition.

    ``path`` is the absolute path of its root. ``outer``, for a partition, is the store that has its node.
    """

    def __init__(
        self,
        nodes: Subspace,
        content: Subspace,
        allow_manual_prefixes: bool = False,
        path: Path = (),
        outer: DirectoryStore | None = None,
    ) -> None:
        self.nodes = nodes
        self.content = content
        self.allow_manual_prefixes = allow_manual_prefixes
        self.path = path
        self._outer = outer
        self._prefix = nodes.key()
        self._root = nodes[self._prefix]
        self._root_key = self._root.key()
        self._version_key = self._root.pack((b"version",))
        self._allocator = HighContentionAllocator(self._root[b"hca"])

    def identity(self) -> tuple[Any, ...]:
        """What is equal for two stores of the same tree."""
        return self.nodes.key(), self.content.key(), self.allow_manual_prefixes, self.path

    def partition(self, path: Path, prefix: bytes) -> DirectoryStore:
        """Return the store within the partition at the absolute ``path``."""
        nodes = Subspace(rawPrefix=prefix + PARTITION_NODES)
        return DirectoryStore(nodes, Subspace(rawPrefix=prefix), False, path, self)

    # -- operations; paths are relative to the store ------------------------------------------------

    def create_or_open(
        self,
        tr: Any,
        path: Path,
        layer: bytes = b"",
        prefix: bytes | None = None,
        allow_create: bool = True,
        allow_open: bool = True,
    ) -> Steps[Record]:
        """Open the directory or create it, whichever is allowed and applies."""
        version = yield from self._check_version(tr)
        if prefix is not None and not self.allow_manual_prefixes:
            raise DirectoryPrefixError(
                "Cannot specify a prefix in a partition."
                if self.path
                else "Cannot specify a prefix unless manual prefixes are enabled.",
                self.path + path,
            )
        if not path:
            raise DirectoryPathError("The root directory cannot be opened.", self.path)
        found = yield from self._find(tr, path)
        if found.is_in_partition:
            inner = self._inner_store(found)
            return (
                yield from inner.create_or_open(
                    tr, found.rest, layer, prefix, allow_create, allow_open
                )
            )
        if found.exists:
            if not allow_open:
                raise DirectoryExistsError("The directory already exists.", self.path + path)
            if layer and layer != found.layer:
                raise DirectoryLayerMismatchError(
                    "The directory was created with an incompatible layer.", self.path + path
                )
            return self._record(found)
        if not allow_create:
            raise DirectoryNotFoundError("The directory does not exist.", self.path + path)
        is_new = self._check_writable(tr, version)
        return (yield from self._create(tr, found, is_new, layer, prefix))

    def move(self, tr: Any, old_path: Path, new_path: Path) -> Steps[Record]:
        """Give the directory another path; its node and contents stay where they are."""
        is_new = yield from self._check_version_for_writing(tr)
        if old_path == new_path[: len(old_path)]:
            raise DirectoryPathError(
                "The destination directory cannot be a subdirectory of the source directory.",
                self.path + new_path,
            )
        old = yield from self._find(tr, old_path)
        new = yield from self._find(tr, new_path)
        if not old.exists:
            raise DirectoryNotFoundError(
                "The source directory does not exist.", self.path + old_path
            )
        if old.is_in_partition or new.is_in_partition:
            if not (old.is_in_partition and new.is_in_partition and old.path == new.path):
                raise DirectoryPathError("Cannot move between partitions.", self.path + new_path)
            record = yield from self._inner_store(new).move(tr, old.rest, new.rest)
            self._write_version(tr, is_new)
            return record
        if new.exists:
            raise DirectoryExistsError(
                "The destination directory already exists. Remove it first.", self.path + new_path
            )
        if new.path != new_path:
            raise DirectoryNotFoundError(
                "The parent of the destination directory does not exist. Create it first.",
                self.path + new_path,
            )
        self._write_version(tr, is_new)
        tr.set(_entry_key(new.parent, new_path[-1]), old.prefix)
        tr.clear(_entry_key(old.parent, old_path[-1]))
        assert old.prefix is not None
        return Record(self, self.path + new_path, old.prefix, old.layer)

    def remove(self, tr: Any, path: Path, fail_if_missing: bool = True) -> Steps[bool]:
        """Remove the directory with everything in and below it; tell whether it existed."""
        try:
            is_new = yield from self._check_version_for_writing(tr)
        except DirectoryRemovedError:
            if fail_if_missing:
                raise
            return False
        if not path:
            raise DirectoryPathError("The root directory cannot be removed.", self.path)
        found = yield from self._find(tr, path)
        if not found.exists:
            if fail_if_missing:
                raise DirectoryNotFoundError("The directory does not exist.", self.path + path)
            return False
        if found.is_in_partition:
            inner = self._inner_store(found)
            removed = yield from inner.remove(tr, found.rest, fail_if_missing)
            self._write_version(tr, is_new and removed)
            return removed
        prefixes = yield from self._tree_below(tr, self._record(found).prefix)
        contents = [(prefix, strinc(prefix)) for prefix in prefixes]
        nodes = [self._node(prefix) for prefix in prefixes]
        self._write_version(tr, is_new)
        for begin, end in contents + [(node + b"\x00", node + b"\xff") for node in nodes]:
            tr.clear_range(begin, end)
        tr.clear(_entry_key(found.parent, path[-1]))
        return True

    def list(self, tr: Any, path: Path, most: int = 0) -> Steps[Any]:
        """Return the names of the subdirectories, as a list of str in the order of their encoding; `most` 0 is all."""
        try:
            yield from self._check_version(tr)
        except DirectoryRemovedError:
            # If there is another directory at the path by now, the old partition lists as empty: the
            # binding tester compares that.
            outer = self._outer
            if outer is None or not (yield from outer.exists(tr, self.path[len(outer.path) :])):
                raise
        found = yield from self._find(tr, path)
        if not found.exists:
            raise DirectoryNotFoundError("The directory does not exist.", self.path + path)
        if found.is_partition:
            return (yield from self._inner_store(found).list(tr, found.rest, most))
        children = yield from self._children(tr, self._node_of(found), most)
        return [name for name, _ in children]

    def exists(self, tr: Any, path: Path) -> Steps[bool]:
        """Tell whether there is a directory at the path. The root of a store always exists."""
        try:
            yield from self._check_version(tr)
        except DirectoryRemovedError:
            return False
        found = yield from self._find(tr, path)
        if found.is_in_partition:
            return (yield from self._inner_store(found).exists(tr, found.rest))
        return found.exists

    # -- parts of operations ------------------------------------------------------------------------

    def _record(self, found: _Found) -> Record:
        assert found.prefix is not None
        return Record(self, self.path + found.path, found.prefix, found.layer)

    def _inner_store(self, found: _Found) -> DirectoryStore:
        record = self._record(found)
        return self.partition(record.path, record.prefix)

    def _node(self, prefix: bytes) -> bytes:
        """Return what the keys of the node of the directory with this content prefix begin with."""
        return pack((prefix,), self._prefix)

    def _node_of(self, found: _Found) -> bytes:
        assert found.prefix is not None
        return self._node(found.prefix) if found.path else self._root_key

    def _find(self, tr: Any, path: Path) -> Steps[_Found]:
        """Follow the path to its end, to the first name that is missing, or to the first partition."""
        prefix: bytes | None = self._prefix
        parent = above = self._root_key
        layer = b""
        get, node_prefix, length = tr.get, self._prefix, len(path)
        entry_read = get(pack((SUBDIRS, path[0]), parent)) if path else None
        for depth in range(1, length + 1):
            prefix = yield entry_read
            if prefix is None:
                return _Found(path[:depth], path, None, b"", parent)
            above, parent = parent, pack((prefix,), node_prefix)
            layer_read = get(parent + _LAYER)
            # The next level is requested along with this one's layer: one wait per level instead of two.
            if depth < length:
                entry_read = get(pack((SUBDIRS, path[depth]), parent))
            layer = (yield layer_read) or b""
            if layer == PARTITION_LAYER:
                return _Found(path[:depth], path, prefix, layer, above)
        return _Found(path, path, prefix, layer, above)

    def _check_version(self, tr: Any) -> Steps[tuple[int, int, int] | None]:
        """Raise unless this version may read the store; return the stored version, None if there is none."""
        version_read = tr.get(self._version_key)
        if self._outer is not None:
            # The layer in the partition's own node is what every way of removing it clears.
            layer_key = self._outer._node(self.content.key()) + _LAYER
            if (yield tr.get(layer_key)) != PARTITION_LAYER:
                raise DirectoryRemovedError(
                    "The directory does not exist. This partition has been removed.", self.path
                )
        stored = yield version_read
        if stored == _STORED_VERSION:
            return VERSION
        if stored is None:
            return None
        if len(stored) != _VERSION_FORMAT.size:
            raise DirectoryVersionError(f"Malformed directory version {stored!r}.", self.path)
        version: tuple[int, int, int] = _VERSION_FORMAT.unpack(stored)
        if version[0] > VERSION[0]:
            raise DirectoryVersionError(
                f"Cannot load directory with version {_dotted(version)} using directory layer "
                f"{_dotted(VERSION)}",
                self.path,
            )
        return version

    def _check_version_for_writing(self, tr: Any) -> Steps[bool]:
        """As ``_check_writable``, of the version that is stored."""
        require_transaction(tr, _WRITING)  # before anything is read
        return self._check_writable(tr, (yield from self._check_version(tr)))

    def _check_writable(self, tr: Any, version: tuple[int, int, int] | None) -> bool:
        """Raise unless this version may write to the store; tell whether it is new and has no version yet.

        All operations write at their end, when nothing can fail any more: the transaction may be one that
        its owner commits whatever comes of them.
        """
        require_transaction(tr, _WRITING)
        if version is not None and version[1] > VERSION[1]:
            raise DirectoryVersionError(
                f"Directory with version {_dotted(version)} is read-only when opened using directory "
                f"layer {_dotted(VERSION)}",
                self.path,
            )
        return version is None

    def _write_version(self, tr: Any, is_new: bool) -> None:
        if is_new:
            tr.set(self._version_key, _STORED_VERSION)

    def _create(
        self, tr: Any, found: _Found, is_new: bool, layer: bytes, prefix: bytes | None
    ) -> Steps[Record]:
        """Create a directory that was found missing, and those above it that are missing too."""
        path = found.target
        if prefix is None:
            prefix = yield from self._allocate_prefix(tr, path)
        elif not (yield from self._is_prefix_free(tr, prefix)):
            raise DirectoryPrefixError("The given prefix is already in use.", self.path + path)
        parent = found.parent
        if found.path != path:
            parent = self._node((yield from self.create_or_open(tr, path[:-1])).prefix)
        self._write_version(tr, is_new)
        tr.set(_entry_key(parent, path[-1]), prefix)
        tr.set(self._node(prefix) + _LAYER, layer)
        return Record(self, self.path + path, prefix, layer)

    def _allocate_prefix(self, tr: Any, path: Path) -> Steps[bytes]:
        number = yield from self._allocator.allocate_steps(tr)
        prefix = self.content.key() + number
        if (yield tr.get_range_page(prefix, strinc(prefix), 1)):
            raise DirectoryAllocationError(
                "The database has keys stored at the prefix chosen by the automatic prefix allocator: "
                f"{prefix!r}.",
                self.path + path,
            )
        # Snapshot, or every creation of a directory would conflict with its neighbours'.
        if not (yield from self._is_prefix_free(tr.snapshot, prefix)):
            raise DirectoryAllocationError(
                "The directory layer has manually allocated prefixes that conflict with the automatic "
                "prefix allocator.",
                self.path + path,
            )
        return prefix

    def _is_prefix_free(self, tr: Any, prefix: bytes) -> Steps[bool]:
        """Tell whether no directory has this prefix, a beginning of it or a continuation of it."""
        if not prefix or prefix.startswith(self._prefix):
            return False
        node = self._node(prefix)
        # The last node at or before the prefix is the only one whose own prefix may be a beginning of it.
        rows = yield tr.get_range_page(self._prefix + b"\x00", node + b"\x00", 1, True)
        if rows and prefix.startswith(unpack(rows[0].key, len(self._prefix))[0]):
            return False
        return not (yield tr.get_range_page(node, self._node(strinc(prefix)), 1))

    def _children(self, tr: Any, node: bytes, most: int = 0) -> Steps[Any]:
        """Return the (name, prefix) pairs of the subdirectories; `most` 0 is all."""
        entries = node + _CHILDREN
        rows = yield tr.get_range(entries + b"\x00", entries + b"\xff", most)
        length = len(entries)
        return [(unpack(key, length)[0], prefix) for key, prefix in rows]

    def _tree_below(self, tr: Any, prefix: bytes) -> Steps[Any]:
        """Return the prefixes of a directory and of all below it, as a list."""
        found = [prefix]
        for parent in found:
            children = yield from self._children(tr, self._node(parent))
            found += [child for _, child in children]
        return found
