"""The log of a stream: its keys, positions and cursors, and the steps (see `fdb._layers`) that read, write and trim it.

A position is the 12 bytes of a versionstamp, so positions ascend in the order of commits and, within one transaction,
in the order of the appends. All that is stored of positions means "up to and with this event".

Invariants: the position of the last event that was trimmed never goes back, and no event up to it is left; an event
above it is missing only if nobody has appended it.
"""

from __future__ import annotations

import os
import time
import zlib

from fdb import tuple as tuple_layer
from fdb._layers import Steps
from fdb._typing import Any
from fdb.impl import StreamingMode, Transaction
from fdb.layers._once import Receipts
from fdb.layers._stamped import set_stamped_key, set_stamped_value
from fdb.tuple import Versionstamp

POSITION_LENGTH = 12
#: Before every event.
BEGIN = bytes(POSITION_LENGTH)
#: The largest data of an event: a value of the database, less the time.
MOST_DATA = 100_000 - 8
#: How many events one transaction can append.
MOST_APPENDS = 65_536
MICROSECONDS = 1_000_000

_TIME_LENGTH = 8
_IDENTITY_LENGTH = 16
_CHECK_LENGTH = 4
_CURSOR_FORMAT = b"\x01"
_VERSION_LENGTH = 8
_MOST_VERSION = (1 << 63) - 1
_STAMP_LENGTH = 10
_STAMP_CODE = b"\x33"
#: What a position ends with that stands behind all events of its version, or of its transaction.
_AFTER_VERSION = b"\xff" * (POSITION_LENGTH - _VERSION_LENGTH)
_AFTER_STAMP = b"\xff" * (POSITION_LENGTH - _STAMP_LENGTH)


class StreamTrimmedError(LookupError):
    """Events that were still to be delivered are not there any more: they were trimmed, or all was cleared.

    `cursor` is where to go on: after the last event that was trimmed.
    """

    def __init__(self, text: str, cursor: bytes) -> None:
        super().__init__(text)
        self.cursor = cursor
        """Where to go on: after the last event that was trimmed."""


class StreamEvent:
    """One event of a stream."""

    __slots__ = ("_log", "_name", "data", "place", "time")

    def __init__(self, log: Log, name: bytes, place: bytes, value: bytes) -> None:
        self._log = log
        self._name = name
        self.place: bytes = place
        """Its position as the 12 bytes that order the stream; `position` has the same as a Versionstamp."""
        self.time: float = int.from_bytes(value[:_TIME_LENGTH], "big") / MICROSECONDS
        """When it was appended, in seconds since 1970, by the clock of who did."""
        self.data: bytes = value[_TIME_LENGTH:]
        """What was appended."""

    @property
    def position(self) -> Versionstamp:
        """Its place in the order of the stream: the versionstamp of its transaction, and its number in that."""
        return Versionstamp.from_bytes(self.place)

    @property
    def version(self) -> int:
        """The version of the database that its transaction has made."""
        return int.from_bytes(self.place[:_VERSION_LENGTH], "big")

    @property
    def cursor(self) -> bytes:
        """Where to go on after it: opaque, of this stream only, valid in other processes and at later times.

        Cursors of one stream compare as the positions of their events.
        """
        return self._log.cursor(self._name, self.place)

    def __repr__(self) -> str:
        return f"<StreamEvent {self.version}:{self.position.user_version} {self.data!r}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, StreamEvent):
            return NotImplemented
        return (self.cursor, self.data) == (other.cursor, other.data)

    def __hash__(self) -> int:
        return hash(self.place)


class Start:
    """Where to begin: "first", "latest", or after a position, which a cursor may have given with a name."""

    __slots__ = ("name", "place", "word")

    def __init__(self, word: str, place: bytes = BEGIN, name: bytes | None = None) -> None:
        self.word: str = word
        self.place: bytes = place
        self.name: bytes | None = name


class _Appends:
    """What the attempt of a transaction has appended so far."""

    __slots__ = ("attempt", "count", "stamp")

    def __init__(self, attempt: int, stamp: Any) -> None:
        self.attempt = attempt
        self.count = 0
        #: The versionstamp: a future of the commit, or that of an earlier attempt that was committed.
        self.stamp = stamp


