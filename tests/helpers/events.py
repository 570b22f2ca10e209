"""Events of transactions that a test observes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import fdb

Events = list[fdb.TransactionEvent]
Outcomes = list[tuple[str, str, str | None]]

#: A transaction that succeeds with its first attempt, or after other events.
COMMITTED: Outcomes = [("attempt", "committed", None), ("end", "committed", None)]

#: One that only reads and does not commit.
READ: Outcomes = [("attempt", "read", None), ("end", "read", None)]


@pytest.fixture
def events() -> Iterator[Events]:
    """The events of a test, in their order."""
    found: Events = []
    with fdb.observe(found.append):
        yield found


def outcomes(events: Events) -> Outcomes:
    """Returns what tells the events of a story."""
    return [(event.kind, event.outcome, event.error) for event in events]


def failed(error: str) -> Outcomes:
    """Returns what those of a transaction are whose last attempt fails."""
    return [("attempt", "failed", error), ("end", "failed", error)]
