"""Directories, subspaces and tuples, beside the official package's."""

from __future__ import annotations

from suite.measure import Plan
from suite.places import Places
from suite.results import OFFICIAL, OURS, Target

SUBJECT = "layers"
MODULE = "layers"
DIRECTORIES = "Python between the reads of a path, each of which needs the one before"
TUPLES = "objects of Python to make and to take apart"

#: Title, row of work, how many times as fast as the official package it shall be.
TABLE: tuple[tuple[str, str, float | None], ...] = (
    ("directory create", "create", 8),
    ("directory open, three levels", "open", 10),
    ("directory create_or_open", "create or open", None),
    ("directory exists", "exists", None),
    ("directory list of 100", "list of 100", None),
    ("directory move", "move", None),
    ("directory remove", "remove", None),
    ("tuple pack", "tuple pack", None),
    ("tuple unpack", "tuple unpack", None),
    ("tuple range", "tuple range", None),
    ("subspace pack", "subspace pack", None),
    ("subspace unpack", "subspace unpack", None),
)


def plans(places: Places) -> list[Plan]:
    found = []
    for title, work, least in TABLE:
        sources = {OURS: places.ours(MODULE, work), **places.official(MODULE, work)}
        targets = () if least is None else (Target(OFFICIAL, least=least),)
        bound = DIRECTORIES if title.startswith("directory") else TUPLES
        found.append(Plan(SUBJECT, title, sources, targets=targets, bound=bound))
    return found
