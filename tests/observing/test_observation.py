"""What is counted of a transaction, and the events that come of it, in all the ways to have one."""

from __future__ import annotations

import gc
import sys
import threading
from typing import Any

import pytest

import fdb
from fdb._native import extension
from fdb._observing.observation import conflicting_ranges, function_of, name_of
from fdb.testing import faults
from fdb.testing._tracing import trace
from helpers.events import COMMITTED, Events, failed, outcomes
from helpers.stubs import BuildStub
from helpers.waiting import WAIT_SECONDS

CONFLICTS = b"\xff\xff/transaction/conflicting_keys/"


@fdb.transactional
def move(tr: fdb.Transaction, source: bytes, target: bytes) -> bytes:
    value = tr[source].value or b""
    tr[target] = value
    del tr[source]
    return value


def test_a_transactional_function(memory_db: fdb.Database, events: Events) -> None:
    memory_db[b"a"] = b"value"
    events.clear()
    move(memory_db, b"a", b"bc")
    attempt, end = events
    assert outcomes(events) == COMMITTED
    for event in (attempt, end):
        assert event.database is memory_db
        assert event.function == f"{__name__}.move"
        assert (event.attempts, event.retries, event.code, event.conflicts) == (1, 0, 0, None)
        assert (event.reads, event.keys_read, event.bytes_read) == (1, 1, len(b"value"))
        assert (event.keys_written, event.bytes_written) == (2, len(b"bcvalue") + len(b"a"))
        assert event.commit_version is not None
        assert event.read_version is not None
        assert event.read_version < event.commit_version
        assert event.size is not None
        assert event.size > event.bytes_written
        times = (event.in_function, event.in_waiting, event.in_committing, event.in_backoff)
        assert sum(times) == pytest.approx(event.elapsed)
        assert event.in_backoff == 0
        assert event.in_committing > 0
    assert attempt.number == end.number


def test_an_error_in_a_block_that_is_not_tried_again(
    memory_db: fdb.Database, events: Events
) -> None:
    with pytest.raises(fdb.FDBError, match="1007"), memory_db.transaction() as tr:
        tr[b"a"].present()
        raise fdb.FDBError(1007)
    assert outcomes(events) == failed("transaction_too_old")
    assert [event.code for event in events] == [1007, 1007]
    events.clear()
    with pytest.raises(fdb.FDBError, match="below at_least"):
        with memory_db.transaction(at_least=2**62):
            pytest.fail("the block has begun")
    assert outcomes(events) == failed("future_version")
    with pytest.raises(OverflowError):
        memory_db.create_transaction()._handle.note_failure(2**70)


def test_every_operation_counts(memory_db: fdb.Database, events: Events) -> None:
    @fdb.transactional
    def act(tr: fdb.Transaction) -> None:
        tr.set(b"a1", b"xyz")
        tr[b"a2"] = b""
        tr.clear(b"b")
        tr.clear_range(b"c", b"dd")
        tr.add(b"n", b"\x01\x00")
        assert [bytes(row.key) for row in tr[b"a":b"b"]] == [b"a1", b"a2"]
        assert tr.snapshot[b"a1"].present()
        assert not tr[b"none"].present()
        assert bytes(tr.get_key(fdb.KeySelector.first_greater_or_equal(b"a"))) == b"a1"

    act(memory_db)
    end = events[-1]
    assert (end.keys_written, end.bytes_written) == (5, 5 + 2 + 1 + 3 + 3)
    assert end.reads == 4
    assert (end.keys_read, end.bytes_read) == (5, (2 + 3 + 2) + 3 + 2)


def test_what_was_not_read_has_no_version(memory_db: fdb.Database, events: Events) -> None:
    memory_db[b"a"] = b""
    assert events[-1].read_version is None
    assert events[-1].commit_version is not None
    assert memory_db[b"a"] == b""
    assert events[-1].read_version is not None
    assert events[-1].commit_version is None


