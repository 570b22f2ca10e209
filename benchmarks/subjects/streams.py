"""A Stream beside what programs do by hand: events a second, and how long an event takes to its subscriber."""

from __future__ import annotations

from suite.measure import Plan
from suite.places import Places
from suite.results import OURS

SUBJECT = "stream"
MODULE = "streams"
BY_HAND = "by hand"
LATENCY = "append to delivery"
#: Title, and what bounds it.
TABLE = (
    (
        "event appended, a transaction each",
        "a receipt for each transaction, and what subscribers watch",
    ),
    ("event appended, 100 a transaction", "a call of Python for each"),
    ("event given, 10,000 there", "an object of Python for each"),
    ("event given and handled, a consumer of a group", "an object of Python for each"),
    (LATENCY, "a watch that fires, and two threads that change places"),
)


def plans(places: Places) -> list[Plan]:
    return [
        Plan(
            SUBJECT,
            title,
            {
                OURS: places.ours(MODULE, title),
                BY_HAND: places.ours(MODULE, f"{title}, by hand"),
            },
            limit=BY_HAND,
            bound=bound,
            waits=title == LATENCY,
        )
        for title, bound in TABLE
    ]
