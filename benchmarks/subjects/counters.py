"""A Counter that 64 threads add to, beside what programs do by hand: increments of one key."""

from __future__ import annotations

from suite.measure import Plan
from suite.places import Places
from suite.results import OURS

SUBJECT = "counter"
MODULE = "counters"
ATOMIC = "atomic add by hand"
BY_HAND = "read and write by hand"
BOUND = "a second key for each increment, so that an unknown result does not count it twice"


def plans(places: Places) -> list[Plan]:
    return [
        Plan(
            SUBJECT,
            f"{ours}, 64 threads{', answers late' if late else ''}",
            {
                OURS: places.ours(MODULE, ours + late),
                ATOMIC: places.ours(MODULE, "atomic add" + late),
                BY_HAND: places.ours(MODULE, "read and write" + late),
            },
            limit=ATOMIC,
            bound=BOUND,
            waits=bool(late),
        )
        for late in ("", ", late")
        for ours in ("Counter", "Counter of 16 shards")
    ]
