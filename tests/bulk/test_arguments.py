"""fdb/_bulk/arguments.py: wrong arguments are refused before anything is read or written."""

from __future__ import annotations

import pytest

import fdb

BAD_COUNTS = [(0, ValueError), (-1, ValueError), (True, TypeError), (1.5, TypeError)]


@pytest.mark.parametrize(("value", "kind"), [*BAD_COUNTS, ("9", TypeError)])
def test_page_sizes(either, value, kind):
    with pytest.raises(kind, match="page_size"):
        either.scan((None, None), page_size=value)


@pytest.mark.parametrize(
    ("value", "kind"), [*BAD_COUNTS, (None, TypeError), (10_000_001, ValueError)]
)
def test_batch_bytes(either, other, value, kind):
    either.plain[b"a"] = b"1"
    for call in (
        lambda: either.clear_in_batches((None, None), batch_bytes=value),
        lambda: either.copy((None, None), other.db, batch_bytes=value),
        lambda: either.write_in_batches([(b"b", b"")], batch_bytes=value),
    ):
        with pytest.raises(kind, match="batch_bytes"):
            call()
    assert either.plain[:] == [(b"a", b"1")]
    assert other.plain[:] == []


def test_what_is_to_be_callable(either, other):
    with pytest.raises(TypeError, match="transform must be callable, not int"):
        either.copy((None, None), other.db, transform=3)
    for call in (
        lambda: either.count((None, None), on_progress=3),
        lambda: either.copy((None, None), other.db, on_progress=3),
        lambda: either.clear_in_batches((None, None), on_progress=3),
        lambda: either.write_in_batches([(b"b", b"")], on_progress=3),
    ):
        with pytest.raises(TypeError, match="on_progress must be callable, not int"):
            call()
    assert either.plain[:] == []


def test_targets(either, other, memory_name):
    mismatched = fdb.open(memory_name, event_model=None if either.is_async else "asyncio")
    with pytest.raises(TypeError, match="target_db is .* open both with event_model='asyncio'"):
        either.copy((None, None), mismatched)
    for target in (either.db.create_transaction(), "memory:x", None):
        with pytest.raises(TypeError, match="target_db must be a Database or Tenant"):
            either.copy((None, None), target)


def test_unknown_keywords(either):
    with pytest.raises(TypeError, match="size"):
        either.scan((None, None), size=3)
