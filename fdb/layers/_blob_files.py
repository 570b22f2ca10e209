"""Blobs as files: what reads and writes them a piece at a time, each piece a transaction of its own.

What is read is one version, that which was there when the file was opened. What is written shows when the file is
closed, at once; until then it is an upload (see `_blob_store`). A file is for one thread, greenlet or task at a time.
"""

from __future__ import annotations

import errno
import io
from types import TracebackType

from fdb import _flows
from fdb._flows import Flow, Transact
from fdb._layers import Steps
from fdb._typing import Any, TypeVar
from fdb.layers._blob_store import BlobStore, Content, new_id

SelfT = TypeVar("SelfT")

#: How much one transaction reads or writes at most.
PIECE = 1_000_000
#: How much is read ahead for small reads.
BUFFER = 128 * 1024


class Download:
    """The version of a blob that a file reads, and where the next read begins."""

    def __init__(self, store: BlobStore, source: Any, number: int | None) -> None:
        self.source = source
        self._store = store
        self._number = number
        self._content: Content | None = None
        self.position = 0

    def opened(self) -> Flow[Content]:
        """Finds the version, the first time. Raises FileNotFoundError if it is not there."""
        if self._content is None:
            number, store = self._number, self._store
            self._content = yield Transact(self.source, lambda tr: store.find(tr, number))
            if self._content is None:
                which = "" if number is None else f" with version {number}"
                raise FileNotFoundError(
                    errno.ENOENT, f"there is no blob{which} at {self._store.key!r}"
                )
        return self._content

    def piece(self, length: int) -> Flow[bytes]:
        """Reads on, at most one piece, and moves the position."""
        content = yield from self.opened()
        start, count, store = self.position, min(length, PIECE), self._store
        read: bytes = yield Transact(self.source, lambda tr: store.read(tr, content, start, count))
        self.position = start + len(read)
        return read

    def rest(self) -> Flow[bytes]:
        """Reads all that follows."""
        pieces = []
        while piece := (yield from self.piece(PIECE)):
            pieces.append(piece)
        return b"".join(pieces)

    def moved(self, offset: int, whence: int) -> Flow[int]:
        """Moves the position as `io.IOBase.seek` does, and returns it."""
        content = yield from self.opened()
        bases = {io.SEEK_SET: 0, io.SEEK_CUR: self.position, io.SEEK_END: content.size}
        if whence not in bases:
            raise ValueError(f"whence must be 0, 1 or 2, not {whence!r}")
        position = bases[whence] + offset
        if position < 0:
            raise ValueError(f"a blob has no position {position}")
        self.position = position
        return position


