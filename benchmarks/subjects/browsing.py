"""What somebody waits for who looks at a database in the browser: the start of `fdb browse`, and pages of 100 rows."""

from __future__ import annotations

from suite.measure import Plan
from suite.places import Places
from suite.results import OURS

SUBJECT = "browse"
MODULE = "browse"
LIBRARIES = "python that imports click, rich, starlette, uvicorn"
READ = "the read alone"


def plans(places: Places) -> list[Plan]:
    found = [
        Plan(
            SUBJECT,
            "start to first page",
            {OURS: places.ours(MODULE, "start"), LIBRARIES: places.ours(MODULE, "libraries")},
            limit=LIBRARIES,
            bound="importing the libraries",
        )
    ]
    found += [
        Plan(
            SUBJECT,
            f"{place} page of 1,000,000 rows",
            {
                OURS: places.ours(MODULE, f"{place} page"),
                READ: places.ours(MODULE, f"{place} read"),
            },
            limit=READ,
            bound="a connection, and 100 rows as tuples, values and JSON",
        )
        for place in ("first", "middle", "last")
    ]
    return found
