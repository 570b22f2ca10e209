"""fdb/_dump/parts.py: what both forms promise - whatever is cut off, changed, doubled or missing is found."""

from __future__ import annotations

import json
import random

import pytest

from dump.conftest import HEADER, decoded, some_rows, whole_dump
from fdb._dump.binary import BinaryDecoder, BinaryEncoder
from fdb._dump.json_lines import JsonLinesDecoder, JsonLinesEncoder
from fdb._dump.parts import DumpError, Header, Trailer, header_of, trailer_of

FORMS = {
    "binary": (BinaryEncoder(), BinaryDecoder),
    "jsonl": (JsonLinesEncoder(), JsonLinesDecoder),
}


@pytest.fixture(params=FORMS)
def form(request):
    return FORMS[request.param]


@pytest.mark.parametrize("piece", [1, 13, 1 << 20])
def test_what_is_written_is_read(form, piece):
    encoder, kind = form
    rows = some_rows(1, 40)
    data = whole_dump(encoder, kind(), rows)
    decoder = kind()
    assert decoded(decoder, data, piece) == rows
    assert decoder.header == HEADER
    assert decoder.trailer == Trailer(len(rows), decoder.size, 12, decoder.crc)
    assert decoder.size == sum(len(key) + len(value) for key, value in rows)
    assert decoder.is_ordered and decoder.last_key == rows[-1][0]


def test_no_rows(form):
    encoder, kind = form
    assert decoded(kind(), whole_dump(encoder, kind(), [])) == []


def test_every_place_where_it_may_be_cut_off(form):
    encoder, kind = form
    data = whole_dump(encoder, kind(), some_rows(2, 6))
    # An editor may take the last newline away.
    for length in range(1, len(data.rstrip())):
        with pytest.raises(DumpError, match="cut off|no JSON"):
            decoded(kind(), data[:length])


def test_every_byte_that_may_be_damaged(form):
    encoder, kind = form
    rows = some_rows(3, 6)
    data = whole_dump(encoder, kind(), rows)
    rng = random.Random(3)
    for place in range(len(data)):
        bad = bytearray(data)
        bad[place] ^= 1 << rng.randrange(8)
        decoder = kind()
        try:
            found = decoded(decoder, bytes(bad))
        except DumpError as error:
            assert "\n" not in str(error)
            continue
        # What no checksum covers: how the trailer is laid out, and the version in it.
        assert found == rows, place
        assert decoder.trailer is not None, place


def test_a_row_that_is_missing_doubled_or_moved(form):
    encoder, kind = form
    rows = some_rows(4, 9)
    pieces = [encoder.rows([row]) for row in rows]
    begin = encoder.header(HEADER)
    sound = kind()
    sound.take(begin + b"".join(pieces))
    end = encoder.trailer(Trailer(sound.rows, sound.size, None, sound.crc))
    assert decoded(kind(), begin + b"".join(pieces) + end) == rows
    for wrong in (
        pieces[:-1],
        pieces[1:],
        [*pieces[:3], *pieces[2:]],
        [*pieces[:3], pieces[4], pieces[3], *pieces[5:]],
    ):
        with pytest.raises(DumpError):
            decoded(kind(), begin + b"".join(wrong) + end)
    with pytest.raises(DumpError, match="behind the trailer"):
        decoded(kind(), begin + b"".join(pieces) + end + pieces[0])
    with pytest.raises(DumpError, match="behind the trailer"):
        decoded(kind(), begin + b"".join(pieces) + end + end)


def test_a_row_outside_of_the_range(form):
    encoder, kind = form
    data = encoder.header(Header(b"b", b"d")) + encoder.rows([(b"d", b"")])
    with pytest.raises(DumpError, match="a key near d lies outside"):
        decoded(kind(), data)


def test_headers():
    header = Header(b"\x00\\", b"\x00]", b"\x00\\", "/app/users('a',)", "file:x", (b"", b"\x00"))
    assert header_of(json.loads(header.as_json())) == header
    for bad, match in (
        ([], "none of a file of rows"),
        ({"fdb": "tables"}, "none of a file of rows"),
        ({"fdb": "rows", "format": 2}, "the format is 2, and this version"),
        ({"fdb": "rows", "format": 1, "begin": ""}, "no range of keys"),
        ({"fdb": "rows", "format": 1, "begin": "", "end": "\\x"}, "no range of keys"),
        ({"fdb": "rows", "format": 1, "begin": "", "end": 3}, "no range of keys"),
        ({"fdb": "rows", "format": 1, "begin": "b", "end": "a"}, "range that cannot be: b to a"),
        ({"fdb": "rows", "format": 1, "begin": "", "end": "\\xff\\x00"}, "that cannot be"),
        (
            {"fdb": "rows", "format": 1, "begin": "a", "end": "c", "prefix": "a"},
            "with the prefix a",
        ),
        (
            {"fdb": "rows", "format": 1, "begin": "b", "end": "c", "prefix": "d"},
            "with the prefix d",
        ),
    ):
        with pytest.raises(DumpError, match=match):
            header_of(bad)


def test_trailers():
    trailer = Trailer(3, 44, None, 0x00ABCDEF)
    assert json.loads(trailer.as_json())["crc32"] == "00abcdef"
    assert trailer_of(json.loads(trailer.as_json())) == trailer
    good = {"rows": 1, "bytes": 1, "version": 1, "crc32": "0"}
    for bad in ({"crc32": None}, {"rows": "1"}, {"rows": True}, {"version": "x"}, {"crc32": "x"}):
        with pytest.raises(DumpError, match="the trailer is damaged"):
            trailer_of({**good, **bad})
    with pytest.raises(DumpError, match="the trailer is damaged"):
        trailer_of({})
