"""Events as they are read."""

from __future__ import annotations

import pytest

import fdb


@pytest.fixture
def events(memory_db: fdb.Database) -> list[fdb.TransactionEvent]:
    found: list[fdb.TransactionEvent] = []
    tr = memory_db.create_transaction()
    with fdb.observe(found.append):
        tr = memory_db.create_transaction()
        tr[b"a"] = b""
        tr.on_error(1020).wait()
        tr[b"a"] = b""
        tr.commit().wait()
    return found


def test_text(events: list[fdb.TransactionEvent]) -> None:
    first, second, end = (str(event) for event in events)
    assert first.startswith(f"attempt 1 of {__name__}.events retried with not_committed after ")
    assert second.startswith(f"attempt 2 of {__name__}.events committed after ")
    assert end.startswith(f"transaction of {__name__}.events committed in 2 attempts after ")
    assert end.endswith(" ms")


def test_representation_has_every_part(events: list[fdb.TransactionEvent]) -> None:
    text = repr(events[-1])
    for part in ("kind='end'", "attempts=2", "outcome='committed'", "keys_written=2"):
        assert part in text


def test_events_are_told_apart_by_what_they_are_not_by_their_parts(
    events: list[fdb.TransactionEvent],
) -> None:
    assert len({*events}) == 3
    assert [event.retries for event in events] == [0, 1, 1]


def test_other_attributes_are_a_mistake(events: list[fdb.TransactionEvent]) -> None:
    with pytest.raises(AttributeError):
        events[0].outcom = "x"  # type: ignore[attr-defined]