class Upload:
    """What is written to a blob, a piece at a time, and shows when it is finished."""

    def __init__(self, store: BlobStore, source: Any) -> None:
        self.source = source
        self._store = store
        self._id = new_id()
        self._piece = max(PIECE // store.chunk_size, 1) * store.chunk_size
        self._buffer = bytearray()
        #: How many chunks are in the database.
        self._stored = 0

    @property
    def size(self) -> int:
        """How many bytes were added."""
        return self._stored * self._store.chunk_size + len(self._buffer)

    def add(self, data: memoryview) -> Flow[None]:
        """Adds bytes. What makes a whole piece is written."""
        at = 0
        while at < len(data):
            part = data[at : at + self._piece - len(self._buffer)]
            at += len(part)
            self._buffer += part
            if len(self._buffer) == self._piece:
                yield Transact(self.source, self._put_piece)
                self._stored += self._piece // self._store.chunk_size
                self._buffer.clear()

    def _put_piece(self, tr: Any) -> Steps[None]:
        if self._stored:
            yield from self._store.check_upload(tr, self._id)
        else:
            self._store.begin_upload(tr, self._id)
        self._put_buffer(tr)

    def _put_buffer(self, tr: Any) -> None:
        self._store.put(tr, self._id, self._stored, memoryview(bytes(self._buffer)))

    def finish(self) -> Flow[None]:
        """Makes all that was added the content of the blob."""
        yield Transact(self.source, self._publish)

    def _publish(self, tr: Any) -> Steps[None]:
        store = self._store
        if (yield from store.receipts.applied(tr)) is not None:
            # The transaction has done this already. If that was with another file, of a function that is run again,
            # what this one has written is of no use.
            contents = yield from store.contents(tr)
            if self._id not in [content.id for content in contents]:
                store.drop_upload(tr, self._id)
            return
        if self._stored:
            yield from store.check_upload(tr, self._id)
        yield from store.publish(tr, self._id, self.size)
        self._put_buffer(tr)
        if self._stored:
            store.end_upload(tr, self._id)

    def discard(self) -> Flow[None]:
        """Removes what was written."""
        if self._stored:
            yield Transact(self.source, self._drop)

    def _drop(self, tr: Any) -> Steps[None]:
        self._store.drop_upload(tr, self._id)
        return
        yield


def _described(kind: str, content: Download | Upload) -> str:
    """Returns how a file of the class so called prints."""
    return f"<{kind} of the blob at {content._store.key!r} of {content.source!r}>"


class BlobReader(io.RawIOBase):
    """A version of a blob, to be read and sought in; `Blob.open` gives it with a buffer before it.

    Blocks. Raises FDBError, FileNotFoundError if there is no such version, and OSError with ESTALE if the version was
    removed meanwhile.
    """

    def __init__(self, store: BlobStore, source: Any, number: int | None) -> None:
        super().__init__()
        self._download = Download(store, source, number)
        content: Content = self._run(self._download.opened())
        self.version: int = content.number
        """Which version it is."""
        self.size: int = content.size
        """How many bytes it has."""

    def __repr__(self) -> str:
        return _described("BlobReader", self._download)

    def _run(self, flow: Flow[Any]) -> Any:
        if self.closed:
            raise ValueError("I/O operation on closed file.")
        return _flows.run(self._download.source, flow)

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Reads into `buffer`, and returns how many bytes: at most a megabyte, 0 at the end."""
        view = memoryview(buffer).cast("B")
        read: bytes = self._run(self._download.piece(len(view)))
        view[: len(read)] = read
        return len(read)

    def readall(self) -> bytes:
        """Returns all that follows."""
        read: bytes = self._run(self._download.rest())
        return read

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Moves to a position, as all files do, and returns it."""
        position: int = self._run(self._download.moved(offset, whence))
        return position

    def tell(self) -> int:
        """Returns the position."""
        return self._download.position


class BlobWriter(io.BufferedIOBase):
    """What is written to a blob. It replaces the content when the file is closed; before that nobody sees it.

    The end of a `with` block closes the file; if it ends with an exception what was written is discarded. So it is
    when the object goes without having been closed. Blocks, and raises FDBError.
    """

    def __init__(self, store: BlobStore, source: Any) -> None:
        super().__init__()
        self._upload = Upload(store, source)

    def __repr__(self) -> str:
        return _described("BlobWriter", self._upload)

    def _run(self, flow: Flow[None]) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed file.")
        _flows.run(self._upload.source, flow)

    def writable(self) -> bool:
        """True."""
        return True

    def write(self, data: Any, /) -> int:
        """Adds bytes, and returns how many."""
        view = memoryview(data).cast("B")
        self._run(self._upload.add(view))
        return len(view)

    def tell(self) -> int:
        """Returns how many bytes were written."""
        return self._upload.size

    def close(self) -> None:
        """Makes what was written the content of the blob. A second call does nothing."""
        if not self.closed:
            try:
                self._run(self._upload.finish())
            finally:
                super().close()

    def discard(self) -> None:
        """Closes the file and leaves the blob as it is."""
        if not self.closed:
            try:
                self._run(self._upload.discard())
            finally:
                super().close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    def __del__(self) -> None:
        # That of the base would close the file, and what is half written would show.
        pass


class AsyncBlobReader:
    """A version of a blob, to be read and sought in, in asyncio: as BlobReader, with a buffer of its own.

    `async with` opens it, and so does the first call. Cancelling a read leaves the position where it was.
    """

    def __init__(self, store: BlobStore, source: Any, number: int | None) -> None:
        self._download = Download(store, source, number)
        self._buffer = b""
        self._closed = False

    def __repr__(self) -> str:
        return _described("AsyncBlobReader", self._download)

    async def _run(self, flow: Flow[Any]) -> Any:
        if self._closed:
            raise ValueError("I/O operation on closed file.")
        return await _flows.run(self._download.source, flow)

    async def read(self, size: int | None = -1) -> bytes:
        """Returns the next bytes: `size` of them, fewer at the end, or all that follow for -1 and None."""
        read: bytes = await self._run(self._read(-1 if size is None else size))
        return read

    def _read(self, size: int) -> Flow[bytes]:
        pieces = [self._buffer]
        missing = size - len(self._buffer)
        before = self._download.position
        try:
            if size < 0:
                pieces.append((yield from self._download.rest()))
            while size >= 0 and missing > 0:
                piece = yield from self._download.piece(max(missing, BUFFER))
                if not piece:
                    break
                pieces.append(piece)
                missing -= len(piece)
        except BaseException:
            self._download.position = before
            raise
        read = b"".join(pieces)
        self._buffer = read[size:] if size >= 0 else b""
        return read[:size] if size >= 0 else read

    async def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Moves to a position, as all files do, and returns it."""
        shift = -len(self._buffer) if whence == io.SEEK_CUR else 0
        position: int = await self._run(self._download.moved(offset + shift, whence))
        self._buffer = b""
        return position

    def tell(self) -> int:
        """Returns the position."""
        return self._download.position - len(self._buffer)

    async def version(self) -> int:
        """Returns which version it is."""
        content: Content = await self._run(self._download.opened())
        return content.number

    async def size(self) -> int:
        """Returns how many bytes the version has."""
        content: Content = await self._run(self._download.opened())
        return content.size

    async def close(self) -> None:
        """Ends reading. A second call does nothing."""
        self._closed = True

    async def __aenter__(self: SelfT) -> SelfT:
        await self._run(self._download.opened())  # type: ignore[attr-defined]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


class AsyncBlobWriter:
    """What is written to a blob, in asyncio: as BlobWriter."""

    def __init__(self, store: BlobStore, source: Any) -> None:
        self._upload = Upload(store, source)
        self._closed = False

    def __repr__(self) -> str:
        return _described("AsyncBlobWriter", self._upload)

    async def write(self, data: Any) -> int:
        """Adds bytes, and returns how many. One that is cancelled may have added some: discard the file then."""
        if self._closed:
            raise ValueError("I/O operation on closed file.")
        view = memoryview(data).cast("B")
        await _flows.run(self._upload.source, self._upload.add(view))
        return len(view)

    def tell(self) -> int:
        """Returns how many bytes were written."""
        return self._upload.size

    async def close(self) -> None:
        """Makes what was written the content of the blob. A second call does nothing."""
        await self._end(self._upload.finish())

    async def discard(self) -> None:
        """Closes the file and leaves the blob as it is."""
        await self._end(self._upload.discard())

    async def _end(self, flow: Flow[None]) -> None:
        if not self._closed:
            self._closed = True
            await _flows.run(self._upload.source, flow)

    async def __aenter__(self: SelfT) -> SelfT:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            await self.close()
        else:
            await self.discard()
