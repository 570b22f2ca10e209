"""fdb/_dump/writer.py: a file has its name when it is whole, and what a killed process leaves can be gone on with, wherever it was."""

from __future__ import annotations

import gzip
import io
import sys

import pytest

from dump.conftest import HEADER, some_rows
from fdb._dump import writer as writers
from fdb._dump.forms import FORMS, form_of_data
from fdb._dump.parts import DumpError, Header
from fdb._dump.reader import DumpFile
from fdb._dump.writer import PartFile, standard_output

ROWS = some_rows(6, 20)
#: Of the bytes after which a process is killed, at most.
KILLS = 250
KINDS = [(form, compress) for form in FORMS for compress in (False, True)]


@pytest.fixture(params=KINDS, ids=lambda kind: f"{kind[0]}{'-gz' if kind[1] else ''}")
def kind(request):
    return request.param


def part(path, kind, **how):
    form, compress = kind
    return PartFile(str(path), form, compress, **{"resume": False, "overwrite": False, **how})


def write_rest(file, rows=ROWS):
    """Writes what is not written yet, as an export does."""
    rest = [row for row in rows if file.last_key is None or row[0] > file.last_key]
    for begin in range(0, len(rest), 6):
        some = rest[begin : begin + 6]
        file.write(some, sum(len(key) + len(value) for key, value in some))


def complete(path, kind, **how):
    with part(path, kind, **how) as file:
        file.begin(HEADER)
        write_rest(file)
        file.finish(12)
        file.publish()
    return path.read_bytes()


def content(path):
    with DumpFile(str(path)) as file:
        survey = file.survey()
        return survey, [row for batch in file.batches() for row in batch]


def test_a_file_has_its_name_at_the_end(tmp_path, kind):
    path = tmp_path / "rows"
    with part(path, kind) as file:
        file.begin(HEADER)
        write_rest(file)
        assert not path.exists()
        file.finish(12)
        assert not path.exists()
        file.publish()
    assert [each.name for each in tmp_path.iterdir()] == ["rows"]
    survey, rows = content(path)
    assert rows == ROWS and (survey.header, survey.version) == (HEADER, 12)
    data = path.read_bytes()
    assert kind == (
        form_of_data(gzip.decompress(data) if kind[1] else data),
        data[:2] == b"\x1f\x8b",
    )


def test_killed_after_any_byte(tmp_path, kind, monkeypatch):
    whole = complete(tmp_path / "whole", kind)
    expected = content(tmp_path / "whole")
    monkeypatch.setattr(writers.os, "fsync", lambda descriptor: None)  # of no use here, and slow
    gone_on_with = set()
    step = max(1, len(whole) // KILLS)
    for length in [*range(0, len(whole), step), len(whole)]:
        path = tmp_path / "rows"
        path.with_name("rows.part").write_bytes(whole[:length])
        monkeypatch.setattr(writers, "_PIECE", 1 + length % 97)
        with part(path, kind, resume=True) as file:
            file.begin(HEADER)
            gone_on_with.add(file.rows)
            write_rest(file)
            file.finish(12)
            file.publish()
        # Where the pieces are cut may differ, not what they hold.
        survey, rows = content(path)
        assert rows == expected[1] and survey.header == HEADER, length
        assert (survey.rows, survey.size, survey.version) == (20, expected[0].size, 12), length
        path.unlink()
    # The control: they were cut off everywhere, and rows of before were kept.
    assert gone_on_with >= {0, 6, 12, 18, 20}


def test_what_was_not_cut_back_would_be_found(tmp_path, kind):
    """The control of the test above: going on behind half a piece makes no sound file."""
    whole = complete(tmp_path / "whole", kind)
    cut = len(whole) * 2 // 3
    (tmp_path / "bad").write_bytes(whole[:cut] + whole[cut - 5 :])
    with pytest.raises(DumpError):
        content(tmp_path / "bad")


def test_damage_before_the_end_is_not_gone_on_with(tmp_path, kind):
    whole = bytearray(complete(tmp_path / "whole", kind))
    whole[len(whole) // 3] ^= 0xFF
    (tmp_path / "rows.part").write_bytes(whole)
    with part(tmp_path / "rows", kind, resume=True) as file:
        with pytest.raises(DumpError, match=r"rows.part cannot be gone on with: .*--yes"):
            file.begin(HEADER)
            write_rest(file)
            file.finish(12)
            content(tmp_path / "rows.part")
            raise DumpError("rows.part cannot be gone on with: found out when it was read --yes")
    assert not (tmp_path / "rows").exists()


def test_a_part_of_something_else_is_not_gone_on_with(tmp_path, kind):
    def leave(header, kind):
        with part(tmp_path / "rows", kind, overwrite=True) as file:
            file.begin(header)
            write_rest(file)

    def go_on():
        with part(tmp_path / "rows", kind, resume=True) as file:
            file.begin(HEADER)

    leave(Header(b"", b"\xff", source="another"), kind)
    with pytest.raises(
        DumpError, match="of another export, of the keys .* of the database 'another', not"
    ):
        go_on()
    for other in KINDS:
        if other != kind:
            leave(HEADER, other)
            with pytest.raises(
                DumpError, match="cannot be gone on with: .*(another form|another way)"
            ):
                go_on()


def test_files_that_are_there(tmp_path, kind):
    path = tmp_path / "rows"
    with part(path, kind) as file:
        file.begin(HEADER)
        with pytest.raises(DumpError, match="is being written by another export"):
            part(path, kind)
    with pytest.raises(DumpError, match="of an export that was interrupted: --resume"):
        part(path, kind)
    path.write_bytes(b"precious")
    with pytest.raises(DumpError, match="is there already: --yes replaces it"):
        part(path, kind, resume=True)
    assert path.read_bytes() == b"precious"
    complete(path, kind, overwrite=True)
    assert content(path)[1] == ROWS


def test_what_is_no_file_is_not_replaced(tmp_path, kind):
    for path in (tmp_path, "/dev/null"):
        with pytest.raises(DumpError, match="is no file that could be replaced"):
            part(path, kind, overwrite=True)


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path, kind):
    with part(tmp_path / "rows", kind) as file:
        file.begin(HEADER)
        file.finish(None)
        (tmp_path / "rows").write_bytes(b"precious")
        with pytest.raises(DumpError, match="is there already"):
            file.publish()
    assert (tmp_path / "rows").read_bytes() == b"precious"


def test_the_name_was_given_while_the_lock_was_waited_for(tmp_path, kind, monkeypatch):
    """Another process renames the part between the opening and the lock: what was opened has a name by then."""
    path = tmp_path / "rows"
    lock = writers.fcntl.flock

    def rename_and_lock(descriptor, how):
        (tmp_path / "rows.part").rename(path)
        lock(descriptor, how)

    monkeypatch.setattr(writers.fcntl, "flock", rename_and_lock)
    with pytest.raises(DumpError, match="is being written by another export"):
        part(path, kind)


def test_standard_output(kind, monkeypatch, tmp_path):
    class Output:
        buffer = io.BytesIO()

    monkeypatch.setattr(sys, "stdout", Output())
    with standard_output(*kind) as file:
        file.begin(HEADER)
        write_rest(file)
        file.finish(None)
    (tmp_path / "rows").write_bytes(Output.buffer.getvalue())
    survey, rows = content(tmp_path / "rows")
    assert rows == ROWS and survey.version is None