def test_attempts_that_are_retried(memory_db: fdb.Database, events: Events) -> None:
    with faults(memory_db, rules="not_committed:nth=1;commit_unknown_result:nth=2,effect=lost"):
        move(memory_db, b"a", b"b")
    assert outcomes(events) == [
        ("attempt", "retried", "not_committed"),
        ("attempt", "retried", "commit_unknown_result"),
        *COMMITTED,
    ]
    assert [event.attempts for event in events] == [1, 2, 3, 3]
    assert len({event.number for event in events}) == 1
    *attempts, end = events
    assert end.retries == 2
    assert end.keys_written == sum(event.keys_written for event in attempts) == 6
    assert end.elapsed == pytest.approx(sum(event.elapsed for event in attempts))
    assert end.in_backoff == sum(event.in_backoff for event in attempts) > 0
    assert end.started == attempts[0].started
    assert (end.code, end.error) == (0, None)


def test_an_error_that_is_not_retried(memory_db: fdb.Database, events: Events) -> None:
    with pytest.raises(fdb.FDBError):
        move(memory_db, b"a", b"\xff")
    assert outcomes(events) == failed("key_outside_legal_range")
    assert events[-1].code == 2004


def test_a_limit_of_retries(memory_db: fdb.Database, events: Events) -> None:
    tr = memory_db.create_transaction()
    tr.options.set_retry_limit(0)
    tr[b"a"] = b""
    with pytest.raises(fdb.FDBError):
        tr.on_error(1020).wait()
    assert outcomes(events) == failed("not_committed")


def test_what_a_function_raises(memory_db: fdb.Database, events: Events) -> None:
    class Mine(Exception):
        pass

    @fdb.transactional
    def act(tr: fdb.Transaction) -> None:
        raise Mine

    with pytest.raises(Mine) as kept:
        act(memory_db)
    assert outcomes(events) == failed("Mine")
    del kept
    assert len(events) == 2


def test_transactions_by_hand(memory_db: fdb.Database, events: Events) -> None:
    tr = memory_db.create_transaction()
    tr[b"a"] = b""
    tr.commit().wait()
    assert outcomes(events) == COMMITTED
    assert events[-1].function.endswith("test_transactions_by_hand")
    tr.reset()
    assert len(events) == 2
    tr[b"b"] = b""
    tr.cancel()
    del tr
    assert outcomes(events[2:]) == [("attempt", "cancelled", None), ("end", "cancelled", None)]
    assert events[2].number != events[1].number
    tr = memory_db.create_transaction()
    tr[b"c"] = b""
    tr.reset()
    del tr
    assert outcomes(events[4:]) == [("attempt", "dropped", None), ("end", "dropped", None)]
    tr = memory_db.create_transaction()
    tr[b"d"] = b""
    del tr
    assert outcomes(events[6:]) == [("attempt", "dropped", None), ("end", "dropped", None)]
    tr = memory_db.create_transaction()
    del tr
    assert len(events) == 8


