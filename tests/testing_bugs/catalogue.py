"""All planted bugs by name."""

from __future__ import annotations

import importlib
import pathlib

import fdb
from testing_bugs.bug import Bug, Program

_HELPERS = {"bug", "catalogue", "count", "tools"}


def names() -> list[str]:
    """The names of all bugs, in order: a module each."""
    here = pathlib.Path(__file__).parent
    return sorted(path.stem for path in here.glob("*.py") if path.stem not in _HELPERS)


def bug_named(name: str) -> Bug:
    """Returns the bug of a module."""
    bug: Bug = importlib.import_module(f"testing_bugs.{name}").BUG
    return bug


def fill(db: fdb.Database, bug: Bug) -> None:
    """Makes the rows of a bug all that the database has."""

    @fdb.transactional
    def write(tr: fdb.Transaction) -> None:
        tr.clear_range(b"", b"\xff")
        for key, value in bug.rows.items():
            tr[key] = value

    write(db)


def all_programs() -> list[tuple[str, Bug, Program, bool]]:
    """Name, bug, program and whether that is the broken one, for both programs of all bugs."""
    return [
        (name, bug, program, is_broken)
        for name in names()
        for bug in [bug_named(name)]
        for program, is_broken in ((bug.broken, True), (bug.repaired, False))
    ]