class Log:
    """The keys of one stream, and what is done with them."""

    def __init__(self, prefix: bytes) -> None:
        self.prefix = prefix
        self.events: bytes = tuple_layer.pack(("log",), prefix) + _STAMP_CODE
        self.end: bytes = tuple_layer.pack(("log",), prefix) + b"\x34"
        self.head: bytes = tuple_layer.pack(("head",), prefix)
        self.trimmed: bytes = tuple_layer.pack(("trimmed",), prefix)
        self.identity: bytes = tuple_layer.pack(("id",), prefix)
        self.receipts: Receipts = Receipts(tuple_layer.pack(("receipt",), prefix), stamped=True)

    # ---- positions and cursors ----

    def cursor(self, name: bytes, place: bytes) -> bytes:
        """Returns the cursor of a position; `name` is the stored one of the stream."""
        body = _CURSOR_FORMAT + name + place
        return body + self._check(body)

    def _check(self, body: bytes) -> bytes:
        return zlib.crc32(body, zlib.crc32(self.prefix)).to_bytes(_CHECK_LENGTH, "big")

    def place_of(self, what: str, place: Any) -> Start:
        """Returns the position that a cursor, an event's position or a version stands for.

        Raises TypeError for another type, ValueError for a cursor of another stream or one that is damaged, for an
        incomplete position and for a version that is out of range.
        """
        if isinstance(place, bytes):
            body, check = place[:-_CHECK_LENGTH], place[-_CHECK_LENGTH:]
            length = len(_CURSOR_FORMAT) + _IDENTITY_LENGTH + POSITION_LENGTH
            if len(body) != length or body[:1] != _CURSOR_FORMAT or self._check(body) != check:
                raise ValueError(f"{what}: {place!r} is no cursor of the stream at {self.prefix!r}")
            return Start(
                "cursor", body[-POSITION_LENGTH:], body[len(_CURSOR_FORMAT) : -POSITION_LENGTH]
            )
        if isinstance(place, Versionstamp):
            if not place.is_complete():
                raise ValueError(f"{what}: {place!r} is not complete: its commit is still to come")
            return Start("position", place.to_bytes())
        if isinstance(place, int) and not isinstance(place, bool):
            if not 0 <= place <= _MOST_VERSION:
                raise ValueError(f"{what}: {place!r} is no version of a database")
            return Start("version", place.to_bytes(_VERSION_LENGTH, "big") + _AFTER_VERSION)
        raise TypeError(
            f"{what} is a cursor (bytes), a position (Versionstamp) or a version (int), not "
            f"{type(place).__name__}"
        )

    def start_of(self, start: Any) -> Start:
        """As `place_of`; also of the words "first" and "latest", and ValueError for another one."""
        if isinstance(start, str):
            if start not in ("first", "latest"):
                raise ValueError(
                    f'start is "first", "latest", a cursor, a position or a version, not {start!r}'
                )
            return Start(start)
        return self.place_of("start", start)

    def refuse_other(self, start: Start, name: bytes) -> None:
        """Raises ValueError if a cursor was one of another stream: of another database, or from before a removal."""
        if start.name is not None and start.name != name:
            raise ValueError(
                f"the cursor is not one of the stream that is at {self.prefix!r} now, but of another database or "
                "tenant, or of one that was removed"
            )

    # ---- steps ----

    def name(self, tr: Transaction) -> Steps[bytes]:
        """Returns the random name of the stream; stores one if it has none yet."""
        name: bytes | None = yield tr.get(self.identity)
        if name is None:
            name = os.urandom(_IDENTITY_LENGTH)
            tr.set(self.identity, name)
        return name

    def begin(self, tr: Transaction, start: Start) -> Steps[tuple[bytes, bytes]]:
        """Returns the name of the stream, and the position after which somebody is to begin."""
        trimmed = tr.get(self.trimmed)
        head = tr.snapshot.get(self.head)
        name = yield from self.name(tr)
        self.refuse_other(start, name)
        last: bytes | None = yield trimmed
        stamp: bytes | None = yield head
        if start.word == "first":
            return name, last or BEGIN
        if start.word == "latest":
            return name, BEGIN if stamp is None else stamp + _AFTER_STAMP
        self.check_kept(name, start.place, last)
        return name, start.place

    def check_kept(self, name: bytes, place: bytes, trimmed: bytes | None) -> None:
        """Raises StreamTrimmedError if an event after `place` was trimmed."""
        if trimmed is not None and place < trimmed:
            first, last = Versionstamp.from_bytes(place), Versionstamp.from_bytes(trimmed)
            raise StreamTrimmedError(
                f"the stream at {self.prefix!r} was trimmed: events between {first!r} and {last!r} were to be "
                "delivered and are gone",
                self.cursor(name, trimmed),
            )

    def page(self, tr: Any, after: bytes, most: int, until: bytes | None = None) -> Any:
        """Begins to read a page of the events behind `after`, up to `until`, at most `most` of them."""
        last = self.end if until is None else self.events + until + b"\x00"
        return tr.get_range_page(
            self.events + after + b"\x00", last, most, streaming_mode=StreamingMode.want_all
        )

    def events_of(self, name: bytes, rows: Any) -> list[StreamEvent]:
        """Returns the events of rows."""
        skip = len(self.events)
        return [StreamEvent(self, name, row.key[skip:], row.value) for row in rows]

    def append(self, tr: Transaction, data: bytes) -> Steps[tuple[Any, int]]:
        """Appends an event. Returns the versionstamp, bytes or a future of them, and its number in the transaction."""
        found = yield from self.receipts.applied(tr)
        # Beside the receipt: both go when the transaction is reset.
        kept: dict[bytes, _Appends] = tr._receipts or {}
        appends = kept.get(self.events)
        if appends is None or appends.attempt != tr._failed_attempts:
            stamp = tr.get_versionstamp() if found is None else found
            appends = kept[self.events] = _Appends(tr._failed_attempts, stamp)
        number = appends.count
        if number >= MOST_APPENDS:
            raise ValueError(f"one transaction appends at most {MOST_APPENDS} events to a stream")
        appends.count += 1
        if found is None:
            value = now().to_bytes(_TIME_LENGTH, "big") + data
            set_stamped_key(tr, self.events, number.to_bytes(2, "big"), value)
            if number == 0:
                set_stamped_value(tr, self.head)
        return appends.stamp, number

    def trim(self, tr: Transaction, until: Start) -> Steps[None]:
        """Removes the events up to a position."""
        name = yield from self.name(tr)
        self.refuse_other(until, name)
        yield from self.remove_through(tr, until.place)

    def remove_through(self, tr: Transaction, place: bytes) -> Steps[None]:
        """Removes the events up to `place`, and notes the last of them."""
        trimmed = tr.get(self.trimmed)
        # Not a snapshot: what is appended meanwhile below `place` must not be removed without being noted.
        last = tr.get_range_page(self.events, self.events + place + b"\x00", 1, reverse=True)
        rows = yield last
        earlier: bytes | None = yield trimmed
        if not rows:
            return
        found = bytes(rows[0].key[len(self.events) :])
        tr.clear_range(self.events, self.events + found + b"\x00")
        if earlier is None or earlier < found:
            tr.set(self.trimmed, found)

    def trim_older(self, tr: Transaction, limit: int) -> Steps[None]:
        """Removes the events that are older than `limit`, in microseconds since 1970.

        Looks for the first that is not by halving the versions between the first and the last event.
        """
        first = tr.snapshot.get_range_page(self.events, self.end, 1)
        last = tr.snapshot.get_range_page(self.events, self.end, 1, reverse=True)
        old_rows, young_rows = (yield first), (yield last)
        if not old_rows or _time_of(old_rows[0]) >= limit:
            return
        # An event of the version `old` is older, none from `young` on is, as far as the clocks agree.
        old, young = self._version_of(old_rows[0]), self._version_of(young_rows[0]) + 1
        if _time_of(young_rows[0]) < limit:
            old = young - 1
        while young - old > 1:
            middle = (old + young) // 2
            begin = self.events + middle.to_bytes(_VERSION_LENGTH, "big")
            rows = yield tr.snapshot.get_range_page(begin, self.end, 1)
            if _time_of(rows[0]) < limit:
                old = self._version_of(rows[0])
            else:
                young = middle
        yield from self.remove_through(tr, old.to_bytes(_VERSION_LENGTH, "big") + _AFTER_VERSION)

    def _version_of(self, row: Any) -> int:
        begin = len(self.events)
        return int.from_bytes(row.key[begin : begin + _VERSION_LENGTH], "big")


def now() -> int:
    """Returns the time, in microseconds since 1970."""
    return time.time_ns() // 1_000


def _time_of(row: Any) -> int:
    return int.from_bytes(row.value[:_TIME_LENGTH], "big")