def test_what_has_only_read_is_no_loss_when_it_is_given_up(
    memory_db: fdb.Database, events: Events
) -> None:
    read = [("attempt", "read", None), ("end", "read", None)]
    for look in (
        lambda tr: tr.get_read_version().wait(),
        lambda tr: tr[b"no such key"].present(),
        lambda tr: tr[b"a":b"b"].to_list(),
    ):
        tr = memory_db.create_transaction()
        look(tr)
        del tr
        assert outcomes(events) == read
        events.clear()
    memory_db.ping()
    assert memory_db.count((b"a", b"b")) == 0
    assert outcomes(events) == read * (len(events) // 2) != []


def test_a_commit_that_failed_and_was_given_up(memory_db: fdb.Database, events: Events) -> None:
    tr = memory_db.create_transaction()
    tr[b"a"] = b""
    with faults(memory_db, rules="not_committed:nth=1"), pytest.raises(fdb.FDBError):
        tr.commit().wait()
    assert events == []
    tr.cancel()
    assert outcomes(events) == failed("not_committed")


def test_convenience_methods_and_tenants(memory_db: fdb.Database, events: Events) -> None:
    memory_db.get(b"a")
    assert memory_db[b"a":b"b"] == []
    assert [event.function for event in events[1::2]] == ["Database.get", "Database.__getitem__"]
    tenant = memory_db.open_tenant(b"none")
    with pytest.raises(fdb.FDBError):
        tenant.set(b"a", b"")
    assert events[-1].function == "Tenant.set"
    assert events[-1].database is tenant
    assert events[-1].error == "tenant_not_found"


def test_layers_are_named_by_what_the_program_called(
    memory_db: fdb.Database, events: Events
) -> None:
    fdb.directory.create_or_open(memory_db, ("a",))
    assert events[-1].function == "DirectoryLayer.create_or_open"


def test_waiting_is_timed(memory_db: fdb.Database, events: Events) -> None:
    with faults(memory_db, rules="slow_read:delay=20ms;slow_commit:delay=20ms"):
        move(memory_db, b"a", b"b")
    assert events[-1].in_waiting > 0.01
    assert events[-1].in_committing > 0.01
    assert events[-1].elapsed > 0.03


def test_a_value_that_comes_after_the_commit_counts_for_no_other_attempt(
    memory_db: fdb.Database, events: Events
) -> None:
    memory_db[b"a"] = b"value"
    tr = memory_db.create_transaction()
    with faults(memory_db, rules="slow_read:delay=1ms"):
        late = tr[b"a"]
        tr.commit().wait()
        assert late.value == b"value"
    tr.reset()
    tr[b"b"] = b""
    tr.commit().wait()
    assert events[-1].keys_read == 0


def test_conflicting_ranges_that_were_reported(memory_db: fdb.Database, events: Events) -> None:
    tr = memory_db.create_transaction()
    tr.options.set_report_conflicting_keys()
    assert tr[b"k"].value is None
    tr[b"other"] = b""
    memory_db[b"k"] = b"changed"
    events.clear()
    with pytest.raises(fdb.FDBError):
        tr.commit().wait()
    assert len(list(tr[CONFLICTS : CONFLICTS + b"\xff\xff"])) == 2
    tr.on_error(1020).wait()
    assert outcomes(events) == [("attempt", "retried", "not_committed")]
    assert events[-1].conflicts == ((b"k", b"k\x00"),)
    assert (events[-1].reads, events[-1].keys_read) == (1, 1)
    tr.cancel()


def test_rows_of_conflicts() -> None:
    bounds = ((b"a", b"1"), (b"b", b"0"), (b"c", b"1"), (b"d", b"1"), (b"e", b"0"))
    rows = [fdb.KeyValue(CONFLICTS + key, value) for key, value in bounds]
    assert conflicting_ranges(rows) == ((b"a", b"b"), (b"c", b"d"), (b"d", b"e"))
    assert conflicting_ranges([]) == ()


def test_together_with_a_tracer(memory_db: fdb.Database, events: Events) -> None:
    calls: list[str] = []

    class Tracer:
        def before(self, operation: Any) -> None:
            calls.append(operation.name)

        def after(self, operation: Any) -> None:
            pass

    with trace(memory_db, Tracer()), faults(memory_db, rules="not_committed:nth=1"):
        move(memory_db, b"a", b"b")
    attempt = ["get", "set", "clear", "commit"]
    assert calls == [*attempt, "on_error", *attempt]
    assert outcomes(events) == [("attempt", "retried", "not_committed"), *COMMITTED]
    assert (events[-1].keys_read, events[-1].keys_written) == (2, 4)


def test_what_an_observer_raises_harms_nothing(
    memory_db: fdb.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    told: Events = []
    monkeypatch.setattr(sys, "unraisablehook", seen.append)

    def broken(event: fdb.TransactionEvent) -> None:
        raise ValueError("mine")

    with fdb.observe(broken), fdb.observe(told.append):
        move(memory_db, b"a", b"b")
    assert [each.exc_type for each in seen] == [ValueError, ValueError]
    assert seen[0].object is broken
    assert outcomes(told) == COMMITTED


def test_an_interrupt_in_an_observer_is_for_the_program(memory_db: fdb.Database) -> None:
    told: Events = []

    def interrupted(event: fdb.TransactionEvent) -> None:
        told.append(event)
        if event.kind == "end":
            raise KeyboardInterrupt

    def act() -> None:
        with fdb.observe(interrupted):
            move(memory_db, b"a", b"b")
        threading.Event().wait(WAIT_SECONDS)

    with pytest.raises(KeyboardInterrupt):
        act()
    assert outcomes(told) == COMMITTED


def test_an_interrupt_at_the_begin_of_a_transaction_is_for_the_program(
    memory_db: fdb.Database,
) -> None:
    def interrupted(source: object) -> None:
        raise KeyboardInterrupt

    def act() -> None:
        extension.set_observe(interrupted)
        try:
            memory_db.create_transaction()
            threading.Event().wait(WAIT_SECONDS)
        finally:
            extension.set_observe(None)

    with pytest.raises(KeyboardInterrupt):
        act()


def test_transactions_of_an_observer_are_not_observed(memory_db: fdb.Database) -> None:
    events: Events = []

    def keep(event: fdb.TransactionEvent) -> None:
        events.append(event)
        memory_db[b"kept"] = event.function.encode()

    with fdb.observe(keep):
        move(memory_db, b"a", b"b")
    assert outcomes(events) == COMMITTED
    assert memory_db[b"kept"] == f"{__name__}.move".encode()


def test_a_transaction_that_the_collector_finds_is_told_of_later(
    memory_db: fdb.Database, events: Events
) -> None:
    circle: list[Any] = [memory_db.create_transaction()]
    circle.append(circle)
    circle[0][b"a"] = b""
    del circle
    gc.collect()
    assert events == []
    memory_db[b"b"] = b""
    assert outcomes(events)[:2] == [("attempt", "dropped", None), ("end", "dropped", None)]
    assert outcomes(events)[2:] == COMMITTED


def test_a_commit_whose_future_is_dropped(memory_db: fdb.Database, events: Events) -> None:
    tr = memory_db.create_transaction()
    tr[b"a"] = b""
    tr.commit()
    del tr
    assert len(events) == 2
    assert outcomes(events) in (COMMITTED, failed("operation_cancelled"))


def test_transactions_of_several_threads(memory_db: fdb.Database, events: Events) -> None:
    def work(number: int) -> None:
        for turn in range(20):
            move(memory_db, b"%d/%d" % (number, turn), b"x%d" % number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ends = [event for event in events if event.kind == "end"]
    assert len(ends) == len({event.number for event in ends}) == 80


@pytest.mark.parametrize(
    ("code", "name"), [(0, None), (1020, "not_committed"), (31234, "error_31234")]
)
def test_names_of_errors(code: int, name: str | None) -> None:
    assert name_of(code) == name


def test_methods_and_transactions_by_keyword(memory_db: fdb.Database, events: Events) -> None:
    class Account:
        @fdb.transactional
        def pay(self, tr: fdb.Transaction) -> None:
            tr[b"a"] = b""

    Account().pay(tr=memory_db)
    assert events[-1].function.endswith("<locals>.Account.pay")


def test_a_transaction_that_nobody_called_for() -> None:
    assert function_of(None, None) == "unknown"


def test_events_are_of_transactions_made_while_somebody_observes(memory_db: fdb.Database) -> None:
    events: Events = []
    tr = memory_db.create_transaction()
    with fdb.observe(events.append):
        tr[b"a"] = b""
        tr.commit().wait()
        other = memory_db.create_transaction()
    assert events == []
    other[b"b"] = b""
    other.commit().wait()
    assert outcomes(events) == COMMITTED


def test_an_observation_that_cannot_begin_harms_nothing(
    memory_db: fdb.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", seen.append)

    def broken(_: object) -> None:
        raise ValueError

    extension.set_observe(broken)
    try:
        move(memory_db, b"a", b"b")
    finally:
        extension.set_observe(None)
    assert [each.exc_type for each in seen] == [ValueError]


def test_a_library_that_lacks_what_would_be_asked(build_stub: BuildStub, events: Events) -> None:
    database = fdb.ClientLibrary(build_stub("WITHOUT_TENANTS")).open("x")
    assert database[b"k"] == b"k"
    assert outcomes(events) == COMMITTED
    assert (events[-1].reads, events[-1].size) == (1, None)
