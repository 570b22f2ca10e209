"""The directory layer: named, hierarchical directories, each with a short key prefix of its own.

The metadata is stored in the format that all bindings share, so a directory made by one of them can be
used by every other.
"""

from __future__ import annotations

import weakref
from collections.abc import Coroutine

from fdb._directory.allocator import HighContentionAllocator
from fdb._directory.errors import (
    DirectoryAllocationError,
    DirectoryError,
    DirectoryExistsError,
    DirectoryLayerMismatchError,
    DirectoryNotFoundError,
    DirectoryPartitionError,
    DirectoryPathError,
    DirectoryPrefixError,
    DirectoryRemovedError,
    DirectoryVersionError,
)
from fdb._directory.paths import Path, PathLike, to_layer, to_path, to_prefix
from fdb._directory.store import PARTITION_LAYER, SUBDIRS, VERSION, DirectoryStore, Record
from fdb._layers import AsyncSource, BlockingSource, run
from fdb._notebooks import repr_html
from fdb._typing import Any, NoReturn, overload
from fdb.subspace_impl import Subspace

__all__ = [
    "Directory",
    "DirectoryAllocationError",
    "DirectoryError",
    "DirectoryExistsError",
    "DirectoryLayer",
    "DirectoryLayerMismatchError",
    "DirectoryNotFoundError",
    "DirectoryPartition",
    "DirectoryPartitionError",
    "DirectoryPathError",
    "DirectoryPrefixError",
    "DirectoryRemovedError",
    "DirectorySubspace",
    "DirectoryVersionError",
    "HighContentionAllocator",
    "directory",
]

# Inside of the classes below, `list` is a method.
Names = list[str]


