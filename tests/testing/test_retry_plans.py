"""Which faults are planned where."""

from __future__ import annotations

from collections.abc import Callable

import fdb
from fdb.testing._retry_observer import Observer
from fdb.testing._retry_plans import (
    OF_A_COMMIT,
    OF_A_READ,
    OF_A_VERSION,
    Place,
    Plan,
    Point,
    plans_of,
)
from fdb.testing._tracing import trace


def points_of(db: fdb.Database, function: Callable[[fdb.Database], object]) -> list[Point]:
    observer = Observer(None, 0)
    with trace(db, observer):
        function(db)
    return observer.points


def test_places_are_the_same_in_every_run(memory_db: fdb.Database) -> None:
    @fdb.transactional
    def function(tr: fdb.Transaction) -> None:
        tr[b"a"].wait()
        tr[b"b"] = b"1"

    def twice(db: fdb.Database) -> None:
        function(db)
        function(db)

    places = [point.place for point in points_of(memory_db, twice)]
    assert places == [
        Place(number, 1, 1, call, name)
        for number in (1, 2)
        for call, name in enumerate(["get", "set", "commit"], 1)
    ]
    assert [point.place for point in points_of(memory_db, twice)] == places


def single(plans: list[Plan]) -> list[tuple[str, str]]:
    return [
        (place.name, fault)
        for plan in plans
        if len(plan.faults) == 1
        for place, fault in plan.faults.items()
    ]


def test_faults_of_reads_and_commits(memory_db: fdb.Database) -> None:
    @fdb.transactional
    def function(tr: fdb.Transaction) -> None:
        tr[b"a"].wait()
        tr[b"b"] = tr[b"a":b"b"].to_list() and b"1" or b"2"

    plans = [*plans_of(points_of(memory_db, function))]
    assert single(plans) == [
        *(("get", fault) for fault in (*OF_A_READ, *OF_A_VERSION)),
        *(("get_range", fault) for fault in (*OF_A_READ, "short_range:rows=1")),
        *(("commit", fault) for fault in OF_A_COMMIT),
    ]
    twice = [
        [(place.attempt, place.number) for place in plan.faults]
        for plan in plans
        if len(plan.faults) == 2
    ]
    # Each read in both attempts, and in the one after a lost commit; the commit in both.
    assert twice == [
        [(1, 1), (2, 1)],
        [(1, 4), (2, 1)],
        [(1, 2), (2, 2)],
        [(1, 4), (2, 2)],
        [(1, 4), (2, 4)],
        [(1, 4), (2, 4)],
        [(1, 4), (2, 4)],
    ]


def test_a_commit_of_reads_alone_does_not_fail(memory_db: fdb.Database) -> None:
    plans = [*plans_of(points_of(memory_db, lambda db: db[b"a"]))]
    assert {place.name for plan in plans for place in plan.faults} == {"get"}


def test_a_commit_without_reads_asks_for_the_version(memory_db: fdb.Database) -> None:
    plans = [*plans_of(points_of(memory_db, lambda db: db.set(b"a", b"1")))]
    assert single(plans) == [("commit", fault) for fault in (*OF_A_COMMIT, *OF_A_VERSION)]
