"""What goes on in the database, once a second, for the page's plots: Server-Sent Events.

    data: {time, source: "cluster"|"process", started, committed, conflicted, failed, reads, writes, bytes_read, bytes_written
           (all a second), latency: {median, p99} (ms) | null, probe: {start, read, commit} (ms) | null, read_version,
           versions_per_second, round_trip (ms)}
    data: {time, error}

Of a cluster the rates are those of its status document, which is asked for every few seconds, as collecting it is work for the
cluster; null where the document lacks them. Those of a database in this process are counted here, from the transactions of this
process without those of the page: `reads` and `writes` are keys; null in the first event. A database is observed only while somebody looks on.

All of it runs in the server's loop, but for `_Sampler.sample`, which blocks and has a thread.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import anyio
import anyio.to_thread
from starlette.responses import JSONResponse, Response, StreamingResponse

from fdb._browse.requests import Session, is_own, refusal_of
from fdb._dump.databases import database_of, is_embedded
from fdb._observing.collector import Collector
from fdb._observing.event import TransactionEvent
from fdb._observing.observers import observe

_INTERVAL = 1.0
#: Seconds for which a status document is good.
_STATUS_AGE = 3.0
_MOST_STREAMS = 16
_RATES = (
    "started",
    "committed",
    "conflicted",
    "failed",
    "reads",
    "writes",
    "bytes_read",
    "bytes_written",
)


class _Counted:
    """An observer that counts the transactions of one database, until it is asked."""

    def __init__(self, db: Any) -> None:
        self._db = database_of(db)
        self._collector = Collector(most_functions=1)

    def __call__(self, event: TransactionEvent) -> None:
        """Counts an event."""
        database: Any = database_of(event.database)
        same = database is self._db or (
            database._library is self._db._library and database._which == self._db._which
        )
        if same and not is_own():
            self._collector(event)

    def taken(self) -> Any:
        """Returns what was counted since the last time."""
        old, self._collector = self._collector, Collector(most_functions=1)
        return old.total


class _Sampler:
    """Says what the database has done since the last time. One thread at a time."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._counted = _Counted(session.db)
        self._last: tuple[float, int] | None = None
        self._counted_from: float | None = None
        self._status: Any = None
        self._status_from = 0.0
        self._is_embedded = is_embedded(session.db)
        self._observing = observe(self._counted)
        if self._is_embedded:
            self._observing.__enter__()

    def close(self) -> None:
        """Observes no longer."""
        if self._is_embedded:
            self._observing.__exit__(None, None, None)

    def sample(self) -> dict[str, Any]:
        """Returns one event. Blocks."""
        begun = time.monotonic()
        try:
            version = self._session.read(self._session.db, lambda tr: tr.get_read_version().wait())
            now = time.monotonic()
            rates = self._process(now) if self._is_embedded else self._cluster(now)
        except Exception as error:
            return {"time": time.time(), **refusal_of(error).body}
        pace = None
        if self._last is not None and now > self._last[0]:
            pace = (version - self._last[1]) / (now - self._last[0])
        self._last = now, version
        return {
            "time": time.time(),
            **rates,
            "read_version": version,
            "versions_per_second": pace,
            "round_trip": (now - begun) * 1000,
        }

    def _process(self, now: float) -> dict[str, Any]:
        begun, self._counted_from = self._counted_from, now
        total = self._counted.taken()
        if begun is None:
            # Of the moment since somebody looks on there is no rate: one transaction in it would be hundreds a second.
            return {"source": "process", **dict.fromkeys(_RATES), "latency": None, "probe": None}
        seconds = max(now - begun, 1e-3)
        latency = None
        if total.elapsed.count:
            latency = {
                "median": total.elapsed.quantile(0.5) * 1000,
                "p99": total.elapsed.quantile(0.99) * 1000,
            }
        return {
            "source": "process",
            "started": total.attempts / seconds,
            "committed": total.outcomes.get("committed", 0) / seconds,
            "conflicted": total.conflicts / seconds,
            "failed": total.outcomes.get("failed", 0) / seconds,
            "reads": total.keys_read / seconds,
            "writes": total.keys_written / seconds,
            "bytes_read": total.bytes_read / seconds,
            "bytes_written": total.bytes_written / seconds,
            "latency": latency,
            "probe": None,
        }

    def _cluster(self, now: float) -> dict[str, Any]:
        if self._status is None or now - self._status_from >= _STATUS_AGE:
            self._status = self._session.status()
            self._status_from = now
        work, probe = self._status.workload, self._status.latency_probe
        return {
            "source": "cluster",
            "started": work.transactions_started.hz,
            "committed": work.transactions_committed.hz,
            "conflicted": work.transactions_conflicted.hz,
            "failed": None,
            "reads": work.keys_read.hz,
            "writes": work.writes.hz,
            "bytes_read": work.bytes_read.hz,
            "bytes_written": work.bytes_written.hz,
            "latency": None,
            "probe": {
                "start": _milliseconds(probe.transaction_start_seconds),
                "read": _milliseconds(probe.read_seconds),
                "commit": _milliseconds(probe.commit_seconds),
            },
        }


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000


class Live:
    """The events of a page, made once for all who look on, while there is somebody. In the server's loop."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._viewers: set[asyncio.Queue[dict[str, Any] | None]] = set()
        self._task: asyncio.Task[None] | None = None
        self._is_closed = False

    def is_full(self) -> bool:
        """Whether as many look on as may."""
        return len(self._viewers) >= _MOST_STREAMS

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """Yields events until the page ends; one who is slow gets the newest ones."""
        queue: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue(maxsize=2)
        if self._is_closed:
            return
        self._viewers.add(queue)
        if self._task is None:
            self._task = asyncio.create_task(self._watch())
        try:
            while (event := await queue.get()) is not None:
                yield event
        finally:
            self._viewers.discard(queue)

    def close(self) -> None:
        """Ends all streams, and lets none begin."""
        self._is_closed = True
        self._tell(None)

    def _tell(self, event: dict[str, Any] | None) -> None:
        for queue in self._viewers:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(event)

    async def _watch(self) -> None:
        sampler = _Sampler(self._session)
        limiter = anyio.CapacityLimiter(1)
        try:
            while self._viewers and not self._is_closed:
                started = time.monotonic()
                self._tell(
                    await anyio.to_thread.run_sync(
                        sampler.sample, abandon_on_cancel=True, limiter=limiter
                    )
                )
                await asyncio.sleep(max(0.0, started + _INTERVAL - time.monotonic()))
        finally:
            sampler.close()
            self._task = None


def stream(live: Live) -> Response:
    """Answers `api/live`."""
    if live.is_full():
        return JSONResponse({"error": "too many pages look on already: close one"}, 503)
    return StreamingResponse(_lines(live), media_type="text/event-stream")


async def _lines(live: Live) -> AsyncIterator[str]:
    async for event in live.events():
        yield f"data: {json.dumps(event)}\n\n"
