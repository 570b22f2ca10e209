"""Blob: bytes of any length in chunks, read and written whole, in part or as a file.

`_blob_store` documents the keys. Immutable, so thread-safe; the files that `open` gives are not.
"""

from __future__ import annotations

import io
import time
from collections.abc import Coroutine
from typing import Any, Literal, NamedTuple, overload

from fdb import _flows
from fdb._flows import Flow
from fdb._layers import Steps, is_asynchronous
from fdb.impl import TransactionRead
from fdb.layers._base import (
    AsyncSource,
    ReadSource,
    SubspaceArgument,
    WriteSource,
    check_source,
    once,
    read,
    subspace_of,
    write,
)
from fdb.layers._blob_files import (
    BUFFER,
    PIECE,
    AsyncBlobReader,
    AsyncBlobWriter,
    BlobReader,
    BlobWriter,
    Upload,
)
from fdb.layers._blob_store import BlobStore, new_id
from fdb.layers._once import Receipts
from fdb.subspace_impl import Subspace

_CHUNK_SIZE = 10_000
#: The longest value that a database takes.
_LONGEST_CHUNK = 100_000
_DAY = 86_400.0


class BlobVersion(NamedTuple):
    """A version of a blob that is kept."""

    number: int
    """Which version it is: 1 for the first, one more for each write."""
    size: int
    """How many bytes the version has."""


def _whole(number: Any, what: str, least: int) -> int:
    if isinstance(number, bool) or not isinstance(number, int):
        raise TypeError(f"{what} must be an int, not {number!r}")
    if number < least:
        raise ValueError(f"{what} must be at least {least}, not {number}")
    return number


def _version_checked(version: int | None) -> int | None:
    return None if version is None else _whole(version, "the version of a blob", 1)


