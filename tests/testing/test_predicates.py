"""fdb/testing/_predicates.py: which operations a predicate is asked about, and that a fault hits no other."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

import fdb
from fdb.testing import faults
from fdb.testing._predicates import PLACES
from fdb.testing._tracing import Operation
from helpers.databases import code_of


@fdb.transactional
def use(tr: fdb.Transaction) -> None:
    tr[b"a"].present()
    tr[b"b":b"c"].to_list()
    tr.snapshot.get_key(fdb.KeySelector.first_greater_than(b"x")).wait()
    tr.get_read_version().wait()
    tr[b"k"] = b"v"


def asked_for(
    db: fdb.Database, name: str, function: Callable[..., None], **arguments: Any
) -> list[str]:
    """Returns the operations that the predicate of a fault is asked about."""
    asked: list[str] = []

    def when(operation: Operation) -> bool:
        asked.append(operation.name)
        return False

    with faults(db) as kit:
        kit.add(name, when=when, **arguments)
        function(db)
        assert kit.injected == {}
    return asked


@pytest.mark.parametrize(
    ("name", "arguments", "asked"),
    [
        ("not_committed", {}, ["commit"]),
        ("future_version", {}, ["get", "get_range", "get_key"]),
        ("tag_throttled", {}, ["get"]),
        ("process_behind", {}, ["get", "get_range", "get_key"]),
        ("process_behind", {"at": "version"}, ["get"]),
        ("transaction_too_old", {}, ["get", "get_range", "get_key", "commit"]),
        ("transaction_timed_out", {"at": "commit"}, ["commit"]),
        (
            "cluster_version_changed",
            {"keys": (b"a", b"b")},
            ["get", "get_range", "get_key", "commit"],
        ),
        ("short_range", {}, ["get_range"]),
        ("slow_commit", {"delay": 0.001}, ["commit"]),
    ],
)
def test_it_is_asked_about_what_the_fault_can_hit(
    memory_db: fdb.Database, name: str, arguments: dict[str, Any], asked: list[str]
) -> None:
    assert asked_for(memory_db, name, use, **arguments) == asked


def test_a_commit_without_writes_is_no_occasion(memory_db: fdb.Database) -> None:
    assert asked_for(memory_db, "not_committed", lambda db: db.get(b"k")) == []

    @fdb.transactional
    def add_conflict(tr: fdb.Transaction) -> None:
        tr.add_read_conflict_key(b"k")
        tr.add_write_conflict_key(b"k")

    assert asked_for(memory_db, "not_committed", add_conflict) == ["commit"]


def test_a_commit_that_has_read_nothing_takes_a_version(memory_db: fdb.Database) -> None:
    def write(db: fdb.Database) -> None:
        db[b"k"] = b"v"

    assert asked_for(memory_db, "tag_throttled", write) == ["commit"]
    assert asked_for(memory_db, "tag_throttled", lambda db: db.get(b"k")) == ["get"]
    with faults(memory_db) as kit:
        kit.add("tag_throttled", nth=1, when=lambda operation: operation.name == "commit")
        tr = memory_db.create_transaction()
        tr[b"k"] = b"v"
        assert code_of(tr.commit().wait) == 1213


def test_a_version_that_was_given_is_no_occasion(memory_db: fdb.Database) -> None:
    version = memory_db.create_transaction().get_read_version().wait()

    def read(db: fdb.Database) -> None:
        tr = db.create_transaction()
        tr.set_read_version(version)
        tr[b"k"].present()

    assert asked_for(memory_db, "tag_throttled", read) == []


@pytest.mark.parametrize("name", [*PLACES])
def test_every_fault_hits_the_operation_and_nothing_else(
    memory_db: fdb.Database, name: str
) -> None:
    delay = {"delay": 0.0} if name.startswith("slow") else {}
    if delay:
        delay = {"delay": 0.000001}
    for key in (b"a", b"b", b"c"):
        memory_db[key] = b"v"

    @fdb.transactional
    def read_and_write(tr: fdb.Transaction) -> None:
        assert len(tr[b"a":b"d"].to_list()) == 3
        tr[b"k"] = b"v"

    with faults(memory_db) as kit:
        kit.add(name, when=lambda operation: True, nth=1, **delay)  # type: ignore[arg-type]
        try:
            read_and_write(memory_db)
        except fdb.FDBError as error:
            assert name == "transaction_timed_out" and error.code == 1031
        assert kit.injected == {name: 1}
        read_and_write(memory_db)
        assert kit.injected == {name: 1}


def test_a_fault_that_does_not_hit_waits_for_no_other_operation(memory_db: fdb.Database) -> None:
    with faults(memory_db) as kit:
        kit.add("not_committed", keys=(b"a", b"b"), when=lambda operation: operation.attempt == 1)
        tr = memory_db.create_transaction()
        tr[b"x"] = b"not in the range"
        tr.commit().wait()
        tr.reset()
        memory_db[b"x"] = b"v"
        assert kit.injected == {}
        tr[b"a"] = b"v"
        assert code_of(tr.commit().wait) == 1020


def test_the_schedule_counts_what_the_predicate_wants(memory_db: fdb.Database) -> None:
    def codes(**schedule: int) -> list[int]:
        found = []
        with faults(memory_db) as kit:
            kit.add("not_committed", when=lambda operation: wanted, **schedule)  # type: ignore[arg-type]
            for turn in range(8):
                wanted = turn % 2 == 0
                tr = memory_db.create_transaction()
                tr[b"k"] = b"v"
                try:
                    tr.commit().wait()
                except fdb.FDBError:
                    found.append(turn)
        return found

    assert codes() == [0, 2, 4, 6]
    assert codes(nth=2) == [2]
    assert codes(every=2) == [2, 6]
    assert codes(times=3) == [0, 2, 4]


def test_a_fault_that_another_one_forestalls_does_not_count(prompt_name: str) -> None:
    db = fdb.open(prompt_name)  # so that it is known at once how a read ends

    def codes(name: str, use: Callable[[fdb.Transaction], None], **other: Any) -> list[int]:
        found = []
        with faults(db) as kit:
            kit.add("process_behind", nth=1, **other)
            kit.add(name, times=2, when=lambda operation: True)
            for _ in range(4):
                tr = db.create_transaction()
                try:
                    use(tr)
                    found.append(0)
                except fdb.FDBError as error:
                    found.append(error.code)
        return found

    def write(tr: fdb.Transaction) -> None:
        tr[b"k"] = b"v"
        tr.commit().wait()

    assert codes("not_committed", write, at="version") == [1037, 1020, 1020, 0]
    read = lambda tr: tr[b"k"].wait()  # noqa: E731
    assert codes("future_version", read, at="version") == [1037, 1009, 1009, 0]
    assert codes("transaction_timed_out", read, keys=(b"a", b"z")) == [1031, 1031, 1037, 0]


def test_the_seed_decides(memory_db: fdb.Database) -> None:
    def codes(seed: int) -> list[bool]:
        found = []
        with faults(memory_db, seed=seed) as kit:
            kit.add("not_committed", probability=0.5, when=lambda operation: True)
            for _ in range(40):
                tr = memory_db.create_transaction()
                tr[b"k"] = b"v"
                try:
                    tr.commit().wait()
                    found.append(False)
                except fdb.FDBError:
                    found.append(True)
        return found

    assert codes(1) == codes(1) != codes(2)
    assert 8 < sum(codes(3)) < 32


def test_what_a_predicate_raises_the_program_gets(memory_db: fdb.Database) -> None:
    with faults(memory_db) as kit:
        kit.add("not_committed", when=lambda operation: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            memory_db[b"k"] = b"v"
    assert memory_db[b"k"] is None


def test_the_places_are_those_of_the_engine(memory_db: fdb.Database) -> None:
    with faults(memory_db) as kit:
        with pytest.raises(ValueError, match="unknown fault 'flood'; known are ") as failed:
            kit.add("flood")
        known = re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", str(failed.value).partition("known are ")[2])
        assert set(PLACES) < set(known)
        for name in set(known) - set(PLACES):
            delay = 0.001 if re.match("slow|watch", name) else None
            with pytest.raises(
                ValueError, match=f"when cannot ask for {name}: it is not a fault of"
            ):
                kit.add(name, delay=delay, when=lambda operation: True)
        with pytest.raises(ValueError, match="unknown fault 'flood'"):
            kit.add("flood", when=lambda operation: True)
        with pytest.raises(TypeError, match="when must be a function, not bool"):
            kit.add("not_committed", when=True)  # type: ignore[arg-type]

        async def when(operation: Operation) -> bool:
            return True

        with pytest.raises(TypeError, match="when must be a function that is not async"):
            kit.add("not_committed", when=when)
        memory_db[b"k"] = b"v"
        assert kit.injected == {}
