"""The example programs run, and notice when their data is wrong."""

from __future__ import annotations

import sys
from typing import Any

import pytest

import fdb
from helpers.paths import ROOT
from helpers.processes import run

EXAMPLES = ROOT / "examples"


def run_example(name: str, *args: str) -> str:
    return run(sys.executable, EXAMPLES / name, *args)


def test_the_unicode_example_does_its_job() -> None:
    """Up to 0x3000 here; `make demo` loads everything."""
    printed = run_example("unicode_database.py", "--limit", "12288")
    assert "SNOWMAN" in printed and "\u2603" in printed
    assert "sign-ups by 20 threads" in printed
    assert "All invariants hold" in printed


def test_the_class_scheduling_example_does_its_job() -> None:
    assert "2000 sign-ups by 20 threads" in run_example("class_scheduling.py")


@pytest.fixture
def school(db: Any, test_prefix: bytes, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    from school import Counts, School

    made = School(fdb.Subspace(rawPrefix=test_prefix), Counts())
    made.open_term(db, ["intro", "lab"], 2)
    return made


def test_scheduling_rules(db: Any, school: Any) -> None:
    from school import Refused

    school.sign_up(db, "ann", "intro")
    school.sign_up(db, "ann", "intro")
    school.sign_up(db, "bob", "intro")
    assert school.free_seats(db) == {"lab": 2}
    with pytest.raises(Refused):
        school.sign_up(db, "cid", "intro")
    school.switch(db, "ann", "intro", "lab")
    assert school.free_seats(db) == {"intro": 1, "lab": 1}
    school.sign_up(db, "cid", "intro")
    with pytest.raises(Refused):  # and ann keeps the seat that she has
        school.switch(db, "ann", "lab", "intro")
    assert school.violations(db, seats=2) == []
    assert db[school.attends.pack(("ann", "lab"))] is not None


def test_an_overbooked_class_is_noticed(db: Any, school: Any) -> None:
    for student in ("ann", "bob", "cid"):
        db[school.attends.pack((student, "intro"))] = b""
    assert len(school.violations(db, seats=2)) == 1
