"""Groups of consumers of a stream: the steps (see `fdb._layers`) that take events for a group.

A group has a position: events up to it are taken, by a transaction that handles them itself, or by a consumer that
claims them. A claim is stored until its events are handled; one that has been neither renewed nor finished for the
lease time is taken over by another consumer, with the events that it says are left.

Invariants: the position and the claims change together, so each event is either above the position, or in one claim,
or handled; who acts on a claim reads it in the same transaction, so of a consumer and one that takes over only one
succeeds. A consumer numbers its claims, and finds out by the number that an earlier attempt was committed.
"""

from __future__ import annotations

import time

from fdb import tuple as tuple_layer
from fdb._layers import Steps
from fdb._typing import Any
from fdb.impl import StreamingMode, Transaction
from fdb.layers._stamped import set_stamped_value
from fdb.layers._stream_log import Log, Start, StreamEvent


def below(prefix: bytes) -> slice:
    """Returns the keys of the tuples that begin with the packed one and are longer."""
    return slice(prefix + b"\x00", prefix + b"\xff")


class Claim:
    """Events after one position up to another that a consumer handles."""

    __slots__ = ("after", "number", "released", "renewals", "until")

    def __init__(
        self, number: int, after: bytes, until: bytes, renewals: int = 0, released: bool = False
    ) -> None:
        self.number = number
        self.after = after
        self.until = until
        #: Counts, so that others see a change.
        self.renewals = renewals
        #: Whether others need not wait to take it over.
        self.released = released

    def pack(self) -> bytes:
        """Returns what is stored."""
        return tuple_layer.pack(
            (self.number, self.after, self.until, self.renewals, int(self.released))
        )

    @classmethod
    def unpack(cls, value: bytes) -> Claim:
        """Returns the claim that is stored."""
        number, after, until, renewals, released = tuple_layer.unpack(value)
        return cls(number, after, until, renewals, bool(released))


class Taken:
    """What a consumer has to do: events to handle, or something to wait for."""

    __slots__ = ("claim", "events", "others", "watches")

    def __init__(
        self, claim: Claim | None, events: list[StreamEvent], watches: list[Any], others: bool
    ) -> None:
        self.claim = claim
        self.events = events
        #: Become ready when there is something to do.
        self.watches = watches
        #: Whether other consumers have claims.
        self.others = others


