"""A Queue with workers in many threads, beside the recipe for queues of FoundationDB's documentation."""

from __future__ import annotations

from suite.measure import Plan
from suite.places import Places
from suite.results import OURS

SUBJECT = "queue"
MODULE = "queues"
RECIPE = "the recipe, without leases"
WORKERS = (1, 8, 64)
BOUND = "a claim is a commit, and the end of a lease another one; the recipe takes an item for good in one"


def plans(places: Places) -> list[Plan]:
    return [
        Plan(
            SUBJECT,
            f"{ours}, {workers} workers{', answers late' if late else ''}",
            {
                OURS: places.ours(MODULE, f"{ours}, {workers}{late}"),
                RECIPE: places.ours(MODULE, f"{recipe}, {workers}{late}"),
            },
            limit=RECIPE,
            bound=BOUND if ours.startswith("claim") else "",
            waits=bool(late),
        )
        for late in ("", ", late")
        for ours, recipe in (
            ("push", "put"),
            ("claim and finish", "take"),
            ("claim and finish in one transaction", "take"),
            ("claim 16 and finish each", "take"),
        )
        for workers in WORKERS
    ]
