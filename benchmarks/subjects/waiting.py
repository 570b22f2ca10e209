"""What less waiting brings where answers come late, as those of a cluster do."""

from __future__ import annotations

from suite.measure import Plan
from suite.places import Places
from suite.results import OURS

SUBJECT = "waiting"
MODULE = "waiting"
#: The rows, and whose time each of them is compared with.
TABLE = {
    "20 reads, asked for together": "20 reads, one after the other",
    "20 rows, as a range": "20 reads, one after the other",
    "100 writes, one transaction": "100 writes, a transaction each",
    "100 transactions, 20 threads": "100 transactions, one after the other",
    "100 transactions, 100 tasks": "100 transactions, one after the other",
}


def plans(places: Places) -> list[Plan]:
    return [
        Plan(
            SUBJECT,
            row,
            {OURS: places.ours(MODULE, row), beside: places.ours(MODULE, beside)},
            bound="answers that come 1 to 2 ms late",
            waits=True,
        )
        for row, beside in TABLE.items()
    ]
