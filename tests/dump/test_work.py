"""fdb/_dump/work.py: what may be done to a target, and where an earlier run has ended."""

from __future__ import annotations

import pytest

from fdb._dump import work as works
from fdb._dump.parts import DumpError
from fdb._dump.spans import Span
from fdb._dump.state import Standing, State
from fdb._dump.target import Comparison
from fdb._dump.work import Outcome, Rules, Target, check, silent

SPAN = Span(b"k", b"l")


@pytest.fixture(autouse=True)
def note_each_transaction(monkeypatch):
    monkeypatch.setattr(works, "SAVE_EVERY", 0)


@pytest.fixture
def state(tmp_path):
    return State(tmp_path / "state", "test")


def target(db, state=None, **rules):
    return Target(db, SPAN, Rules(**rules), state)


def test_an_empty_target(memory_db, state):
    memory_db[b"other"] = b""
    work = target(memory_db, state)
    work.prepare()
    assert state.load() == Standing() and not work.is_begun()
    work.write([(b"k1", b"v")], 3, b"read1")
    assert state.load() == Standing(1, 3, b"read1", b"k1") and work.is_begun()
    assert work.done().rows == 1 and state.load().is_done and not work.is_begun()
    assert memory_db[b"k":b"l"] == [(b"k1", b"v")]


def test_a_target_with_rows_is_left_alone(memory_db, state):
    memory_db[b"k0"] = b"precious"
    state.save(Standing(1, 3, b"x", b"k0"))
    with pytest.raises(
        DumpError, match="not empty, its first key is k0: --merge .*, --resume goes"
    ):
        target(memory_db, state).prepare()
    assert memory_db[b"k":b"l"] == [(b"k0", b"precious")]
    assert state.load() is not None  # what could be resumed still can


def test_rows_that_are_kept(memory_db):
    memory_db[b"k0"] = b"precious"
    work = target(memory_db, merge=True)
    work.prepare()
    work.write([(b"k1", b"")], 2, b"k1")
    assert memory_db[b"k":b"l"] == [(b"k0", b"precious"), (b"k1", b"")]


def test_rows_are_removed_after_a_yes_only(memory_db, state):
    memory_db[b"j"] = memory_db[b"l"] = b"out of the range"
    memory_db[b"k0"] = b"precious"
    asked = []

    def no(what):
        asked.append(what)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        target(memory_db, state, replace=True, confirm=no).prepare()
    assert asked == ["Remove all rows of the target from k0 up to l"]
    assert len(memory_db[b"":b"\xff"]) == 3 and state.load() is None
    target(memory_db, state, replace=True).prepare()
    assert [key for key, _ in memory_db[b"":b"\xff"]] == [b"j", b"l"]


def test_going_on(memory_db, state):
    first = target(memory_db, state)
    first.prepare()
    first.write([(b"k1", b"")], 2, b"k1")
    second = target(memory_db, state, resume=True)
    second.prepare()
    assert second.standing == Standing(1, 2, b"k1", b"k1") and second.outcome.earlier == 1
    second.write([(b"k2", b"")], 2, b"k2")
    second.done()
    third = target(memory_db, state, resume=True)
    third.prepare()
    assert third.standing.is_done and third.outcome.was_done and not second.outcome.was_done
    # Who allows it to be done again has it done again: a copy of every night must not be that of the first one.
    for permission in ("merge", "replace"):
        fourth = target(memory_db, state, resume=True, **{permission: True})
        fourth.prepare()
        assert fourth.standing == Standing() and not fourth.outcome.was_done
        state.save(third.standing)
        memory_db[b"k2"] = b""
    del memory_db[b"k2"]
    with pytest.raises(DumpError, match="has not got k2, which an earlier run has written"):
        target(memory_db, state, resume=True).prepare()


def test_nothing_to_go_on_with_is_a_begin(memory_db, state):
    work = target(memory_db, state, resume=True)
    work.prepare()
    assert work.standing == Standing() == state.load()
    memory_db[b"k"] = b""
    state.forget()
    with pytest.raises(DumpError, match="--replace removes it first$"):
        target(memory_db, state, resume=True).prepare()


def test_a_state_that_cannot_be_kept_is_told(memory_db, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    work = target(memory_db, State(tmp_path / "file", "test"))
    work.prepare()
    work.write([(b"k", b"")], 1, b"k")
    (note,) = work.done().notes
    assert note.startswith("this cannot be resumed if it is interrupted: ")


def test_verifying(memory_db):
    work = target(memory_db)
    work.prepare()
    work.write([(b"k1", b"v")], 3, b"k1")
    work.verify([(b"k1", b"v")], False)
    assert work.outcome.verified == 1
    with pytest.raises(DumpError, match="1 rows are missing, 1 have another value, 0 are too many"):
        work.verify([(b"k1", b"w"), (b"k2", b"")], False)
    with pytest.raises(DumpError, match=r"1 are too many, the first at k1; did another"):
        work.verify([], False)
    work.verify([], True)
    assert work.outcome.verified == 0


def test_the_outcome_of_a_comparison():
    outcome = Outcome()
    check(Comparison(same=7), False, outcome)
    assert outcome.verified == 7
    silent(1, None)


def test_outcomes_are_added():
    outcome = Outcome(3, 30, 3, 77, 3, True, ["a"])
    outcome.add(Outcome(2, 20, 1, 78, 2, False, ["b"]))
    assert outcome == Outcome(5, 50, 4, None, 5, False, ["a", "b"])


def test_not_each_transaction_is_noted(memory_db, state, monkeypatch):
    monkeypatch.setattr(works, "SAVE_EVERY", 1000)
    work = target(memory_db, state)
    work.prepare()
    work.write([(b"k1", b"")], 2, b"k1")
    assert state.load() == Standing()
    # What is done and not noted is done again.
    again = target(memory_db, state, resume=True)
    again.prepare()
    again.write([(b"k1", b"")], 2, b"k1")
    again.done()
    assert state.load() == Standing(1, 2, b"k1", b"k1", True)
