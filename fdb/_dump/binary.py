"""Rows in a binary form, made to be read and written fast, and to find out damage where it is.

A magic of 8 bytes, then blocks: the kind (1 byte), the length of the payload (4), the payload, and the CRC-32 of
these three (4). All numbers are unsigned and big-endian. Kinds and payloads, in this order:

    H  the header, a JSON object
    R  rows, any number of such blocks: how many (4), the lengths of key and value of each (4 and 4), then their
       bytes, key and value in turn
    T  the trailer, a JSON object; nothing follows
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable
from itertools import chain

from fdb._dump.parts import (
    LONGEST,
    Decoder,
    DumpError,
    Encoder,
    Header,
    Row,
    Trailer,
    header_of,
    trailer_of,
)

MAGIC = b"\x89FDB\r\n\x1a\n"
_HEAD = struct.Struct(">cI")
_NUMBER = struct.Struct(">I")
_HEADER, _ROWS, _TRAILER = b"H", b"R", b"T"
_KINDS = (_HEADER, _ROWS, _TRAILER)


def _block(kind: bytes, payload: bytes) -> bytes:
    block = _HEAD.pack(kind, len(payload)) + payload
    return block + _NUMBER.pack(zlib.crc32(block))


class BinaryEncoder(Encoder):
    """Makes the binary form."""

    def header(self, header: Header) -> bytes:
        """See Encoder."""
        return MAGIC + _block(_HEADER, header.as_json())

    def rows(self, rows: Iterable[Row]) -> bytes:
        """See Encoder."""
        flat = list(chain.from_iterable(rows))
        lengths = struct.pack(f">{len(flat) + 1}I", len(flat) // 2, *map(len, flat))
        return _block(_ROWS, lengths + b"".join(flat))

    def trailer(self, trailer: Trailer) -> bytes:
        """See Encoder."""
        return _block(_TRAILER, trailer.as_json())


class BinaryDecoder(Decoder):
    """Reads the binary form."""

    def __init__(self) -> None:
        super().__init__()
        self._offset = 0  # in the file, of what is taken next

    def take(self, data: bytes) -> tuple[list[Row], int]:
        """See Decoder."""
        rows: list[Row] = []
        used = self._skip_magic(data)
        while self._offset and used + _HEAD.size <= len(data):
            kind, length = _HEAD.unpack_from(data, used)
            if kind not in _KINDS or length > LONGEST:
                raise self._damaged("no block begins there")
            end = used + _HEAD.size + length + _NUMBER.size
            if end > len(data):
                break
            rows += self._block(data[used:end], kind)
            self._offset += end - used
            used = end
        return rows, used

    def finish(self, rest: bytes) -> list[Row]:
        """See Decoder."""
        if rest or self.trailer is None:
            raise DumpError(
                f"it is cut off at byte {self._offset + len(rest)}, after {self.rows} whole rows"
            )
        return []

    def _skip_magic(self, data: bytes) -> int:
        if self._offset or len(data) < len(MAGIC):
            return 0
        if not data.startswith(MAGIC):
            raise self._damaged("a file of rows begins in another way")
        self._cover(MAGIC)
        self._offset = len(MAGIC)
        return len(MAGIC)

    def _block(self, block: bytes, kind: bytes) -> list[Row]:
        """Checks a block and takes it; returns the rows if it has some."""
        (crc,) = _NUMBER.unpack(block[-_NUMBER.size :])
        if zlib.crc32(block[: -_NUMBER.size]) != crc:
            raise self._damaged("the checksum of a block differs")
        if self.trailer is not None:
            raise self._damaged("there is something behind the trailer")
        if (kind == _HEADER) != (self.header is None):
            raise self._damaged("a header is wanted at the begin, and only there")
        payload = block[_HEAD.size : -_NUMBER.size]
        if kind == _TRAILER:
            self._end(trailer_of(self._json(payload)))
            return []
        self._cover(block)
        if kind == _HEADER:
            self.header = header_of(self._json(payload))
            return []
        rows = self._rows(payload)
        self._note(rows)
        return rows

    def _json(self, payload: bytes) -> object:
        try:
            members: object = json.loads(payload)
        except (ValueError, RecursionError) as error:
            raise self._damaged("there is no JSON") from error
        return members

    def _rows(self, payload: bytes) -> list[Row]:
        count = _NUMBER.unpack_from(payload)[0] if len(payload) >= _NUMBER.size else 0
        at = _NUMBER.size * (1 + 2 * count)
        if not count or at > len(payload):
            raise self._damaged("a block has no rows")
        lengths = struct.unpack_from(f">{2 * count}I", payload, _NUMBER.size)
        if at + sum(lengths) != len(payload):
            raise self._damaged("the lengths of its rows are not that of the block")
        rows: list[Row] = []
        numbers = iter(lengths)
        for key_length, value_length in zip(numbers, numbers, strict=True):
            middle = at + key_length
            end = middle + value_length
            rows.append((payload[at:middle], payload[middle:end]))
            at = end
        return rows

    def _damaged(self, why: str) -> DumpError:
        return DumpError(f"it is damaged at byte {self._offset}: {why}")