class Group:
    """The keys of one group, and what is done with them."""

    def __init__(self, log: Log, group: str) -> None:
        self.log = log
        self.group = group
        self.position = tuple_layer.pack(("group", group, "position"), log.prefix)
        self.released = tuple_layer.pack(("group", group, "released"), log.prefix)
        self._claims = tuple_layer.pack(("group", group, "claim"), log.prefix)
        self.keys = below(tuple_layer.pack(("group", group), log.prefix))

    def claim_key(self, consumer: bytes) -> bytes:
        """Returns the key of a consumer's claim."""
        return self._claims + tuple_layer.pack((consumer,))

    def start(self, tr: Transaction, start: Start) -> Steps[tuple[bytes, bytes]]:
        """Returns the name of the stream and the position of the group, which a new one gets by `start`.

        Raises StreamTrimmedError if events above the position were trimmed.
        """
        position: bytes | None = yield tr.get(self.position)
        if position is None:
            name, position = yield from self.log.begin(tr, start)
            tr.set(self.position, position)
            return name, position
        trimmed = tr.get(self.log.trimmed)
        name = yield from self.log.name(tr)
        self.log.refuse_other(start, name)
        self.log.check_kept(name, position, (yield trimmed))
        return name, position

    def take(self, tr: Transaction, start: Start, most: int) -> Steps[list[StreamEvent]]:
        """Takes events for the transaction itself, which is to handle them."""
        name, position = yield from self.start(tr, start)
        rows = yield self.log.page(tr.snapshot, position, most)
        if rows:
            tr.set(self.position, bytes(rows[-1].key[len(self.log.events) :]))
        return self.log.events_of(name, rows)

    def claim(
        self, tr: Transaction, start: Start, me: bytes, number: int, abandoned: Abandoned, most: int
    ) -> Steps[Taken]:
        """Finishes what `me` has claimed before, and claims the next events under `number`."""
        claimed = below(self._claims)
        mine = tr.get(self.claim_key(me))
        claims = tr.snapshot.get_range_page(claimed, streaming_mode=StreamingMode.want_all)
        own: bytes | None = yield mine
        if own is not None and (claim := Claim.unpack(own)).number == number:
            name = yield from self.log.name(tr)  # an earlier attempt was committed
            return Taken(claim, (yield from self._left(tr, name, claim)), [], False)
        others = {row.key: row.value for row in (yield claims) if row.key != self.claim_key(me)}
        name, position = yield from self.start(tr, start)
        key = abandoned.find(others)
        if key is not None:
            theirs: bytes | None = yield tr.get(key)  # no snapshot: only one takes it over
            if theirs is not None:
                left = Claim.unpack(theirs)
                claim = Claim(number, left.after, left.until)
                tr.clear(key)
                tr.set(self.claim_key(me), claim.pack())
                return Taken(claim, (yield from self._left(tr, name, claim)), [], True)
        rows = yield self.log.page(tr.snapshot, position, most)
        if rows:
            until = bytes(rows[-1].key[len(self.log.events) :])
            tr.set(self.position, until)
            claim = Claim(number, position, until)
            tr.set(self.claim_key(me), claim.pack())
            return Taken(claim, self.log.events_of(name, rows), [], bool(others))
        if own is not None:
            tr.clear(self.claim_key(me))
        watches = [tr.watch(self.log.head), tr.watch(self.released)]
        return Taken(None, [], watches, bool(others))

    def _left(self, tr: Transaction, name: bytes, claim: Claim) -> Steps[list[StreamEvent]]:
        self.log.check_kept(name, claim.after, (yield tr.get(self.log.trimmed)))
        found: list[StreamEvent] = []
        after = claim.after
        while after < claim.until:
            rows = yield self.log.page(tr.snapshot, after, 0, claim.until)
            if not rows:
                break
            found += self.log.events_of(name, rows)
            after = found[-1].place
        return found

    def renew(self, tr: Transaction, me: bytes, claim: Claim) -> Steps[bool]:
        """Stores what is left of a claim; False if another consumer has taken it over."""
        own: bytes | None = yield tr.get(self.claim_key(me))
        if own is None or Claim.unpack(own).number != claim.number:
            return False
        tr.set(self.claim_key(me), claim.pack())
        return True

    def release(self, tr: Transaction, me: bytes, claim: Claim) -> Steps[None]:
        """Leaves what is left of a claim to the other consumers."""
        own: bytes | None = yield tr.get(self.claim_key(me))
        if own is None or Claim.unpack(own).number != claim.number:
            return
        if claim.after >= claim.until:
            tr.clear(self.claim_key(me))
            return
        claim.released = True
        tr.set(self.claim_key(me), claim.pack())
        set_stamped_value(tr, self.released)

    def seek(self, tr: Transaction, start: Start) -> Steps[None]:
        """Sets the position, and drops all claims."""
        _, position = yield from self.log.begin(tr, start)
        tr.clear_range(self.keys)
        tr.set(self.position, position)
        set_stamped_value(tr, self.released)


class Abandoned:
    """Which claims of others have not changed for the lease time, by the clock of one consumer."""

    def __init__(self, lease_time: float) -> None:
        self.lease_time = lease_time
        self._seen: dict[bytes, tuple[bytes, float]] = {}

    def find(self, claims: dict[bytes, bytes]) -> bytes | None:
        """Returns the key of one of the claims that nobody handles, None if there is none."""
        moment = time.monotonic()
        before, self._seen = self._seen, {}
        found = None
        for key, value in claims.items():
            seen, since = before.get(key, (b"", moment))
            if seen != value:
                since = moment
            self._seen[key] = (value, since)
            if Claim.unpack(value).released or moment - since >= self.lease_time:
                found = key
        return found

    def seconds(self) -> float:
        """Returns how long it takes at most until one of the claims that were seen counts as abandoned."""
        moment = time.monotonic()
        left = [since + self.lease_time - moment for _, since in self._seen.values()]
        return max(0.0, min(left)) if left else self.lease_time


def positions(log: Log, tr: Any) -> Steps[dict[str, bytes]]:
    """Returns by group the cursor up to which all events are handled."""
    name: bytes | None = yield tr.get(log.identity)
    if name is None:
        return {}
    found: dict[str, bytes] = {}
    for row in (yield tr.get_range(below(tuple_layer.pack(("group",), log.prefix)))):
        _, group, what, *_ = tuple_layer.unpack(row.key, len(log.prefix))
        if what == "position":
            place = bytes(row.value)
        elif what == "claim":
            place = Claim.unpack(row.value).after
        else:
            continue
        found[group] = min(place, found.get(group, place))
    return {group: log.cursor(name, place) for group, place in found.items()}
