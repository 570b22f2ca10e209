"""Ranges that are larger than a transaction: scans beside a raw read that begins again each time five seconds are over."""

from __future__ import annotations

from suite.measure import Plan
from suite.places import Places
from suite.results import OURS, Target

SUBJECT = "scanning"
MODULE = "scanning"
RAW = "raw read"
BOUND = "making the rows, as in the raw read"

#: Title, row of work.
TABLE = (
    ("row of a scan", "scan"),
    ("row of the pages of a scan", "pages"),
    ("row of a count", "count"),
)


def plans(places: Places) -> list[Plan]:
    """The rows of 1,000,000; of 10,000,000 as well where what takes minutes is wanted, too."""
    found = []
    for number in (1_000_000, 10_000_000) if places.large else (1_000_000,):
        for title, work in TABLE:
            sources = {
                OURS: places.ours(MODULE, f"{work}, {number}"),
                RAW: places.ours(MODULE, f"raw, {number}"),
            }
            targets = (Target(RAW, least=0.9),) if work == "scan" else ()
            found.append(
                Plan(SUBJECT, f"{title} of {number:,}", sources, targets=targets, bound=BOUND)
            )
    return found
