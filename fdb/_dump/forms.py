"""Which form a file of rows has: by its name when it is written, by its first bytes when it is read."""

from __future__ import annotations

import os
from collections.abc import Callable

from fdb._dump.binary import MAGIC, BinaryDecoder, BinaryEncoder
from fdb._dump.json_lines import JsonLinesDecoder, JsonLinesEncoder
from fdb._dump.parts import Decoder, Encoder

JSON_LINES, BINARY = "jsonl", "binary"
FORMS = (JSON_LINES, BINARY)
GZIP_MAGIC = b"\x1f\x8b"
_COMPRESSED = ".gz"
_ENDINGS = {".jsonl": JSON_LINES, ".ndjson": JSON_LINES, ".fdbrows": BINARY}
_ENCODERS: dict[str, Callable[[], Encoder]] = {
    JSON_LINES: JsonLinesEncoder,
    BINARY: BinaryEncoder,
}
_DECODERS: dict[str, Callable[[], Decoder]] = {
    JSON_LINES: JsonLinesDecoder,
    BINARY: BinaryDecoder,
}


def form_of_name(path: str) -> tuple[str | None, bool]:
    """Returns the form that the name of a file asks for, None if it asks for none, and whether it is compressed."""
    stem, ending = os.path.splitext(path)
    is_compressed = ending == _COMPRESSED
    if is_compressed:
        ending = os.path.splitext(stem)[1]
    return _ENDINGS.get(ending.lower()), is_compressed


def form_of_data(begin: bytes) -> str:
    """Returns the form of a file that begins so, uncompressed."""
    return BINARY if begin[:1] == MAGIC[:1] else JSON_LINES


def encoder_of(form: str) -> Encoder:
    """Returns what writes a form."""
    return _ENCODERS[form]()


def decoder_of(form: str) -> Decoder:
    """Returns what reads a form."""
    return _DECODERS[form]()
