"""fdb/_dump/exporting.py: exports are whole, under faults too, and go on after an interruption."""

from __future__ import annotations

import os

import pytest

import fdb
import fdb.testing
from fdb._dump import source as sources
from fdb._dump.exporting import export_file, header_of
from fdb._dump.parts import DumpError
from fdb._dump.reader import DumpFile
from fdb._dump.source import SeveralVersions
from fdb._dump.spans import Span
from fdb._dump.writer import PartFile

ROWS = [(b"k%03d" % number, b"v" * (number % 40)) for number in range(200)]
SPAN = Span(b"k", b"l")
HEADER = header_of(SPAN, "here")
KINDS = [(form, compress) for form in ("jsonl", "binary") for compress in (False, True)]


class Killed(BaseException):
    """The end of the process, where nothing may catch it."""


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(sources, "_ROWS", 10)
    monkeypatch.setattr(sources, "MOST_ROWS", 20)


@pytest.fixture(params=KINDS, ids=str)
def kind(request):
    return request.param


@pytest.fixture
def source(memory_db):
    memory_db.options.set_transaction_max_retry_delay(1)
    memory_db.write_in_batches(ROWS)
    return memory_db


def exported(db, path, kind, header=HEADER, **how):
    return export_file(db, SPAN, str(path), *kind, header, **how)


def rows_of(path):
    with DumpFile(str(path)) as file:
        file.survey()
        return [row for batch in file.batches() for row in batch]


def test_an_export(source, tmp_path, kind):
    told = []
    outcome = exported(
        source, tmp_path / "x", kind, verify=True, report=lambda done, total: told.append(done)
    )
    assert rows_of(tmp_path / "x") == ROWS and os.listdir(tmp_path) == ["x"]
    assert (outcome.rows, outcome.earlier, outcome.verified) == (200, 0, 200)
    assert outcome.version is not None and told[9] == told[-1] == outcome.size
    with DumpFile(str(tmp_path / "x")) as file:
        assert file.survey().version == outcome.version


def test_killed_at_each_piece(source, tmp_path, kind, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    earlier = set()
    write = PartFile.write
    for number in range(11):
        left = [number]

        def write_some(self, *arguments, left=left):
            if not left[0]:
                raise Killed
            left[0] -= 1
            write(self, *arguments)

        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(PartFile, "write", write_some)
            patch.setattr(PartFile, "publish", lambda self: write_some(self))
            exported(source, tmp_path / "x", kind)
        assert os.listdir(tmp_path) == ["x.part"]
        with pytest.raises(DumpError, match="interrupted: --resume"):
            exported(source, tmp_path / "x", kind)
        outcome = exported(source, tmp_path / "x", kind, resume=True, verify=True)
        earlier.add(outcome.earlier)
        assert rows_of(tmp_path / "x") == ROWS and outcome.rows == 200
        assert (outcome.version is None) == (outcome.earlier > 0)
        os.unlink(tmp_path / "x")
    assert earlier == {20 * number for number in range(11)}


def test_resuming_what_is_finished(source, tmp_path, kind):
    exported(source, tmp_path / "x", kind)
    before = (tmp_path / "x").stat()
    outcome = exported(source, tmp_path / "x", kind, resume=True)
    assert outcome.rows == outcome.earlier == 200 and outcome.was_done
    assert (tmp_path / "x").stat().st_ino == before.st_ino
    with pytest.raises(DumpError, match="is there already, of another export"):
        exported(source, tmp_path / "x", kind, header_of(SPAN, "elsewhere"), resume=True)
    # A later export, which is to replace it, was interrupted.
    (tmp_path / "x.part").write_bytes((tmp_path / "x").read_bytes()[:200])
    with pytest.raises(DumpError, match="x.part is of a later export: --resume --yes goes on"):
        exported(source, tmp_path / "x", kind, resume=True)
    outcome = exported(source, tmp_path / "x", kind, resume=True, overwrite=True)
    assert outcome.rows == 200 and not outcome.was_done


def test_a_file_that_differs_gets_no_name(source, tmp_path, kind, monkeypatch):
    finish = PartFile.finish

    def finish_and_change(self, version):
        finish(self, version)
        source[b"k100"] = b"changed by somebody"

    monkeypatch.setattr(PartFile, "finish", finish_and_change)
    with pytest.raises(DumpError, match="x.part and the database are not the same .* k100"):
        exported(source, tmp_path / "x", kind, verify=True)
    assert os.listdir(tmp_path) == ["x.part"]


def test_one_version_is_insisted_on(source, tmp_path, kind):
    rules = "short_range:rows=30;transaction_too_old:at=read,nth=4"
    with fdb.testing.faults(source, seed=1, rules=rules):
        with pytest.raises(SeveralVersions):
            exported(source, tmp_path / "x", kind, snapshot=True)
    assert os.listdir(tmp_path) == []
    with fdb.testing.faults(source, seed=1, rules=rules):
        assert exported(source, tmp_path / "x", kind).version is None
    assert rows_of(tmp_path / "x") == ROWS


@pytest.mark.parametrize("seed", range(3))
def test_on_a_bad_day(source, tmp_path, seed):
    with fdb.testing.faults(source, seed=seed, rules="on"):
        exported(source, tmp_path / "x", KINDS[seed], verify=True)
    assert rows_of(tmp_path / "x") == ROWS
