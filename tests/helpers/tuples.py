"""The two codecs, and elements that are tedious to write."""

from __future__ import annotations

import ctypes
import struct
import uuid

from fdb._tuple import codec as c_codec
from fdb._tuple import pure as pure_codec
from fdb.tuple import SingleFloat, Versionstamp

CODECS = {"pure": pure_codec, "c": c_codec}
AN_UUID = uuid.UUID(bytes=bytes(range(16)))
STAMP = Versionstamp(b"0123456789", 0x0102)


def double(bits: int) -> float:
    return struct.unpack(">d", struct.pack(">Q", bits))[0]


def single(bits: int) -> SingleFloat:
    return SingleFloat(ctypes.c_float.from_buffer_copy(struct.pack("=I", bits)))
