"""A database in memory beside lmdb and sqlite3, which sync nothing here; all from Python."""

from __future__ import annotations

from suite.measure import Plan
from suite.places import Places
from suite.results import OURS, Target

SUBJECT = "embedded"
MODULE = "embedded"
BOUND = "calls of Python into C, and the engine (its share: the rows of `binding`)"
OTHERS = ("lmdb", "sqlite3")
FASTER_THAN_BOTH = tuple(Target(name, least=1) for name in OTHERS)

TABLE: tuple[tuple[str, str, tuple[Target, ...]], ...] = (
    ("begin, get, end", "begin, get, end", FASTER_THAN_BOTH),
    ("get, open transaction", "get", ()),
    ("begin, set, commit, end", "begin, set, commit, end", ()),
    ("row of a range of 100", "range of 100", ()),
    ("row of a range of 100,000", "range of 100,000", ()),
)


def plans(places: Places) -> list[Plan]:
    found = []
    for title, work, targets in TABLE:
        sources = {name: places.ours(MODULE, work, name) for name in (OURS, *OTHERS)}
        found.append(Plan(SUBJECT, title, sources, targets=targets, bound=BOUND))
    return found