class Directory:
    """What all directories can do. Paths are relative to the directory unless said otherwise.

    A path is a str, or a tuple of them for a directory some levels below; bytes are taken as UTF-8. A str is one
    name, whatever is in it: ``"a/b"`` is a directory at the top, ``("a", "b")`` one within another.
    ``tr`` is a transaction, or a database or tenant on which the operation is run as one retried
    transaction. All operations block on their reads, but with the asyncio event model: given an
    AsyncDatabase or AsyncTenant they are coroutines, and given one of their transactions they are where a
    loop runs. They raise a ``DirectoryError``, which is a ValueError if it follows from an argument,
    ValueError for a malformed path, and FDBError.
    """

    _directory_layer: DirectoryLayer
    _path: Path
    _layer: bytes
    #: The database or tenant that it was found in, while that exists: where notebooks look for what is below it.
    _origin: weakref.ref[Any] | None = None
    _repr_html_ = repr_html

    def __init__(
        self, directory_layer: DirectoryLayer, path: PathLike = (), layer: bytes | None = b""
    ) -> None:
        self._directory_layer = directory_layer
        self._path = to_path(path)
        self._layer = to_layer(layer)

    def __getstate__(self) -> dict[str, Any]:
        """Returns what copies and pickles have: all but where it was found."""
        return {name: value for name, value in vars(self).items() if name != "_origin"}

    def _identity(self) -> tuple[Any, ...]:
        """What is equal for two objects that stand for the same directory."""
        return type(self), self._directory_layer._store.identity(), self._path, self._layer

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Directory):
            return NotImplemented
        return self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    @overload
    def create_or_open(
        self, tr: BlockingSource, path: PathLike, layer: bytes | None = None
    ) -> DirectorySubspace: ...
    @overload
    def create_or_open(
        self, tr: AsyncSource, path: PathLike, layer: bytes | None = None
    ) -> Coroutine[Any, Any, DirectorySubspace]: ...
    def create_or_open(self, tr: Any, path: PathLike, layer: bytes | None = None) -> Any:
        """Open the directory at ``path``; create it, and the missing ones above it, if it is not there.

        A new directory is recorded with ``layer``. A non-empty ``layer`` that is not the recorded one
        of an existing directory raises.
        """
        return self._create_or_open(tr, path, layer)

    @overload
    def open(
        self, tr: BlockingSource, path: PathLike, layer: bytes | None = None
    ) -> DirectorySubspace: ...
    @overload
    def open(
        self, tr: AsyncSource, path: PathLike, layer: bytes | None = None
    ) -> Coroutine[Any, Any, DirectorySubspace]: ...
    def open(self, tr: Any, path: PathLike, layer: bytes | None = None) -> Any:
        """Open the directory at ``path``.

        Raises if there is none, or if ``layer`` is not empty and not the one it was created with.
        """
        return self._create_or_open(tr, path, layer, allow_create=False)

    @overload
    def create(
        self,
        tr: BlockingSource,
        path: PathLike,
        layer: bytes | None = None,
        prefix: bytes | None = None,
    ) -> DirectorySubspace: ...
    @overload
    def create(
        self,
        tr: AsyncSource,
        path: PathLike,
        layer: bytes | None = None,
        prefix: bytes | None = None,
    ) -> Coroutine[Any, Any, DirectorySubspace]: ...
    def create(
        self, tr: Any, path: PathLike, layer: bytes | None = None, prefix: bytes | None = None
    ) -> Any:
        """Create the directory at ``path``, and the missing ones above it; raises if it exists.

        ``prefix`` gives the key prefix of its contents, where the directory layer allows that; it must
        not overlap that of another directory. Otherwise one is allocated.
        """
        return self._create_or_open(tr, path, layer, prefix, allow_open=False)

    def _create_or_open(
        self,
        tr: Any,
        path: PathLike,
        layer: bytes | None,
        prefix: bytes | None = None,
        allow_create: bool = True,
        allow_open: bool = True,
    ) -> Any:
        home = self._directory_layer
        names, wanted, given = self._partition_subpath(path), to_layer(layer), to_prefix(prefix)
        return run(
            tr,
            lambda tr: home._store.create_or_open(
                tr, names, wanted, given, allow_create, allow_open
            ),
            lambda record: home._opened(record, tr),
        )

    @overload
    def list(self, tr: BlockingSource, path: PathLike = ()) -> Names: ...
    @overload
    def list(self, tr: AsyncSource, path: PathLike = ()) -> Coroutine[Any, Any, Names]: ...
    def list(self, tr: Any, path: PathLike = ()) -> Any:
        """Return the names of the immediate subdirectories; raises if the directory does not exist."""
        home = self._directory_layer
        names = self._partition_subpath(path)
        return run(tr, lambda tr: home._store.list(tr, names))

    def _first_names(self, tr: Any, path: PathLike, most: int) -> Any:
        """Return as `list`, but no more than so many names."""
        home = self._directory_layer
        names = self._partition_subpath(path)
        return run(tr, lambda tr: home._store.list(tr, names, most))

    @overload
    def move(
        self, tr: BlockingSource, old_path: PathLike, new_path: PathLike
    ) -> DirectorySubspace: ...
    @overload
    def move(
        self, tr: AsyncSource, old_path: PathLike, new_path: PathLike
    ) -> Coroutine[Any, Any, DirectorySubspace]: ...
    def move(self, tr: Any, old_path: PathLike, new_path: PathLike) -> Any:
        """Move the directory at ``old_path``, with all below it, to ``new_path``; return it there.

        The contents keep their prefix. Raises if there is none at ``old_path``, if there is one at
        ``new_path``, if the parent of that does not exist, or if the two are in different partitions.
        """
        old, new = self._partition_subpath(old_path), self._partition_subpath(new_path)
        return self._directory_layer._move(tr, old, new)

    @overload
    def move_to(self, tr: BlockingSource, new_absolute_path: PathLike) -> DirectorySubspace: ...
    @overload
    def move_to(
        self, tr: AsyncSource, new_absolute_path: PathLike
    ) -> Coroutine[Any, Any, DirectorySubspace]: ...
    def move_to(self, tr: Any, new_absolute_path: PathLike) -> Any:
        """Move this directory to ``new_absolute_path``, which counts from the root; return it there.

        This object keeps its old path. Raises as ``move`` does.
        """
        home = self._get_layer_for_path(())
        depth = len(home._path)
        new_path = to_path(new_absolute_path)
        if new_path[:depth] != home._path:
            raise DirectoryPathError("Cannot move between partitions.", new_path)
        return home._move(tr, self._path[depth:], new_path[depth:])

    @overload
    def remove(self, tr: BlockingSource, path: PathLike = ()) -> bool: ...
    @overload
    def remove(self, tr: AsyncSource, path: PathLike = ()) -> Coroutine[Any, Any, bool]: ...
    def remove(self, tr: Any, path: PathLike = ()) -> Any:
        """Remove the directory (this one by default) with its contents and all below it; return True.

        Raises if it does not exist. Programs that have it open can still write into its prefix.
        """
        store, names = self._place_of(path)
        return run(tr, lambda tr: store.remove(tr, names))

    @overload
    def remove_if_exists(self, tr: BlockingSource, path: PathLike = ()) -> bool: ...
    @overload
    def remove_if_exists(
        self, tr: AsyncSource, path: PathLike = ()
    ) -> Coroutine[Any, Any, bool]: ...
    def remove_if_exists(self, tr: Any, path: PathLike = ()) -> Any:
        """Remove the directory as ``remove`` does; return False if there is none."""
        store, names = self._place_of(path)
        return run(tr, lambda tr: store.remove(tr, names, fail_if_missing=False))

    @overload
    def exists(self, tr: BlockingSource, path: PathLike = ()) -> bool: ...
    @overload
    def exists(self, tr: AsyncSource, path: PathLike = ()) -> Coroutine[Any, Any, bool]: ...
    def exists(self, tr: Any, path: PathLike = ()) -> Any:
        """Tell whether the directory (this one by default) exists."""
        store, names = self._place_of(path)
        return run(tr, lambda tr: store.exists(tr, names))

    def get_layer(self) -> bytes:
        """Return the layer the directory was created with, empty if none."""
        return self._layer

    def get_path(self) -> Path:
        """Return the absolute path with which the directory was opened, as a tuple of str."""
        return self._path

    def _partition_subpath(self, path: PathLike, home: DirectoryLayer | None = None) -> Path:
        """The path as the directory layer ``home``, by default our own, counts it: from its root."""
        home = home or self._directory_layer
        own, names = self._path, to_path(path)
        return own[len(home._path) :] + names if own else names

    def _place_of(self, path: PathLike) -> tuple[DirectoryStore, Path]:
        """Where the node of ``path`` is kept: the store, and the path as that counts it."""
        home = self._get_layer_for_path(path)
        return home._store, self._partition_subpath(path, home)

    def _get_layer_for_path(self, path: PathLike) -> DirectoryLayer:
        """The directory layer that keeps the node of ``path``; a partition's own is kept by its parent."""
        return self._directory_layer


