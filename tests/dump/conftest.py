"""What the tests of dumps share."""

from __future__ import annotations

import random

from fdb._dump.parts import Decoder, Encoder, Header, Row, Trailer

HEADER = Header(b"", b"\xff", b"", "", "0123")


def some_rows(seed: int, count: int) -> list[Row]:
    """Rows in the order of their keys, of all bytes."""
    rng = random.Random(seed)
    keys = {rng.randbytes(rng.randint(1, 12)) for _ in range(count)}
    return [(key, rng.randbytes(rng.choice((0, 1, 30)))) for key in sorted(keys) if key < b"\xff"]


def whole_dump(
    encoder: Encoder, decoder: Decoder, rows: list[Row], header: Header = HEADER, batch: int = 7
) -> bytes:
    """The bytes of a dump; a decoder of the form gives the checksum."""
    data = encoder.header(header)
    for begin in range(0, len(rows), batch):
        data += encoder.rows(rows[begin : begin + batch])
    decoder.take(data)
    trailer = Trailer(decoder.rows, decoder.size, 12, decoder.crc)
    return data + encoder.trailer(trailer)


def decoded(decoder: Decoder, data: bytes, piece: int = 1 << 20) -> list[Row]:
    """All rows of a dump that arrives in pieces. Raises DumpError."""
    rows: list[Row] = []
    rest = b""
    for begin in range(0, len(data), piece):
        rest += data[begin : begin + piece]
        found, used = decoder.take(rest)
        rows += found
        rest = rest[used:]
    return rows + decoder.finish(rest)
