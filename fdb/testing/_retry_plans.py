"""Which faults a function is run under: every one that its calls can have, at each of them, and some of them twice.

A point is a call of a run without faults, known by its place: the transactions of a run are counted, and the calls of an attempt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from fdb.testing._tracing import Operation

READS = ("get", "get_key", "get_range")

#: The faults of each kind of call, as `Operation.inject` takes them. All are errors that `on_error` retries, but for the short
#: batches of a range.
OF_A_READ = (
    "transaction_too_old:at=read",
    "future_version",
    "process_behind:at=read",
    "cluster_version_changed:at=read",
)
OF_A_RANGE = ("short_range:rows=1",)
OF_A_VERSION = (
    "database_locked:at=version",
    "tag_throttled",
    "batch_transaction_throttled",
    "grv_proxy_memory_limit_exceeded",
    "process_behind:at=version",
    "cluster_version_changed:at=version",
)
OF_A_COMMIT = (
    "not_committed",
    "commit_unknown_result:effect=applied",
    "commit_unknown_result:effect=lost",
    "cluster_version_changed:at=commit,effect=applied",
    "cluster_version_changed:at=commit,effect=lost",
    "transaction_too_old:at=commit",
    "database_locked:at=commit",
    "proxy_memory_limit_exceeded",
)
#: No retry helps against these.
TIMEOUT_OF_A_READ = "transaction_timed_out:at=read"
TIMEOUTS_OF_A_COMMIT = (
    "transaction_timed_out:at=commit,effect=applied",
    "transaction_timed_out:at=commit,effect=lost",
)
#: No faults of the engine: the task is cancelled before the call, or when it has taken effect.
CANCELLED = "cancelled"
CANCELLED_AFTER = "cancelled:effect=applied"
_LOST = "not_committed"
_OLD = "transaction_too_old:at=read"
_APPLIED = "commit_unknown_result:effect=applied"


class Place(NamedTuple):
    """Where in a run a call is."""

    #: Counts the transactions of the run, from 1 on.
    transaction: int
    #: How often the transaction began anew, after a commit or a reset.
    life: int
    attempt: int
    #: Counts the calls of the attempt.
    number: int
    name: str

    def in_attempt(self, attempt: int) -> Place:
        """The same call of another attempt."""
        return self._replace(attempt=attempt)


class Point(NamedTuple):
    """A call of the run without faults."""

    place: Place
    operation: Operation


class Plan(NamedTuple):
    """Faults, and where each of them hits."""

    faults: dict[Place, str]
    #: The point that the plan is about.
    point: Point
    #: In words: the fault, and what comes before or after it.
    words: str


def plans_of(points: Sequence[Point]) -> Iterator[Plan]:
    """Returns the plans for the points of a run, in an order that is always the same."""
    for point in points:
        for fault in _faults_at(point, points):
            yield Plan({point.place: fault}, point, fault)
        yield from _twice(point, points)


def endings_of(points: Sequence[Point], is_async: bool) -> Iterator[Plan]:
    """Returns the plans that end a run at its points: at each read, before each commit, and after it.

    A timeout does so, and a coroutine's task may be cancelled.
    """
    for point in points if is_async else ():
        if point.operation.name in READS or _writes(point):
            yield Plan({point.place: CANCELLED}, point, CANCELLED)
        if _writes(point):
            yield Plan({point.place: CANCELLED_AFTER}, point, CANCELLED_AFTER)
    for point in points:
        timeouts: tuple[str, ...] = TIMEOUTS_OF_A_COMMIT if _writes(point) else ()
        if point.operation.name in READS:
            timeouts = (TIMEOUT_OF_A_READ,)
        for fault in timeouts:
            yield Plan({point.place: fault}, point, fault)


def _faults_at(point: Point, points: Sequence[Point]) -> Iterable[str]:
    name = point.operation.name
    if name in READS:
        yield from OF_A_READ
        if name == "get_range":
            yield from OF_A_RANGE
    if _writes(point):
        yield from OF_A_COMMIT
    if point.place == _first_of_its_attempt(point, points):
        yield from OF_A_VERSION


def _first_of_its_attempt(point: Point, points: Sequence[Point]) -> Place | None:
    """The first call that asks for a version."""
    for each in points:
        if each.place[:3] == point.place[:3] and each.operation.name in (*READS, "commit"):
            return each.place
    return None


def _twice(point: Point, points: Sequence[Point]) -> Iterator[Plan]:
    """The same fault in two attempts, and a fault in an attempt after one that a lost commit has ended."""
    name, place = point.operation.name, point.place
    second = place.in_attempt(place.attempt + 1)
    if _writes(point):
        for fault in (_APPLIED, _LOST):
            yield Plan({place: fault, second: fault}, point, f"{fault}, twice")
        yield Plan({place: _LOST, second: _APPLIED}, point, f"{_LOST}, then {_APPLIED}")
    elif name in READS:
        yield Plan({place: _OLD, second: _OLD}, point, f"{_OLD}, twice")
        commit = _commit_after(point, points)
        if commit is not None:
            yield Plan({commit: _LOST, second: _OLD}, point, f"{_LOST}, then {_OLD}")


def _commit_after(point: Point, points: Sequence[Point]) -> Place | None:
    for each in points:
        if each.place[:3] == point.place[:3] and _writes(each):
            return each.place
    return None


def _writes(point: Point) -> bool:
    """Whether it is a commit that can fail: one of reads alone asks no server."""
    return point.operation.name == "commit" and point.operation.version >= 0