class DirectoryLayer(Directory):
    """A root directory of its own.

    ``node_subspace`` is where the metadata is kept and ``content_subspace`` what the prefixes of new
    directories begin with. Manual prefixes in ``create`` are refused unless ``allow_manual_prefixes``.
    """

    #: The version of the stored form: major, minor, micro.
    VERSION = VERSION
    #: The element that is before the names of subdirectories in a node.
    SUBDIRS = SUBDIRS

    def __init__(
        self,
        node_subspace: Subspace = Subspace(rawPrefix=b"\xfe"),  # noqa: B008 - nothing changes it
        content_subspace: Subspace = Subspace(),  # noqa: B008
        allow_manual_prefixes: bool = False,
    ) -> None:
        super().__init__(self)
        self._store = DirectoryStore(node_subspace, content_subspace, bool(allow_manual_prefixes))

    def __repr__(self) -> str:
        options = ", allow_manual_prefixes=True" if self._store.allow_manual_prefixes else ""
        path = f", path={self._path!r}" if self._path else ""
        return (
            f"DirectoryLayer(node_subspace={self._store.nodes!r}, "
            f"content_subspace={self._store.content!r}{options}{path})"
        )

    @classmethod
    def _of_store(cls, store: DirectoryStore) -> DirectoryLayer:
        """The directory layer inside of a partition."""
        layer = cls(store.nodes, store.content)
        layer._store = store
        layer._path = store.path
        return layer

    def _move(self, tr: Any, old: Path, new: Path) -> Any:
        """Move a directory between two paths that count from this root."""
        return run(
            tr, lambda tr: self._store.move(tr, old, new), lambda record: self._opened(record, tr)
        )

    def _opened(self, record: Record, tr: Any) -> DirectorySubspace:
        """Return the object for a directory that was found or made by means of `tr`."""
        layer = self if record.store is self._store else DirectoryLayer._of_store(record.store)
        found: DirectorySubspace
        if record.layer == PARTITION_LAYER:
            found = DirectoryPartition(record.path, record.prefix, layer)
        else:
            found = DirectorySubspace._of_record(record, layer)
        try:
            found._origin = weakref.ref(getattr(tr, "db", tr))
        except TypeError:
            pass  # of a program's own class
        return found

    def move_to(self, tr: Any, new_absolute_path: PathLike) -> NoReturn:
        """Raises DirectoryError: the root cannot be moved."""
        raise DirectoryError("The root directory cannot be moved.", self._path)


