"""Whether a database answers, and what it says of itself: `db.ping` and `db.status`.

Both end by their timeout whatever the library does: an answer is waited for here, for as long as there is time, and
given up then. Their requests are written once, as steps that yield futures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from datetime import timedelta
from time import monotonic, perf_counter
from typing import Any, NamedTuple, TypeVar

from fdb._errors import FDBError
from fdb._native import extension
from fdb._notebooks import repr_html
from fdb._sources import DatabaseMembers
from fdb._status import Status
from fdb._waiting import timed
from fdb._waiting.threads import THREADS

T = TypeVar("T")
Steps = Generator[extension.FutureBase, Any, T]

_STATUS = b"\xff\xff/status/json"
_CLUSTER_ID = b"\xff\xff/cluster_id"
_TIMED_OUT = 1031
#: Of a protocol's number; the bits above say how it is written.
_PROTOCOL_MASK = (1 << 60) - 1
#: So that a database that is locked answers, too.
_READ_LOCK_AWARE = 702


class Ping(NamedTuple):
    """An answer of a database, and what it was asked for on that occasion."""

    #: Seconds from the request of a read version to its arrival, as a transaction has to wait at its begin.
    round_trip: float
    #: The read version that has arrived.
    read_version: int
    #: The release of the client library, as "7.4.6"; None where it does not tell.
    client_version: str | None
    #: The protocol that the servers speak, as in the status document: "fdb00b074000000"; None where the library
    #: does not tell.
    protocol: str | None
    #: The identity of the cluster; None where the library does not tell.
    cluster_id: str | None

    def _repr_html_(self) -> str:
        """Returns the answer as HTML, for notebooks."""
        return repr_html(self)


def seconds_of(timeout: float | timedelta) -> float:
    """Returns a time in seconds. Raises TypeError and ValueError for what is no positive time."""
    seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(
            f"timeout must be seconds (a number) or a timedelta, not {type(timeout).__name__}"
        )
    if not seconds > 0 or math.isinf(seconds):
        raise ValueError(f"timeout must be a positive, finite time, not {timeout!r}")
    return float(seconds)


class _Deadline:
    """Until when something may take."""

    __slots__ = ("_end", "_seconds", "_what")

    def __init__(self, what: str, timeout: float | timedelta) -> None:
        self._what = what
        self._seconds = seconds_of(timeout)
        self._end = monotonic() + self._seconds

    def left(self) -> float:
        """Returns the seconds that are left, 0 for none."""
        return max(0.0, self._end - monotonic())

    def passed(self, last: FDBError | None) -> FDBError:
        """Returns the error for a database that has not answered; `last` is what it had answered before."""
        text = f"{self._what}: the database did not answer within {self._seconds:g} s"
        if last is not None:
            text += f"; its last answer was {last.name} ({last.code})"
        return FDBError(_TIMED_OUT, text)


def _asked(db: DatabaseMembers, ask: Callable[[Any], extension.FutureBase]) -> Steps[Any]:
    """Asks in a transaction, again where that helps; returns (answer, seconds that it took)."""
    tr = db.create_transaction()
    while True:
        tr._handle.set_option(_READ_LOCK_AWARE, None)
        started = perf_counter()
        try:
            answer = yield ask(tr)
            return answer, perf_counter() - started
        except FDBError as error:
            if error.code == _TIMED_OUT:
                raise
            yield tr.on_error(error)


def _cluster_id(tr: Any) -> extension.FutureBase:
    future: extension.FutureBase = tr.get(_CLUSTER_ID)
    return future


def ping_steps(db: DatabaseMembers) -> Steps[Ping]:
    """Asks for a read version, then for what the client knows of the servers."""
    version, seconds = yield from _asked(db, lambda tr: tr.get_read_version())
    protocol, cluster_id = None, None
    if db._library.has("fdb_database_get_server_protocol"):
        protocol = yield db._get_server_protocol()
    try:
        cluster_id, _ = yield from _asked(db, _cluster_id)
    except FDBError as error:
        if error.code == _TIMED_OUT:
            raise
    return Ping(
        seconds,
        version,
        db._library.fdb_get_client_version() if db._library.has("fdb_get_client_version") else None,
        None if protocol is None else f"{protocol & _PROTOCOL_MASK:x}",
        None if cluster_id is None else cluster_id.decode(errors="replace"),
    )


def status_steps(db: DatabaseMembers) -> Steps[Status]:
    """Reads the status document."""
    document, _ = yield from _asked(db, lambda tr: tr.get(_STATUS))
    return Status.parse(document or b"{}")


def block(
    db: DatabaseMembers,
    what: str,
    timeout: float | timedelta,
    start: Callable[[DatabaseMembers], Steps[T]],
) -> T:
    """Takes steps, in a program that blocks. Raises FDBError 1031 when the time has passed."""
    deadline, steps, last = _Deadline(what, timeout), start(db), None
    model = db._handle.model or THREADS
    model.before_blocking()
    try:
        future = next(steps)
        while True:
            if timed.wait_any(model, (future,), deadline.left()) is None:
                future._cancel()
                raise deadline.passed(last)
            try:
                answer = future._resolve()
            except FDBError as error:
                last = error
                future = steps.throw(error)
            else:
                future = steps.send(answer)
    except StopIteration as end:
        result: T = end.value
        return result


async def perform(
    db: DatabaseMembers,
    what: str,
    timeout: float | timedelta,
    start: Callable[[DatabaseMembers], Steps[T]],
) -> T:
    """As `block`, in the running loop."""
    deadline, steps, last = _Deadline(what, timeout), start(db), None
    try:
        future = next(steps)
        while True:
            if await timed.wait_any_in_loop((future,), deadline.left()) is None:
                future._cancel()
                raise deadline.passed(last)
            future._awaited()
            try:
                answer = future._resolve()
            except FDBError as error:
                last = error
                future = steps.throw(error)
            else:
                future = steps.send(answer)
    except StopIteration as end:
        result: T = end.value
        return result