class Blob:
    """Bytes of any length in the database, kept in chunks.

    Writing replaces the content at once: who reads sees the old one or the new one, whole, however many transactions
    were needed. With `versioned` all versions are kept, until `prune` or `delete`, and can be read.

    `blob["photo"]` is another blob, independent of this one, in the same subspace; a name is what an element of a tuple
    may be.

    Operations take a Database, Tenant or Transaction first and block; with an AsyncDatabase or AsyncTenant, or one of
    its transactions in a running loop, they are coroutines. They raise FDBError. Each takes effect once, also when it is
    retried after an unknown result. Those who write a blob at the same time conflict and are retried.
    """

    __slots__ = ("_store",)

    def __init__(
        self,
        subspace: SubspaceArgument,
        *,
        chunk_size: int = _CHUNK_SIZE,
        versioned: bool = False,
    ) -> None:
        """The blob in `subspace`, a Subspace, directory, prefix as bytes or tuple, which nothing else may use.

        `chunk_size` is in bytes, and for what is written: what is there may have other chunks. Raises TypeError and
        ValueError for another subspace, and for a chunk size that is not 1 to 100,000.
        """
        space = subspace_of(subspace, "Blob")
        _whole(chunk_size, "the chunk size of a Blob", 1)
        if chunk_size > _LONGEST_CHUNK:
            raise ValueError(
                f"the chunk size of a Blob must be at most {_LONGEST_CHUNK}, the longest value, not {chunk_size}"
            )
        receipts = Receipts(space.pack(("receipt",)))
        self._store = BlobStore(space, (), chunk_size, bool(versioned), receipts)

    def __repr__(self) -> str:
        store = self._store
        names = "".join(f"[{name!r}]" for name in store.names)
        return f"Blob({store.subspace!r}, chunk_size={store.chunk_size}, versioned={store.versioned}){names}"

    @property
    def subspace(self) -> Subspace:
        """The subspace that it was made with."""
        return self._store.subspace

    @property
    def versioned(self) -> bool:
        """Whether writing keeps the versions before."""
        return self._store.versioned

    def __getitem__(self, name: Any) -> Blob:
        """Returns the blob called `name` within this one, of the same kind. Touches no database.

        Raises TypeError or ValueError for a name that is no element of a tuple.
        """
        store = self._store
        other = Blob.__new__(Blob)
        other._store = BlobStore(
            store.subspace, (*store.names, name), store.chunk_size, store.versioned, store.receipts
        )
        return other

    #: TypeError: with ``__getitem__`` alone, iterating would go through blob after blob for ever.
    __iter__ = None

    # ---- whole, and in part ----

    @overload
    def write(self, source: WriteSource, data: bytes | bytearray | memoryview) -> None: ...
    @overload
    def write(
        self, source: AsyncSource, data: bytes | bytearray | memoryview
    ) -> Coroutine[Any, Any, None]: ...
    def write(self, source: Any, data: Any) -> Any:
        """Makes `data` the content.

        On a database or tenant data may be of any length: what is more than a megabyte is written in several
        transactions, and shows with the last one. A transaction must be able to hold all of it (10 MB).
        Raises TypeError for data that are no bytes.
        """
        check_source(source, writes=True)
        try:
            view = memoryview(data).cast("B")
        except TypeError:
            raise TypeError(f"the content of a blob must be bytes, not {data!r}") from None
        if len(view) > PIECE and not isinstance(source, TransactionRead):
            return _flows.run(source, self._write_pieces(source, view))
        store = self._store

        def steps(tr: Any) -> Steps[None]:
            content_id = new_id()
            yield from store.publish(tr, content_id, len(view))
            store.put(tr, content_id, 0, view)

        return write(source, once(store.receipts, steps))

    def _write_pieces(self, source: Any, data: memoryview) -> Flow[None]:
        upload = Upload(self._store, source)
        try:
            yield from upload.add(data)
            yield from upload.finish()
        except Exception:
            yield from upload.discard()
            raise

    @overload
    def read(
        self,
        source: ReadSource,
        start: int = 0,
        length: int | None = None,
        *,
        version: int | None = None,
    ) -> bytes | None: ...
    @overload
    def read(
        self,
        source: AsyncSource,
        start: int = 0,
        length: int | None = None,
        *,
        version: int | None = None,
    ) -> Coroutine[Any, Any, bytes | None]: ...
    def read(
        self, source: Any, start: int = 0, length: int | None = None, *, version: int | None = None
    ) -> Any:
        """Returns the content, or `length` bytes of it from `start` on, of which only their chunks are read.

        Fewer bytes are returned where the content ends before, and None if there is no blob, or no such version. It
        is one transaction, so what is read must fit into five seconds: `open` reads more. Raises TypeError and
        ValueError for numbers that are none or negative.
        """
        _whole(start, "the start of what is read", 0)
        if length is not None:
            _whole(length, "the length of what is read", 0)
        number, store = _version_checked(version), self._store

        def steps(tr: Any) -> Steps[bytes | None]:
            content = yield from store.find(tr, number)
            if content is None:
                return None
            count = content.size if length is None else length
            return (yield from store.read(tr, content, start, count))

        return read(source, steps)

    @overload
    def size(self, source: ReadSource, *, version: int | None = None) -> int | None: ...
    @overload
    def size(
        self, source: AsyncSource, *, version: int | None = None
    ) -> Coroutine[Any, Any, int | None]: ...
    def size(self, source: Any, *, version: int | None = None) -> Any:
        """Returns how many bytes the content has; None if there is no blob, or no such version."""
        number, store = _version_checked(version), self._store

        def steps(tr: Any) -> Steps[int | None]:
            content = yield from store.find(tr, number)
            return None if content is None else content.size

        return read(source, steps)

    @overload
    def delete(self, source: WriteSource) -> None: ...
    @overload
    def delete(self, source: AsyncSource) -> Coroutine[Any, Any, None]: ...
    def delete(self, source: Any) -> Any:
        """Removes the blob, with all versions; nothing happens if there is none. Their numbers begin at 1 again."""
        return self._remove(source, 0)

    def _remove(self, source: Any, keep: int) -> Any:
        store = self._store

        def steps(tr: Any) -> Steps[None]:
            contents = yield from store.contents(tr)
            store.remove(tr, contents[: max(len(contents) - keep, 0)])

        return write(source, once(store.receipts, steps))

    # ---- versions ----

    @overload
    def versions(self, source: ReadSource) -> list[BlobVersion]: ...
    @overload
    def versions(self, source: AsyncSource) -> Coroutine[Any, Any, list[BlobVersion]]: ...
    def versions(self, source: Any) -> Any:
        """Returns the versions that there are, the oldest first; the last one is the content. Empty without a blob."""
        store = self._store

        def steps(tr: Any) -> Steps[list[BlobVersion]]:
            contents = yield from store.contents(tr)
            return [BlobVersion(content.number, content.size) for content in contents]

        return read(source, steps)

    @overload
    def prune(self, source: WriteSource, keep: int) -> None: ...
    @overload
    def prune(self, source: AsyncSource, keep: int) -> Coroutine[Any, Any, None]: ...
    def prune(self, source: Any, keep: int) -> Any:
        """Removes all versions but the `keep` newest ones. Raises ValueError for less than 1."""
        return self._remove(source, _whole(keep, "the number of versions to keep", 1))

    # ---- files ----

    @overload
    def open(
        self, source: ReadSource, mode: Literal["r", "rb"] = "rb", *, version: int | None = None
    ) -> io.BufferedReader: ...
    @overload
    def open(self, source: WriteSource, mode: Literal["w", "wb"]) -> BlobWriter: ...
    @overload
    def open(
        self, source: AsyncSource, mode: Literal["r", "rb"] = "rb", *, version: int | None = None
    ) -> AsyncBlobReader: ...
    @overload
    def open(self, source: AsyncSource, mode: Literal["w", "wb"]) -> AsyncBlobWriter: ...
    def open(self, source: Any, mode: str = "rb", *, version: int | None = None) -> Any:
        """Opens the blob as a file of bytes, for content of any length; each piece is a transaction of its own.

        - "rb" reads and seeks in the newest version, or the one that `version` says. That stays the one that is read
          whatever is written meanwhile; if it is removed reading raises OSError (ESTALE). Raises FileNotFoundError if it
          is not there.
        - "wb" writes: what was written is the new content once the file is closed, and not if the `with` block ends
          with an exception. What a program leaves behind that ends before that, `discard_unfinished` removes.

        On an asynchronous source the file has coroutines of the same names, and `async with`; it is there at once, and
        found to be missing by the first of them. On a transaction all is read or written in that. For text there is
        `io.TextIOWrapper`. Raises ValueError for another mode.
        """
        number, store = _version_checked(version), self._store
        check_source(source, writes=mode in ("w", "wb"))
        if mode in ("r", "rb"):
            if is_asynchronous(source):
                return AsyncBlobReader(store, source, number)
            return io.BufferedReader(BlobReader(store, source, number), BUFFER)
        if mode not in ("w", "wb"):
            raise ValueError(f"the mode of a blob's file must be 'rb' or 'wb', not {mode!r}")
        if number is not None:
            raise ValueError(
                f"a file that is written makes a new version: {number} is not its own to say"
            )
        return (
            AsyncBlobWriter(store, source) if is_asynchronous(source) else BlobWriter(store, source)
        )

    @overload
    def discard_unfinished(self, source: WriteSource, older_than: float = _DAY) -> int: ...
    @overload
    def discard_unfinished(
        self, source: AsyncSource, older_than: float = _DAY
    ) -> Coroutine[Any, Any, int]: ...
    def discard_unfinished(self, source: Any, older_than: float = _DAY) -> Any:
        """Removes what was begun to be written more than `older_than` seconds ago and is not finished.

        Of all blobs in the subspace; by the clock of this machine and of those that write. Returns how many there were.
        Who still writes one gets an OSError (ESTALE). Raises TypeError for what is no number, ValueError below 0.
        """
        if isinstance(older_than, bool) or not isinstance(older_than, (int, float)):
            raise TypeError(f"the age must be a number of seconds, not {older_than!r}")
        if not older_than >= 0:
            raise ValueError(f"the age must be at least 0 seconds, not {older_than!r}")
        before, store = time.time() - older_than, self._store
        # Of all attempts: one that was committed, with an unknown result, has left nothing to count for the next.
        dropped: set[bytes] = set()

        def steps(tr: Any) -> Steps[int]:
            dropped.update((yield from store.drop_uploads_before(tr, before)))
            return len(dropped)

        return write(source, steps)
