"""Transactional calls with what a service puts around them, beside the bare decorator.

What it costs that nobody observes shows in instructions only: see benchmarks/README.md.
"""

from __future__ import annotations

from suite.measure import Plan
from suite.places import Places
from suite.results import OURS

SUBJECT = "service"
MODULE = "service_calls"
BARE = "the bare decorator"
CALLS = ("increment", "read")
SETTINGS = (
    "a policy",
    "an observer that does nothing",
    "a collector",
    "logging, which is off",
    "logging",
    "OpenTelemetry without an SDK",
    "a policy and a collector",
)
BOUND = "two events of 23 parts for a call, and what the observer does with them"


def plans(places: Places) -> list[Plan]:
    return [
        Plan(
            SUBJECT,
            f"transactional {call}, {setting}",
            {
                OURS: places.ours(MODULE, f"{call}, {setting}"),
                BARE: places.ours(MODULE, f"{call}, nothing"),
            },
            limit=BARE,
            bound="" if setting == "a policy" else BOUND,
        )
        for call in CALLS
        for setting in SETTINGS
    ]
