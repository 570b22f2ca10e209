"""What things take of the memory of a process, seen from C."""

from __future__ import annotations

from suite.measure import Fresh, Known, Plan
from suite.places import Places
from suite.results import OURS, Target

SUBJECT = "memory"
THE_DATA = "the data"
PAIR_BYTES = 16 + 100
ROUNDS = 3

PAIRS = (
    ("pair, right after a load in order", "loaded in order"),
    ("pair, right after a load in mixed order", "loaded mixed"),
    ("pair, settled, loaded in order", "settled in order"),
    ("pair, settled, loaded in mixed order", "settled mixed"),
)
LOADED = "nodes of the tree, what the last five seconds need, and what malloc keeps"
SETTLED = "nodes of the tree, and what malloc keeps"
THINGS: tuple[tuple[str, str, float], ...] = (
    ("open transaction with a read version", "open transaction", 2_000),
    ("transaction that has read a key", "transaction that has read", 2_000),
    ("pending future", "pending future", 200),
    ("watch", "watch", 300),
)


def plans(places: Places) -> list[Plan]:
    found = []
    for title, row in PAIRS:
        # A load of 1e7 in mixed order takes tens of minutes: each commit copies as many leaves as it has pairs.
        sizes = ("1e6", "1e7") if places.large and "order" in row else ("1e6",)
        found += [pair(places, f"{title}, {size}", f"{row}, {size}") for size in sizes]
    for title, row, most in THINGS:
        source = Fresh(places.c("memory", row))
        found.append(
            Plan(
                SUBJECT,
                title,
                {OURS: source},
                "B",
                targets=(Target(most=most),),
                most_rounds=ROUNDS,
                warmed=False,
            )
        )
    return found


def pair(places: Places, title: str, row: str) -> Plan:
    """A row of pairs, which is measured once: loading takes seconds, and memory differs little."""
    sources = {OURS: Fresh(places.c("memory", row)), THE_DATA: Known(PAIR_BYTES)}
    target = Target(most=140)
    bound = SETTLED if row.startswith("settled") else LOADED
    return Plan(
        SUBJECT, title, sources, "B", THE_DATA, (target,), bound, most_rounds=1, warmed=False
    )
