"""Who observes: the process and databases, and what remains when nobody does."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from typing import Any

import pytest

import fdb
from fdb._native import extension
from fdb._observing import observers as module

Events = list[fdb.TransactionEvent]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the extension was told to ask for counts."""
    found: list[Any] = []
    original = extension.set_observe

    def set_observe(observe: Any) -> None:
        found.append(observe)
        original(observe)

    monkeypatch.setattr(extension, "set_observe", set_observe)
    return found


def test_an_observer_of_the_process(memory_db: fdb.Database, asked: list[Any]) -> None:
    events: Events = []
    with fdb.observe(events.append) as given:
        assert given == events.append
        memory_db[b"a"] = b""
    memory_db[b"b"] = b""
    assert len(events) == 2
    assert asked == [module._begin, None]


def test_an_observer_ends_with_an_exception(memory_db: fdb.Database) -> None:
    events: Events = []
    observing = fdb.observe(events.append)
    assert repr(observing) == f"fdb.observe({events.append!r})"
    with pytest.raises(KeyError), observing:
        raise KeyError
    memory_db[b"b"] = b""
    assert events == []


def test_the_observers_of_a_database(memory_db: fdb.Database, asked: list[Any]) -> None:
    events: Events = []
    other_events: Events = []
    observers = memory_db.observers
    assert observers is memory_db.observers
    assert (list(observers), len(observers)) == ([], 0)
    observers.append(events.append)
    observers.append(other_events.append)
    assert len(observers) == 2
    assert events.append in observers
    assert "append" in repr(observers)
    memory_db[b"a"] = b""
    observers.remove(events.append)
    memory_db[b"b"] = b""
    assert (len(events), len(other_events)) == (2, 4)
    observers.clear()
    memory_db[b"c"] = b""
    assert (len(events), len(other_events)) == (2, 4)
    assert asked[-1] is None


def test_another_database_is_not_observed(memory_db: fdb.Database) -> None:
    events: Events = []
    other = fdb.open(fdb.embedded.unique())
    memory_db.observers.append(events.append)
    other[b"a"] = b""
    assert events == []
    with fdb.observe(events.append):
        other[b"a"] = b""
        assert len(events) == 2
        memory_db[b"a"] = b""
        assert len(events) == 6
    memory_db.observers.clear()
    other.close()


def test_tenants_belong_to_their_database(memory_db: fdb.Database) -> None:
    fdb.tenant_management.create_tenant(memory_db, b"t")
    events: Events = []
    memory_db.observers.append(events.append)
    tenant = memory_db.open_tenant(b"t")
    tenant[b"a"] = b""
    assert [event.database for event in events] == [tenant, tenant]
    memory_db.observers.clear()


@pytest.mark.parametrize("observer", [None, 3, "text", object()])
def test_what_cannot_be_called_is_no_observer(memory_db: fdb.Database, observer: Any) -> None:
    with pytest.raises(TypeError, match=f"callable, not {type(observer).__name__}"):
        fdb.observe(observer)
    with pytest.raises(TypeError, match=f"callable, not {type(observer).__name__}"):
        memory_db.observers.append(observer)
    assert len(memory_db.observers) == 0


def test_removing_what_is_not_there(memory_db: fdb.Database) -> None:
    with pytest.raises(ValueError, match="none of the observers"):
        memory_db.observers.remove(print)


def test_an_observer_that_was_added_twice_is_told_twice(memory_db: fdb.Database) -> None:
    events: Events = []
    memory_db.observers.append(events.append)
    memory_db.observers.append(events.append)
    memory_db[b"a"] = b""
    memory_db.observers.remove(events.append)
    memory_db[b"a"] = b""
    memory_db.observers.remove(events.append)
    assert len(events) == 6


def test_with_its_database_goes_who_observed_it(asked: list[Any]) -> None:
    with fdb.open(fdb.embedded.unique()) as database:
        database.observers.append(print)
    del database
    gc.collect()
    with fdb.open(fdb.embedded.unique()) as other, fdb.observe(print):
        pass
    del other
    assert asked[-1] is None


def test_nobody_who_observes_leaves_nothing(memory_db: fdb.Database) -> None:
    before = list(gc.callbacks)
    with fdb.observe(print), fdb.observe(print):
        assert len(gc.callbacks) == len(before) + 1
    assert gc.callbacks == before


def test_observers_come_and_go_while_transactions_run(memory_db: fdb.Database) -> None:
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            memory_db[b"a"] = b""

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(200):
            events: Events = []
            with fdb.observe(events.append):
                memory_db[b"b"] = b""
            assert len(events) >= 2
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_observations_hold_no_references(memory_db: fdb.Database) -> None:
    events: Events = []
    with fdb.observe(events.append):
        memory_db[b"a"] = b""
    before = sys.getrefcount(memory_db)
    with fdb.observe(lambda event: None):
        for _ in range(50):
            memory_db[b"a"] = b""
            memory_db.get(b"a")
    assert sys.getrefcount(memory_db) == before


def test_an_asynchronous_database(memory_name: str) -> None:
    db = fdb.open(memory_name, event_model="asyncio")
    events: Events = []
    db.observers.append(events.append)
    asyncio.run(db.set(b"a", b""))
    fdb.open(memory_name)[b"b"] = b""  # another object
    db.observers.clear()
    assert [event.database for event in events] == [db, db]
