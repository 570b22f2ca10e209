"""How blobs are stored, and the steps (see `fdb._layers`) that find, read and write them.

Keys within the subspace, as tuples, with the names of a blob as a nested tuple, empty for the blob itself:

- ("version", names, number) = (1, id, size, size of a chunk) packed, for each version that there is, numbered from 1. The
  newest one is the content. 1 is the version of this format.
- ("data", names, id, n) = the n-th chunk, from 0, of the content with that id, 16 random bytes. All chunks but the last
  have the size that the version tells.
- ("upload", id) = (names, seconds since 1970) packed, while a content is written in several transactions.
- ("receipt", ...) is what `_once` keeps.

Invariants: a version is there only with all of its chunks; data without a version has an upload.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from fdb import tuple as tuple_layer
from fdb._layers import Steps
from fdb.layers._once import Receipts
from fdb.subspace_impl import Subspace

_FORMAT = 1
_ID_LENGTH = 16


class Content(NamedTuple):
    """A version of a blob: what its row tells."""

    number: int
    id: bytes
    size: int
    chunk_size: int


def new_id() -> bytes:
    """Returns an id for a content."""
    return os.urandom(_ID_LENGTH)


class BlobStore:
    """One blob: its keys, and the steps on them. Immutable."""

    __slots__ = ("_data", "_versions", "chunk_size", "names", "receipts", "subspace", "versioned")

    def __init__(
        self,
        subspace: Subspace,
        names: tuple[Any, ...],
        chunk_size: int,
        versioned: bool,
        receipts: Receipts,
    ) -> None:
        self.subspace: Subspace = subspace
        self.names: tuple[Any, ...] = names
        self.chunk_size: int = chunk_size
        self.versioned: bool = versioned
        self.receipts: Receipts = receipts
        self._versions = Subspace(("version", names), subspace.rawPrefix)
        self._data = Subspace(("data", names), subspace.rawPrefix)

    @property
    def key(self) -> bytes:
        """Where the blob is, for texts."""
        return self.subspace.pack(self.names)

    # ---- reading ----

    def contents(self, tr: Any, newest: bool = False) -> Steps[list[Content]]:
        """All versions, the oldest first, or only the newest one."""
        rows = yield tr.get_range(self._versions, limit=1 if newest else 0, reverse=newest)
        return [self._content(key, value) for key, value in rows]

    def find(self, tr: Any, number: int | None) -> Steps[Content | None]:
        """The version with that number, the newest one for None; None if it is not there."""
        if number is None:
            found = yield from self.contents(tr, newest=True)
            return found[0] if found else None
        key = self._versions.pack((number,))
        value = yield tr.get(key)
        return None if value is None else self._content(key, value)

    def _content(self, key: bytes, value: bytes) -> Content:
        [number] = self._versions.unpack(key)
        written, *rest = tuple_layer.unpack(value)
        if written != _FORMAT:
            raise ValueError(f"{key!r} is a blob of format {written}, and this is format {_FORMAT}")
        return Content(number, *rest)

    def read(self, tr: Any, content: Content, start: int, length: int) -> Steps[bytes]:
        """The bytes from `start` on, `length` of them or those that there are.

        Raises OSError (ESTALE) if the content is no longer there.
        """
        stop = min(content.size, start + length)
        if start >= stop:
            return b""
        size = content.chunk_size
        first, last = start // size, (stop - 1) // size
        rows = yield tr.get_range(
            self._data.pack((content.id, first)), self._data.pack((content.id, last + 1))
        )
        read = b"".join([value for _, value in rows])
        if len(read) != min(content.size, (last + 1) * size) - first * size:
            raise OSError(
                errno.ESTALE,
                f"version {content.number} of the blob at {self._versions.rawPrefix!r} was removed while it was read",
            )
        return read[start - first * size : stop - first * size]

    # ---- writing ----

    def put(self, tr: Any, content_id: bytes, first: int, data: memoryview) -> None:
        """Writes the chunks of a piece of a content; its first chunk is number `first`."""
        for number, chunk in enumerate(self._chunks(data), first):
            tr.set(self._data.pack((content_id, number)), chunk)

    def _chunks(self, data: memoryview) -> Iterator[bytes]:
        for at in range(0, len(data), self.chunk_size):
            yield bytes(data[at : at + self.chunk_size])

    def publish(self, tr: Any, content_id: bytes, size: int) -> Steps[None]:
        """Makes what was put the newest version, and the only one unless all versions are kept."""
        contents = yield from self.contents(tr, newest=self.versioned)
        if not self.versioned:
            self.remove(tr, contents)
        number = contents[-1].number + 1 if contents else 1
        row = tuple_layer.pack((_FORMAT, content_id, size, self.chunk_size))
        tr.set(self._versions.pack((number,)), row)

    def remove(self, tr: Any, contents: list[Content]) -> None:
        """Removes some versions."""
        for content in contents:
            tr.clear(self._versions.pack((content.number,)))
            tr.clear_range(self._data[content.id])

    # ---- uploads ----

    def _upload_key(self, content_id: bytes) -> bytes:
        return self.subspace.pack(("upload", content_id))

    def begin_upload(self, tr: Any, content_id: bytes) -> None:
        """Notes that a content is being written."""
        row = tuple_layer.pack((self.names, int(time.time())))
        tr.set(self._upload_key(content_id), row)

    def end_upload(self, tr: Any, content_id: bytes) -> None:
        """Notes that it is complete."""
        tr.clear(self._upload_key(content_id))

    def check_upload(self, tr: Any, content_id: bytes) -> Steps[None]:
        """Raises OSError (ESTALE) if what is being written was discarded; who writes more of it asks that first."""
        if (yield tr.get(self._upload_key(content_id))) is None:
            raise OSError(
                errno.ESTALE,
                f"what was being written to the blob at {self._versions.rawPrefix!r} was discarded as unfinished",
            )

    def drop_upload(self, tr: Any, content_id: bytes) -> None:
        """Removes a content that has no version."""
        tr.clear(self._upload_key(content_id))
        tr.clear_range(self._data[content_id])

    def drop_uploads_before(self, tr: Any, seconds: float) -> Steps[list[bytes]]:
        """Removes what was begun before that time, of all blobs in the subspace. Returns the ids."""
        uploads = self.subspace["upload"]
        dropped = []
        for key, value in (yield tr.get_range(uploads)):
            names, began = tuple_layer.unpack(value)
            if began < seconds:
                [content_id] = uploads.unpack(key)
                tr.clear(key)
                tr.clear_range(self.subspace["data"][names][content_id])
                dropped.append(content_id)
        return dropped
