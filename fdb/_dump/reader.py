"""Reads files of rows of both forms, compressed or not, and checks them on the way.

Memory is bounded by the largest line or block, whatever the file claims. One thread at a time.
"""

from __future__ import annotations

import dataclasses
import gzip
import os
import shutil
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import IO

from fdb._display.notation import shown_key
from fdb._dump.forms import GZIP_MAGIC, decoder_of, form_of_data
from fdb._dump.parts import Decoder, DumpError, Header, Row

STANDARD = "-"
_PIECE = 1 << 20
#: What every database refuses.
_LONGEST_KEY, _LONGEST_VALUE = 10_000, 100_000
_KEYS_END = b"\xff"

#: Is told how many bytes of the file are read, and how many it has.
OnBytes = Callable[[int, int], None]


@dataclasses.dataclass(frozen=True)
class Survey:
    """What a whole file has in it."""

    header: Header | None
    rows: int
    #: Bytes of keys and values.
    size: int
    #: The read version that its rows are of; None for several, and where there is no header.
    version: int | None
    #: The least and the greatest key; empty without rows.
    first: bytes
    last: bytes
    #: Whether each key is greater than the one before.
    is_ordered: bool
    #: CRC-32 of all but the trailer, before compression.
    crc: int


class DumpFile:
    """A file of rows to be read, from its begin as often as is wanted; `-` is what standard input has.

    To be used as a context. Methods raise DumpError, with the name of the file, for what is wrong with it.
    """

    def __init__(self, path: str) -> None:
        """Opens it: OSError if that is not possible. Standard input is read to its end."""
        self.name = "standard input" if path == STANDARD else path
        self._file: IO[bytes]
        if path == STANDARD or not os.path.isfile(path):
            self._file = tempfile.TemporaryFile()
            try:
                self._spool(path)
            except BaseException:
                self._file.close()
                raise
        else:
            self._file = open(path, "rb")  # noqa: SIM115 - closed with the object
        self.bytes = os.fstat(self._file.fileno()).st_size

    def _spool(self, path: str) -> None:
        """Keeps what can be read only once, as it is read twice: to be checked, and to be taken."""
        if path == STANDARD:
            shutil.copyfileobj(sys.stdin.buffer, self._file)
        else:
            with open(path, "rb") as pipe:
                shutil.copyfileobj(pipe, self._file)

    def __enter__(self) -> DumpFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def batches(self, on_bytes: OnBytes | None = None) -> Iterator[list[Row]]:
        """Yields its rows, in order; those that come before damage are yielded."""
        yield from self._read(self._decoder(), on_bytes)

    def survey(self, on_bytes: OnBytes | None = None) -> Survey:
        """Reads all of it, and returns what there is. DumpError also for rows that no database takes."""
        decoder = self._decoder()
        first = last = None
        for rows in self._read(decoder, on_bytes):
            keys = [key for key, _ in rows]
            longest = max(map(len, keys)), max(len(value) for _, value in rows)
            if longest[0] > _LONGEST_KEY or longest[1] > _LONGEST_VALUE:
                raise self._too_large(rows)
            least, greatest = (keys[0], keys[-1]) if decoder.is_ordered else (min(keys), max(keys))
            first = least if first is None else min(first, least)
            last = greatest if last is None else max(last, greatest)
        if last is not None and last >= _KEYS_END:
            raise self._error(
                f"the key {_shortened(last)} is one of the system's, which are never imported"
            )
        if decoder.header is None and last is None:
            raise self._error("it is empty: a file without rows has a header and a trailer")
        trailer = decoder.trailer
        return Survey(
            decoder.header,
            decoder.rows,
            decoder.size,
            trailer.version if trailer is not None else None,
            first or b"",
            last or b"",
            decoder.is_ordered,
            decoder.crc,
        )

    def _decoder(self) -> Decoder:
        self._file.seek(0)
        stream = self._stream()
        try:
            begin = stream.read(1)
        except (OSError, EOFError, zlib.error) as error:
            raise self._damaged(error) from error
        return decoder_of(form_of_data(begin))

    def _stream(self) -> IO[bytes]:
        """What gives the uncompressed file from its begin."""
        self._file.seek(0)
        is_compressed = self._file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        self._file.seek(0)
        if is_compressed:
            return gzip.GzipFile(fileobj=self._file, mode="rb")  # type: ignore[return-value]
        return self._file

    def _read(self, decoder: Decoder, on_bytes: OnBytes | None) -> Iterator[list[Row]]:
        stream = self._stream()
        rest = b""
        try:
            while data := stream.read(_PIECE):
                rest += data
                rows, used = decoder.take(rest)
                rest = rest[used:]
                if on_bytes is not None:
                    on_bytes(self._file.tell(), self.bytes)
                if rows:
                    yield rows
            if rows := decoder.finish(rest):
                yield rows
        except DumpError as error:
            raise self._error(str(error)) from error
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise self._damaged(error) from error

    def _too_large(self, rows: list[Row]) -> DumpError:
        key = next(
            key for key, value in rows if len(key) > _LONGEST_KEY or len(value) > _LONGEST_VALUE
        )
        return self._error(
            f"the row {_shortened(key)} is too large: keys have at most {_LONGEST_KEY} bytes and values {_LONGEST_VALUE}"
        )

    def _damaged(self, error: Exception) -> DumpError:
        if isinstance(error, EOFError):
            return self._error("it is cut off in its compressed data")
        return self._error(f"its compressed data is damaged: {error}")

    def _error(self, text: str) -> DumpError:
        return DumpError(f"{self.name}: {text}")


def _shortened(key: bytes) -> str:
    text = shown_key(key[:100])
    return text if len(key) <= 100 else f"{text}..."
