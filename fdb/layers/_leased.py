"""What the layers with leases have in common: how times are given, and the time that all clients share.

A lease ends at a version of the database, not at a time of anybody's clock: versions grow by about a million a second,
and all clients see the same. What that means where they jump is said in docs/guides/queues.md.
"""

from __future__ import annotations

import math
from datetime import timedelta

from fdb import _times
from fdb._errors import FDBError
from fdb._flows import Await, Flow, Transact, WaitFor
from fdb._layers import Steps
from fdb._typing import Any, Callable

#: Seconds, or a timedelta.
Time = float | timedelta

VERSIONS_PER_SECOND = 1_000_000
#: The longest time that is taken: a hundred years.
_MOST_SECONDS = 100 * 366 * 86_400
#: How old the read version of an idle database may be.
_OLDEST_READ_VERSION = 2 * VERSIONS_PER_SECOND
#: A wait for a version is no shorter, as an idle database makes its versions in steps.
_SHORTEST_WAIT = 0.1


def seconds_of(name: str, given: Any, *, zero: bool = False) -> float:
    """Returns a time in seconds. Raises TypeError for what is none, ValueError for one that is not positive.

    `zero` allows 0, too.
    """
    seconds = _times.seconds_of(name, given)
    if not math.isfinite(seconds) or seconds > _MOST_SECONDS:
        raise ValueError(f"{name} must be a time of at most a hundred years, not {given!r}")
    if seconds < 0 or (seconds == 0 and not zero):
        raise ValueError(f"{name} must be {'0 or more' if zero else 'positive'}, not {given!r}")
    return seconds


def versions_of(seconds: float) -> int:
    """Returns by how much versions grow in so many seconds."""
    return math.ceil(seconds * VERSIONS_PER_SECOND)


def lease_versions(seconds: float) -> int:
    """Returns what to add to a read version so that a lease lasts so many seconds at least."""
    return versions_of(seconds) + _OLDEST_READ_VERSION


def seconds_until(due: int, version: int) -> float:
    """Returns how long to wait at `version` for `due`."""
    return max((due - version) / VERSIONS_PER_SECOND, _SHORTEST_WAIT)


def wait_for_change(
    source: Any, watch: Any, seconds: float | None, tick: Callable[[Any], Steps[None]], bell: Any
) -> Flow[None]:
    """Waits until a watch is ready, the bell is rung or some seconds have passed; None is for ever.

    `tick` writes something, so that the database has a version that is as late as that.
    """
    try:
        ready = yield WaitFor((watch,), seconds, bell)
        if ready is not None:
            yield Await(watch)
        elif bell is None or not bell.rung:
            yield Transact(source, tick)
    except FDBError as error:
        # As a transaction bears it: with back-off, or not at all.
        yield Await(source.create_transaction().on_error(error))
    finally:
        watch.cancel()
