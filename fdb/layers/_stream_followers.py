"""What gives the events of a stream: to one subscriber, or to the consumers of a group. See `_following`."""

from __future__ import annotations

import os
import time

from fdb._errors import FDBError
from fdb._flows import Flow, Sleep
from fdb._layers import Steps
from fdb._typing import Any
from fdb.layers._following import TRANSACTION_TIMED_OUT, TROUBLE, WATCH_SECONDS, Follower
from fdb.layers._stream_groups import Abandoned, Claim, Group, Taken
from fdb.layers._stream_log import Log, Start, StreamEvent, StreamTrimmedError

_CONSUMER_LENGTH = 16
#: How often a claim is renewed while its events are handled, in its lease time.
_RENEWALS = 3
#: How often it is tried to leave a claim to others, when the consumer is closed.
_LAST_ATTEMPTS = 20
_LAST_PAUSE = 0.01


class Subscriber(Follower):
    """Gives all events after a position."""

    def __init__(self, log: Log, source: Any, start: Start, batch: int, **how: Any) -> None:
        super().__init__(log, source, **how)
        self._start = start
        self._batch = batch
        self._is_behind = True

    def begin(self) -> Flow[None]:
        """See Follower."""
        self.name, self.place = yield from self.persist(lambda tr: self.log.begin(tr, self._start))

    def follow(self) -> Flow[None]:
        """See Follower."""
        events, watch, version = yield from self.persist(self._look)
        for event in events:
            self.place = event.place
            self._is_behind = True
            yield from self.give(event)
        if watch is None:
            return
        if self._is_behind:
            self._is_behind = False
            version = yield from self.answer(version, self.bell)
            yield from self.status("caught_up", version=version)
        yield from self.wait([watch], WATCH_SECONDS)

    def _look(self, tr: Any) -> Steps[tuple[list[StreamEvent], Any, Any]]:
        """Reads a batch; where there is none, the watch tells of all that comes after what was read."""
        log, snapshot = self.log, tr.snapshot
        page = log.page(snapshot, self.place, self._batch)
        trimmed, name = snapshot.get(log.trimmed), snapshot.get(log.identity)
        rows = yield page
        if (yield name) != self.name:
            raise StreamTrimmedError(
                f"the stream at {log.prefix!r} was removed: its keys were cleared", self.cursor
            )
        log.check_kept(self.name, self.place, (yield trimmed))
        if rows:
            return log.events_of(self.name, rows), None, None
        return [], tr.watch(log.head), tr.get_read_version()

    def handled(self) -> None:
        """See Follower: nobody is waiting for what a subscriber has handled."""


class Consumer(Follower):
    """Gives events that no other consumer of its group handles."""

    def __init__(
        self,
        log: Log,
        source: Any,
        group: str,
        start: Start,
        batch: int,
        lease_time: float,
        **how: Any,
    ) -> None:
        super().__init__(log, source, **how)
        self._group = Group(log, group)
        self._start = start
        self._batch = batch
        self._abandoned = Abandoned(lease_time)
        self._renewal_seconds = lease_time / _RENEWALS
        self._me = os.urandom(_CONSUMER_LENGTH)
        self._number = 0
        self._claim: Claim | None = None
        self._renewed = 0.0
        self._is_behind = True

    def begin(self) -> Flow[None]:
        """See Follower."""
        self.name, self.place = yield from self.persist(
            lambda tr: self._group.start(tr, self._start)
        )

    def follow(self) -> Flow[None]:
        """See Follower."""
        self._number += 1
        self._renewed = time.monotonic()
        taken: Taken = yield from self.persist(
            lambda tr: self._group.claim(
                tr, self._start, self._me, self._number, self._abandoned, self._batch
            )
        )
        self._claim = taken.claim
        if taken.claim is not None:
            self._is_behind = True
            yield from self._hand_out(taken.claim, taken.events)
            return
        if self._is_behind:
            self._is_behind = False
            yield from self.status("caught_up")
        # While others have claims, one of them may have to be taken over: nothing else would tell.
        seconds = self._abandoned.seconds() if taken.others else WATCH_SECONDS
        yield from self.wait(taken.watches, min(seconds, WATCH_SECONDS))

    def _hand_out(self, claim: Claim, events: list[StreamEvent]) -> Flow[None]:
        for event in events:
            if time.monotonic() - self._renewed >= self._renewal_seconds:
                claim.renewals += 1
                self._renewed = time.monotonic()
                if not (yield from self.persist(lambda tr: self._group.renew(tr, self._me, claim))):
                    self._claim = None
                    return  # another one has taken it over
            self.place = event.place
            yield from self.give(event)
            # Who asks for the next one has handled this one.
            claim.after = event.place
        claim.after = claim.until

    def handled(self) -> None:
        """See Follower."""
        claim = self._claim
        # What was given last may be of an earlier claim, as status events come before the first event of one.
        if claim is not None and claim.after < self.place <= claim.until:
            claim.after = self.place

    def end(self) -> Flow[None]:
        """See Follower."""
        claim = self._claim
        if claim is None:
            return
        for _ in range(_LAST_ATTEMPTS):
            try:
                yield from self.attempt(lambda tr: self._group.release(tr, self._me, claim), None)
                return
            except FDBError as error:  # without it others wait for the lease time
                if error.code == TRANSACTION_TIMED_OUT or error.code not in TROUBLE:
                    return
                yield Sleep(_LAST_PAUSE)
