"""fdb/_dump/importing.py: imports are whole or nothing was written, and go on after an interruption at any transaction."""

from __future__ import annotations

import pytest

import fdb
import fdb.testing
from dump.conftest import whole_dump
from fdb._dump import reader, work
from fdb._dump.forms import FORMS, decoder_of, encoder_of
from fdb._dump.importing import load, span_of
from fdb._dump.parts import DumpError, Header
from fdb._dump.reader import DumpFile
from fdb._dump.spans import Span
from fdb._dump.state import State
from fdb._dump.work import Rules, Target

ROWS = [(b"k%03d" % number, b"v" * (number % 40)) for number in range(200)]
HEADER = Header(b"k", b"l", b"k")


class Killed(BaseException):
    """The end of the process, where nothing may catch it."""


@pytest.fixture(params=FORMS)
def path(request, tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "_PIECE", 1500)
    monkeypatch.setattr(work, "SAVE_EVERY", 0)
    form = request.param
    data = whole_dump(encoder_of(form), decoder_of(form), ROWS, HEADER, 9)
    (tmp_path / "rows").write_bytes(data)
    return str(tmp_path / "rows")


def loaded(db, path, tmp_path, prefix=b"k", after=None, verify=False, **rules):
    with DumpFile(path) as file:
        survey = file.survey()
        goal = span_of(survey).under(prefix)
        work = Target(db, goal, Rules(**rules), State(tmp_path / "state", "test", str(survey.crc)))
        if after is not None:
            after(work)
        return load(file, survey, work, verify=verify, may_have_more=rules.get("merge", False))


def rows_of(db):
    return db[b"":b"\xff"]


def test_an_import(memory_db, path, tmp_path):
    outcome = loaded(memory_db, path, tmp_path, verify=True)
    assert rows_of(memory_db) == ROWS
    assert (outcome.rows, outcome.earlier, outcome.verified, outcome.version) == (200, 0, 200, 12)


def test_into_another_place_beside_other_rows(memory_db, path, tmp_path):
    memory_db[b"new/x"] = b"old"
    with pytest.raises(DumpError, match="not empty"):
        loaded(memory_db, path, tmp_path, b"new/")
    loaded(memory_db, path, tmp_path, b"new/", merge=True, verify=True)
    moved = [(b"new/" + key[1:], value) for key, value in ROWS]
    assert rows_of(memory_db) == [*moved, (b"new/x", b"old")]


def test_killed_at_each_transaction(memory_db, path, tmp_path):
    def kill_at(work):
        write = work.write

        def write_some(*arguments):
            if len(done) == number and when == "before":
                raise Killed
            write(*arguments)
            if len(done) == number:
                raise Killed
            done.append(1)

        work.write = write_some

    left = set()
    for number in range(50):
        done: list[int] = []
        when = ("before", "after")[number % 2]
        memory_db.clear_range(b"", b"\xff")
        try:
            loaded(memory_db, path, tmp_path, after=kill_at)
            break  # all transactions had their turn
        except Killed:
            left.add(len(rows_of(memory_db)))
        outcome = loaded(memory_db, path, tmp_path, resume=True, verify=True)
        assert rows_of(memory_db) == ROWS and outcome.rows == 200
        assert outcome.earlier in left
    assert 3 < number < 49 and len(left) > 2 and min(left) == 0


def test_damage_is_found_before_anything_is_written(memory_db, path, tmp_path):
    with open(path, "r+b") as file:
        file.seek(-60, 2)
        file.write(b"0000")
    with pytest.raises(DumpError, match="rows: "):
        loaded(memory_db, path, tmp_path)
    assert rows_of(memory_db) == []


def test_rows_of_other_programs(memory_db, tmp_path):
    path = tmp_path / "plain"
    path.write_bytes(b'{"key":"b","value":"1"}\n{"key":"a","value":"2"}\n{"key":"b","value":"3"}')
    memory_db[b"a0"] = b""
    with pytest.raises(DumpError, match="not empty, its first key is a0"):
        loaded(memory_db, str(path), tmp_path, b"")
    with pytest.raises(DumpError, match="plain: its keys are not in order, which --verify needs"):
        loaded(memory_db, str(path), tmp_path, b"", verify=True)
    loaded(memory_db, str(path), tmp_path, b"", replace=True)
    assert rows_of(memory_db) == [(b"a", b"2"), (b"b", b"3")]  # the later one counts
    with DumpFile(str(path)) as file:
        assert span_of(file.survey()) == Span(b"a", b"b\x00")


@pytest.mark.parametrize("seed", range(3))
def test_on_a_bad_day(memory_db, path, tmp_path, seed):
    memory_db.options.set_transaction_max_retry_delay(1)
    with fdb.testing.faults(memory_db, seed=seed, rules="on"):
        loaded(memory_db, path, tmp_path, verify=True)
    assert rows_of(memory_db) == ROWS
