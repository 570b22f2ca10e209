"""fdb/_dump/binary.py: the binary form, byte by byte as it is documented. See test_parts.py for damage."""

from __future__ import annotations

import json
import struct
import zlib

import pytest

from dump.conftest import HEADER, decoded
from fdb._dump.binary import MAGIC, BinaryDecoder, BinaryEncoder
from fdb._dump.parts import DumpError, Trailer


def block(kind: bytes, payload: bytes) -> bytes:
    text = kind + struct.pack(">I", len(payload)) + payload
    return text + struct.pack(">I", zlib.crc32(text))


def documented() -> bytes:
    """A dump of three rows in two blocks, written as another program would."""
    text = MAGIC + block(b"H", HEADER.as_json())
    text += block(b"R", struct.pack(">5I", 2, 1, 2, 1, 0) + b"a" + b"v1" + b"b")
    text += block(b"R", struct.pack(">3I", 1, 2, 1) + b"b\x00" + b"v")
    totals = {"rows": 3, "bytes": 7, "version": None, "crc32": f"{zlib.crc32(text):08x}"}
    return text + block(b"T", json.dumps(totals).encode())


def test_a_file_as_it_is_documented():
    decoder = BinaryDecoder()
    assert decoded(decoder, documented()) == [(b"a", b"v1"), (b"b", b""), (b"b\x00", b"v")]
    assert decoder.trailer == Trailer(3, 7, None, decoder.crc)


def test_the_encoder_writes_what_is_documented():
    encoder = BinaryEncoder()
    rows = encoder.rows([(b"a", b"v1"), (b"b", b"")])
    assert encoder.header(HEADER) + rows == documented()[: len(encoder.header(HEADER) + rows)]


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"PK\x03\x04 and so on", "begins in another way"),
        (MAGIC + block(b"R", struct.pack(">3I", 1, 1, 0) + b"a"), "a header is wanted"),
        (MAGIC + block(b"H", b"[1"), "there is no JSON"),
        (MAGIC + block(b"H", HEADER.as_json()) * 2, "a header is wanted"),
        (MAGIC + b"X\0\0\0\0" + bytes(20), "no block begins there"),
        (MAGIC + b"R\xff\xff\xff\xff", "no block begins there"),
    ],
)
def test_what_is_none(data, match):
    with pytest.raises(DumpError, match=match):
        decoded(BinaryDecoder(), data)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        struct.pack(">I", 0),
        struct.pack(">I", 1 << 30),
        struct.pack(">3I", 1, 1, 1) + b"a",
        struct.pack(">3I", 1, 1, 0) + b"ab",
    ],
)
def test_blocks_whose_lengths_are_wrong(payload):
    data = MAGIC + block(b"H", HEADER.as_json()) + block(b"R", payload)
    with pytest.raises(DumpError, match=r"it is damaged at byte \d+: (a block|the lengths)"):
        decoded(BinaryDecoder(), data)
