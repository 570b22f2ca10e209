"""fdb/_dump/reader.py: files of both forms, compressed or not, and what is wrong with them."""

from __future__ import annotations

import gzip
import io
import os
import sys
import threading

import pytest

from dump.conftest import HEADER, some_rows, whole_dump
from fdb._dump import reader
from fdb._dump.forms import FORMS, decoder_of, encoder_of
from fdb._dump.parts import DumpError
from fdb._dump.reader import DumpFile, Survey

ROWS = some_rows(5, 50)


def written(tmp_path, data, name="rows"):
    path = tmp_path / name
    path.write_bytes(data)
    return str(path)


def whole(form):
    return whole_dump(encoder_of(form), decoder_of(form), ROWS)


def rows_of(file):
    return [row for batch in file.batches() for row in batch]


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_what_is_in_a_file(tmp_path, form, compressed, monkeypatch):
    monkeypatch.setattr(reader, "_PIECE", 37)
    data = whole(form)
    told = []
    with DumpFile(written(tmp_path, gzip.compress(data) if compressed else data)) as file:
        survey = file.survey(lambda done, total: told.append((done, total)))
        assert rows_of(file) == rows_of(file) == ROWS
    size = sum(len(key) + len(value) for key, value in ROWS)
    crc = survey.crc
    assert survey == Survey(HEADER, len(ROWS), size, 12, ROWS[0][0], ROWS[-1][0], True, crc)
    assert told[-1] == (file.bytes, file.bytes)


def test_rows_without_a_header_in_any_order(tmp_path):
    lines = b'{"key":"b","value":"1"}\n{"key":"a","value":"2"}\n{"key":"b","value":"3"}\n'
    with DumpFile(written(tmp_path, lines)) as file:
        survey = file.survey()
        assert (survey.header, survey.version, survey.is_ordered) == (None, None, False)
        assert (survey.first, survey.last, survey.rows) == (b"a", b"b", 3)
        assert rows_of(file) == [(b"b", b"1"), (b"a", b"2"), (b"b", b"3")]


@pytest.mark.parametrize("content", [b"", b"\n \n", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_what_something_has_failed_to_write(tmp_path, content):
    (tmp_path / "x").write_bytes(content)
    with DumpFile(str(tmp_path / "x")) as file, pytest.raises(DumpError, match="x: it is empty"):
        file.survey()


@pytest.mark.parametrize("form", FORMS)
def test_damage_is_named_with_the_file(tmp_path, form):
    packed = gzip.compress(whole(form), mtime=0)
    flipped = bytearray(packed)
    flipped[len(packed) // 2] ^= 255
    for name, data, match in (
        ("cut", whole(form)[:-30], "cut: it is cut off"),
        ("cut.gz", packed[:-30], "cut.gz: it is cut off in its compressed data"),
        ("bad.gz", bytes(flipped), "bad.gz: "),
        ("short.gz", packed[:8], "short.gz: it is cut off in its compressed data"),
        ("more.gz", packed + b"more", "more.gz: its compressed data is damaged"),
    ):
        with DumpFile(written(tmp_path, data, name)) as file:
            with pytest.raises(DumpError, match=match):
                file.survey()


@pytest.mark.parametrize(
    ("line", "match"),
    [
        (b'{"key":"\\\\xff\\\\x02","value":""}', r"the key \\xff\\x02 is one of the system's"),
        (b'{"key_hex":"%s","value":""}' % (b"61" * 10_001), r"the row a{100}\.\.\. is too large"),
        (b'{"key":"a","value_hex":"%s"}' % (b"61" * 100_001), "the row a is too large"),
    ],
)
def test_rows_that_no_database_takes(tmp_path, line, match):
    with DumpFile(written(tmp_path, line)) as file, pytest.raises(DumpError, match=match):
        file.survey()


def test_standard_input_and_pipes_are_kept_to_be_read_twice(tmp_path, monkeypatch):
    class Input:
        buffer = io.BytesIO(whole("jsonl"))

    monkeypatch.setattr(sys, "stdin", Input())
    with DumpFile("-") as file:
        assert file.name == "standard input"
        assert file.survey().rows == len(rows_of(file)) == len(ROWS)
    pipe = str(tmp_path / "pipe")
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: open(pipe, "wb").write(whole("binary")))
    writer.start()
    with DumpFile(pipe) as file:
        assert file.survey().rows == len(rows_of(file)) == len(ROWS)
    writer.join()


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(FileNotFoundError):
        DumpFile(str(tmp_path / "none"))
    with pytest.raises(IsADirectoryError):
        DumpFile(str(tmp_path))