#: The directories of the default database: those whose contents and metadata are where other programs look for them.
directory: DirectoryLayer = DirectoryLayer()


class DirectorySubspace(Subspace, Directory):
    """A directory and, at the same time, the subspace of its contents."""

    def __init__(
        self,
        path: PathLike,
        prefix: bytes,
        directory_layer: DirectoryLayer = directory,
        layer: bytes | None = None,
    ) -> None:
        Subspace.__init__(self, rawPrefix=prefix)
        Directory.__init__(self, directory_layer, path, layer)

    @classmethod
    def _of_record(cls, record: Record, directory_layer: DirectoryLayer) -> DirectorySubspace:
        """As the constructor, of what needs no checks."""
        self = cls.__new__(cls)
        self.rawPrefix = record.prefix
        self._directory_layer = directory_layer
        self._path = record.path
        self._layer = record.layer
        return self

    def __repr__(self) -> str:
        return f"DirectorySubspace(path={self._path!r}, prefix={self.rawPrefix!r})"

    def _identity(self) -> tuple[Any, ...]:
        return *Directory._identity(self), self.rawPrefix

    def __eq__(self, other: object) -> bool:
        return Directory.__eq__(self, other)

    def __hash__(self) -> int:
        return Directory.__hash__(self)


class DirectoryPartition(DirectorySubspace):
    """A directory whose subdirectories have their prefixes, and their metadata, within its own prefix.

    Only its subdirectories hold data: every use as a subspace raises ``DirectoryPartitionError``.
    Once the partition was removed, operations on it and on paths below it raise ``DirectoryRemovedError``,
    but for ``exists`` and ``remove_if_exists``, which are False.
    """

    def __init__(
        self, path: PathLike, prefix: bytes, parent_directory_layer: DirectoryLayer
    ) -> None:
        inner = parent_directory_layer._store.partition(to_path(path), prefix)
        super().__init__(path, prefix, DirectoryLayer._of_store(inner), PARTITION_LAYER)
        self._parent_directory_layer = parent_directory_layer

    def __repr__(self) -> str:
        return f"DirectoryPartition(path={self._path!r}, prefix={self.rawPrefix!r})"

    def _get_layer_for_path(self, path: PathLike) -> DirectoryLayer:
        return self._directory_layer if to_path(path) else self._parent_directory_layer

    def _refuse(self, message: str) -> NoReturn:
        raise DirectoryPartitionError(message, self._path)

    def __getitem__(self, name: Any) -> NoReturn:
        self._refuse("Cannot open subspace in the root of a directory partition.")

    def subspace(self, tuple: Any) -> NoReturn:
        """Raises DirectoryPartitionError: a partition has no keys of its own."""
        self._refuse("Cannot open subspace in the root of a directory partition.")

    def key(self) -> NoReturn:
        """Raises DirectoryPartitionError: a partition has no keys of its own."""
        self._refuse("Cannot get key for the root of a directory partition.")

    def pack(self, t: Any = ()) -> NoReturn:
        """Raises DirectoryPartitionError: a partition has no keys of its own."""
        self._refuse("Cannot pack keys using the root of a directory partition.")

    def pack_with_versionstamp(self, t: Any = ()) -> NoReturn:
        """Raises DirectoryPartitionError: a partition has no keys of its own."""
        self._refuse("Cannot pack keys using the root of a directory partition.")

    def unpack(self, key: bytes) -> NoReturn:
        """Raises DirectoryPartitionError: a partition has no keys of its own."""
        self._refuse("Cannot unpack keys using the root of a directory partition.")

    def range(self, t: Any = ()) -> NoReturn:
        """Raises DirectoryPartitionError: a partition has no keys of its own."""
        self._refuse("Cannot get range for the root of a directory partition.")

    def contains(self, key: bytes) -> NoReturn:
        """Raises DirectoryPartitionError: a partition has no keys of its own."""
        self._refuse("Cannot check whether a key belongs to the root of a directory partition.")

    def as_foundationdb_key(self) -> NoReturn:
        """Raises DirectoryPartitionError: a partition has no keys of its own."""
        self._refuse("Cannot use the root of a directory partition as a key.")
