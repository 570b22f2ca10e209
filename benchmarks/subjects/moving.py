"""Copies, exports and imports of rows, beside loops with the API that do the same without any of their promises."""

from __future__ import annotations

from suite.measure import Plan
from suite.places import Places
from suite.results import OURS, Target

SUBJECT = "moving"
MODULE = "moving"
LOOP = "a plain loop"
BOUND = "reading and setting the rows, as in the loop; JSON lines: their text"
ROWS = 1_000_000

#: Title, row of work, the loop beside it, how much of the loop's speed is wanted.
TABLE = (
    ("row copied", "copy", "loop copy", 0.7),
    ("row exported in the binary form", "export binary", "loop export binary", 0.7),
    ("row exported as JSON lines", "export jsonl", "loop export jsonl", 0.7),
    ("row imported from the binary form", "import binary", "loop import binary", 0.7),
    ("row imported from JSON lines", "import jsonl", "loop import jsonl", 0.7),
)


def plans(places: Places) -> list[Plan]:
    return [
        Plan(
            SUBJECT,
            f"{title} of {ROWS:,}",
            {OURS: places.ours(MODULE, work), LOOP: places.ours(MODULE, loop)},
            targets=(Target(LOOP, least=least),),
            bound=BOUND,
        )
        for title, work, loop, least in TABLE
    ]
