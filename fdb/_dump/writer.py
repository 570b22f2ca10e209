"""Writes files of rows: under another name until they are whole, in pieces that another process can go on behind.

`PATH.part` is locked while it is written. Each piece - the header, some rows, the trailer - is written as a whole block or
as whole lines, compressed as a gzip member of its own. So what a process leaves behind that is killed is a begin
of the file, and perhaps a piece that is cut off, which is cut away. When all is on disk the file gets its own name.
"""

from __future__ import annotations

import fcntl
import gzip
import os
import sys
import zlib
from collections.abc import Sequence
from types import TracebackType
from typing import IO

from fdb._dump.forms import GZIP_MAGIC, decoder_of, encoder_of, form_of_data
from fdb._dump.parts import Decoder, DumpError, Header, Row, Trailer

#: Where most of what can be gained is gained.
_COMPRESSION = 3
_PIECE = 1 << 20
_WBITS_GZIP = 31


class DumpWriter:
    """What is written, and its totals: the base of what writes into files, and what writes to a stream.

    To be used as a context. One thread at a time.
    """

    def __init__(self, stream: IO[bytes], form: str, compress: bool) -> None:
        self._stream = stream
        self._encoder = encoder_of(form)
        self._compress = compress
        #: Rows and bytes of keys and values that are written, and the last key.
        self.rows = 0
        self.size = 0
        self.last_key: bytes | None = None
        self._crc = 0

    def __enter__(self) -> DumpWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leaves what is written as it is."""

    def begin(self, header: Header) -> None:
        """Writes the header."""
        self._covered(self._encoder.header(header))

    def write(self, rows: Sequence[Row], size: int) -> None:
        """Writes rows, at least one, whose keys and values have `size` bytes."""
        self._covered(self._encoder.rows(rows))
        self.rows += len(rows)
        self.size += size
        self.last_key = rows[-1][0]

    def finish(self, version: int | None) -> None:
        """Writes the trailer; `version` is that of all rows, None if they are of several."""
        self._put(
            self._encoder.trailer(Trailer(self.rows, self.size, version, self._crc)),
        )
        self._stream.flush()

    def _covered(self, data: bytes) -> None:
        self._crc = zlib.crc32(data, self._crc)
        self._put(data)

    def _put(self, data: bytes) -> None:
        if self._compress:
            data = gzip.compress(data, _COMPRESSION, mtime=0)
        self._stream.write(data)


def standard_output(form: str, compress: bool) -> DumpWriter:
    """Returns what writes to standard output, where nothing can be gone on with."""
    return DumpWriter(sys.stdout.buffer, form, compress)


class PartFile(DumpWriter):
    """Writes `path`, which is not there before it is whole."""

    def __init__(
        self, path: str, form: str, compress: bool, *, resume: bool, overwrite: bool
    ) -> None:
        """Opens `PATH.part`: with `resume` the one that is there, else a new one; `overwrite` throws older ones away.

        Raises DumpError if it must not be written, OSError if it cannot be.
        """
        self._path = path
        self.part = f"{path}.part"
        self._overwrite = overwrite
        self._check_name()
        self._form = form
        self._resume = resume
        stream = open(self.part, "a+b")  # noqa: SIM115 - closed with the object
        super().__init__(stream, form, compress)
        try:
            self._lock()
            if os.fstat(stream.fileno()).st_size and not (resume or overwrite):
                raise DumpError(
                    f"{self.part} is there, of an export that was interrupted: --resume goes on with it, "
                    "--yes begins again"
                )
            if not resume:
                stream.truncate(0)
        except BaseException:
            stream.close()
            raise

    def begin(self, header: Header) -> None:
        """Writes the header, or takes over what is there if it has the same one. DumpError if it is of another export."""
        decoder = self._survivors() if self._resume else None
        if decoder is None or decoder.header is None:
            self._stream.truncate(0)
            super().begin(header)
            return
        if decoder.header != header:
            raise DumpError(
                f"{self.part} is of another export, of {_said(decoder.header)}, not of {_said(header)}: "
                "--yes without --resume begins again"
            )
        self.rows, self.size, self.last_key = decoder.rows, decoder.size, decoder.last_key
        self._crc = decoder.crc

    def finish(self, version: int | None) -> None:
        """See DumpWriter: when this returns the file is on disk, under `PATH.part`."""
        super().finish(version)
        os.fsync(self._stream.fileno())

    def publish(self) -> None:
        """Gives the file its name. DumpError if another one has that meanwhile."""
        self._check_name()
        os.replace(self.part, self._path)
        folder = os.open(os.path.dirname(self._path) or ".", os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def close(self) -> None:
        """Leaves what is written as it is, for another process to go on with."""
        self._stream.close()

    def _check_name(self) -> None:
        if os.path.exists(self._path) and not os.path.isfile(self._path):
            raise DumpError(f"{self._path} is no file that could be replaced: - is standard output")
        if os.path.lexists(self._path) and not self._overwrite:
            raise DumpError(f"{self._path} is there already: --yes replaces it")

    def _lock(self) -> None:
        try:
            fcntl.flock(self._stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_ours = os.path.samestat(os.fstat(self._stream.fileno()), os.stat(self.part))
        except (BlockingIOError, FileNotFoundError):
            is_ours = False
        if not is_ours:
            raise DumpError(f"{self.part} is being written by another export")

    def _survivors(self) -> Decoder | None:
        """Reads what an earlier process has left, and cuts away what is incomplete or a trailer."""
        self._stream.seek(0)
        begin = self._stream.read(len(GZIP_MAGIC))
        self._stream.seek(0)
        if len(begin) < len(GZIP_MAGIC):
            return None
        is_compressed = begin == GZIP_MAGIC
        try:
            if is_compressed != self._compress:
                raise DumpError("is compressed in another way")
            decoder, whole = self._members() if is_compressed else self._plain()
        except (DumpError, zlib.error) as error:
            raise DumpError(
                f"{self.part} cannot be gone on with: {error}; --yes without --resume begins again"
            ) from error
        self._stream.truncate(whole)
        return decoder

    def _plain(self) -> tuple[Decoder | None, int]:
        survivors = _Survivors(self._form)
        while data := self._stream.read(_PIECE):
            survivors.add(data)
        return survivors.decoder, survivors.whole

    def _members(self) -> tuple[Decoder | None, int]:
        survivors = _Survivors(self._form)
        whole = 0  # of the compressed file
        member = zlib.decompressobj(_WBITS_GZIP)
        text, length = b"", 0
        data = self._stream.read(_PIECE)
        while data:
            text += member.decompress(data)
            length += len(data) - len(member.unused_data)
            data = member.unused_data
            if member.eof:
                survivors.add(text)
                if not survivors.has_trailer:
                    whole += length
                member = zlib.decompressobj(_WBITS_GZIP)
                text, length = b"", 0
            data = data or self._stream.read(_PIECE)
        return survivors.decoder, whole


class _Survivors:
    """What an interrupted process has written, as far as it is whole, without the trailer."""

    def __init__(self, form: str) -> None:
        self._form = form
        self._rest = b""
        self.decoder: Decoder | None = None
        #: Bytes, before compression, of what can be gone on behind.
        self.whole = 0

    @property
    def has_trailer(self) -> bool:
        """Whether it is whole but for its name."""
        return self.decoder is not None and self.decoder.trailer is not None

    def add(self, data: bytes) -> None:
        """Takes the next bytes. Raises DumpError for what was damaged."""
        self._rest += data
        if self.decoder is None:
            if form_of_data(self._rest) != self._form:
                raise DumpError("it is of another form")
            self.decoder = decoder_of(self._form)
        _, used = self.decoder.take(self._rest)
        self._rest = self._rest[used:]
        self.whole += used - (len(self.trailer_bytes()) if self.has_trailer else 0)

    def trailer_bytes(self) -> bytes:
        """The trailer that was read."""
        assert self.decoder is not None and self.decoder.trailer is not None
        return encoder_of(self._form).trailer(self.decoder.trailer)


def _said(header: Header) -> str:
    what = header.place or f"the keys {header.begin!r} to {header.end!r}"
    return f"{what} of the database {header.source!r}"
