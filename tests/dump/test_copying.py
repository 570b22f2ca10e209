"""fdb/_dump/copying.py: copies are whole, under faults too, and go on after an interruption at any transaction."""

from __future__ import annotations

import pytest

import fdb
import fdb.testing
from fdb._dump import source as sources
from fdb._dump import work as works
from fdb._dump.copying import copy, estimate, told
from fdb._dump.parts import DumpError
from fdb._dump.source import SeveralVersions
from fdb._dump.spans import Span
from fdb._dump.state import State
from fdb._dump.work import Rules, Target

ROWS = [(b"k%03d" % number, b"v" * (number % 40)) for number in range(200)]
SPAN = Span(b"k", b"l", b"k")


class Killed(BaseException):
    """The end of the process, where nothing may catch it."""


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(sources, "_ROWS", 10)
    monkeypatch.setattr(works, "SAVE_EVERY", 0)
    monkeypatch.setattr(sources, "MOST_ROWS", 20)


@pytest.fixture
def source(memory_db):
    memory_db.write_in_batches(ROWS)
    return memory_db


@pytest.fixture
def other():
    name = fdb.embedded.unique()
    yield fdb.open(name)
    fdb.embedded.drop(name)


def target(db, tmp_path, goal=SPAN, **rules):
    return Target(db, goal, Rules(**rules), State(tmp_path, "test"))


def rows_of(db):
    return db[b"":b"\xff"]


def test_a_copy(source, other, tmp_path):
    told = []
    outcome = copy(
        source,
        SPAN,
        target(other, tmp_path),
        verify=True,
        report=lambda done, total: told.append(done),
    )
    assert rows_of(other) == ROWS
    size = sum(len(key) + len(value) for key, value in ROWS)
    assert (outcome.rows, outcome.size, outcome.earlier, outcome.verified) == (200, size, 0, 200)
    assert outcome.version is not None and told == [*told[:10], *told[:10]] and told[9] == size


def test_a_copy_to_another_place_of_the_same_database(source, tmp_path):
    copy(source, SPAN, target(source, tmp_path, SPAN.under(b"new/")), verify=True)
    assert rows_of(source) == [*ROWS, *((b"new/" + key[1:], value) for key, value in ROWS)]


def test_what_differs_afterwards_is_found(source, other, tmp_path):
    work = target(other, tmp_path)
    write = work.write

    def write_and_change(*arguments):
        write(*arguments)
        other[b"k100"] = b"changed by somebody"

    work.write = write_and_change
    with pytest.raises(DumpError, match="1 have another value, 0 are too many, the first at k100"):
        copy(source, SPAN, work, verify=True)


@pytest.mark.parametrize("when", ["before", "after", "unnoted"])
def test_killed_at_each_transaction(source, other, tmp_path, when, monkeypatch):
    """Before it, after it, and after it with the note of it lost; the control is that something was left to do."""
    left = set()
    for number in range(10):
        other.clear_range(b"", b"\xff")
        work = target(other, tmp_path)
        write, done = work.write, []

        def write_some(*arguments, work=work, number=number, write=write, done=done):
            if len(done) == number:
                if when == "before":
                    raise Killed
                if when == "unnoted":
                    work._save = lambda: None
                write(*arguments)
                raise Killed
            done.append(1)
            write(*arguments)

        work.write = write_some
        with pytest.raises(Killed):
            copy(source, SPAN, work)
        left.add(len(ROWS) - len(rows_of(other)))
        outcome = copy(source, SPAN, target(other, tmp_path, resume=True), verify=True)
        assert rows_of(other) == ROWS
        assert outcome.rows == 200 and outcome.earlier == 20 * (number + (when == "after"))
        assert outcome.version is None or not outcome.earlier
    assert left == {20 * number for number in range(11)} - ({0} if when == "before" else {200})


def test_without_resume_an_interrupted_copy_is_not_gone_on_with(source, other, tmp_path):
    work = target(other, tmp_path)
    work.prepare()
    work.write(ROWS[:20], 1, ROWS[19][0])
    with pytest.raises(DumpError, match="not empty"):
        copy(source, SPAN, target(other, tmp_path))
    copy(source, SPAN, target(other, tmp_path, resume=True))
    again = copy(source, SPAN, target(other, tmp_path, resume=True), verify=True)
    assert again.earlier == 200 and again.was_done


@pytest.mark.parametrize("seed", range(3))
def test_on_a_bad_day(source, other, tmp_path, seed):
    for db in (source, other):
        db.options.set_transaction_max_retry_delay(1)
    with (
        fdb.testing.faults(source, seed=seed, rules="on"),
        fdb.testing.faults(other, seed=seed, rules="on"),
    ):
        copy(source, SPAN, target(other, tmp_path), verify=True)
    assert rows_of(other) == ROWS


def test_one_version_is_insisted_on(source, other, tmp_path):
    rules = "short_range:rows=30;transaction_too_old:at=read,nth=4"
    with fdb.testing.faults(source, seed=1, rules=rules), pytest.raises(SeveralVersions):
        copy(source, SPAN, target(other, tmp_path), snapshot=True)
    assert 0 < len(rows_of(other)) < 200
    copy(source, SPAN, target(other, tmp_path, resume=True))
    assert rows_of(other) == ROWS


def test_estimates(source, other):
    assert estimate(other, SPAN) is None
    assert estimate(source, SPAN) > 0


def test_what_is_told_of_batches():
    said = []
    batches = [([(b"a", b"1")], 2), ([(b"b", b"")], 1)]
    rows = told(iter(batches), 2, lambda *each: said.append(each))
    assert list(rows) == [(b"a", b"1"), (b"b", b"")] and said == [(2, 2), (3, 3)]
