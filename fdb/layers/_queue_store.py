"""The data of queues: keys, and the steps (see `fdb._layers`) that push, claim, finish and count.

Keys, as tuples within the subspace; `id` is the versionstamp of the push, `at` a version of the database, `priority`
None in a Queue, which leaves it out of the key of what is ready:

    ("item", id) = what was pushed
    ("ready", [priority,] id) = (attempts,): can be claimed
    ("due", at, id) = (attempts, is claimed, priority): can be claimed from that version on
    ("claim", id) = (token, at, attempts, priority): is claimed, and ("due", at, id) is there
    ("dead", id) = (attempts, priority): was claimed too often
    ("count", what, shard) = a signed integer of 8 bytes, the lowest first: how many are "ready", "claimed", "delayed"
        and "dead" is the sum over all shards
    ("signal",) = a versionstamp, another one whenever something can be claimed, or will be
    ("tick",) = empty: written where a version of now is needed
    ("receipt", ...): see `_once`

Invariants: an item is in exactly one of "ready", "due" and "dead"; in "due" with `is claimed` if and only if there is a
claim. Who takes an item out of one of these reads its key with a conflict. Nobody else reads with conflicts, so pushes
conflict with nothing, and claims only with those that take the same item.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import NamedTuple

from fdb import tuple as tuple_layer
from fdb._layers import Steps
from fdb._typing import Any
from fdb.impl import StreamingMode, Transaction
from fdb.layers._claiming import Calls, Found, Recent, Taken
from fdb.layers._leased import seconds_until
from fdb.layers._once import Receipts
from fdb.layers._stamped import set_stamped_key, set_stamped_value
from fdb.tuple import Versionstamp

#: The largest item: a value of the database.
MOST_DATA = 100_000
#: How many items one transaction can push.
_MOST_PUSHES = 65_536
_SHARDS = 16
_TOKEN_LENGTH = 16
_STAMP_CODE = b"\x33"
_NO_STAMP = b"\xff" * 10
_ID_LENGTH = 12
#: How often a claim doubles how far it looks when it is tried again.
_MOST_DOUBLINGS = 5
#: In the order of QueueCounts.
_KINDS = ("ready", "claimed", "delayed", "dead")


class ItemLostError(LookupError):
    """An item is not claimed by who acts on it any more: the lease has ended, and another one has it or had it."""


class QueueCounts(NamedTuple):
    """How many items of a queue are where."""

    ready: int
    """Items that could be claimed at once, those included whose delay or lease has ended."""
    claimed: int
    """Items that somebody has claimed, while the lease lasts."""
    delayed: int
    """Items that were pushed or released with a delay that lasts."""
    dead: int
    """Dead letters: items that were claimed too often, or buried."""


class QueueStore:
    """The keys of one queue, and what is done with them. Thread-safe."""

    def __init__(self, prefix: bytes, with_priority: bool, max_attempts: int | None) -> None:
        self._with_priority = with_priority
        self._max_attempts = max_attempts
        self.prefix = prefix
        self._items = tuple_layer.pack(("item",), prefix)
        self._ready = tuple_layer.pack(("ready",), prefix)
        self._due = tuple_layer.pack(("due",), prefix)
        self._claims = tuple_layer.pack(("claim",), prefix)
        self._dead = tuple_layer.pack(("dead",), prefix)
        self._signal = tuple_layer.pack(("signal",), prefix)
        self._tick = tuple_layer.pack(("tick",), prefix)
        shard = random.randrange(_SHARDS)
        self._counts = {kind: tuple_layer.pack(("count", kind, shard), prefix) for kind in _KINDS}
        self._receipt = tuple_layer.pack(("receipt",), prefix)
        self._receipts = Receipts(self._receipt)
        self._calls = tuple_layer.pack(("calls",), prefix)
        self._recent = Recent()

    # ---- keys ----

    def _ready_key(self, priority: Any, id: bytes) -> bytes:
        if self._with_priority:
            return tuple_layer.pack((priority, Versionstamp.from_bytes(id)), self._ready)
        return _key(self._ready, id)

    def _due_key(self, due: int, id: bytes) -> bytes:
        return tuple_layer.pack((due, Versionstamp.from_bytes(id)), self._due)

    def _count(self, tr: Transaction, kind: str, by: int) -> None:
        tr.add(self._counts[kind], by.to_bytes(8, "little", signed=True))

    def _tell(self, tr: Transaction) -> None:
        set_stamped_value(tr, self._signal)

    # ---- attempts ----

    def _begin(self, tr: Transaction) -> Steps[tuple[Calls, bool]]:
        """Tells whether an earlier attempt that was committed has done what this one does; writes nothing."""
        if tr._receipts is None:
            tr._receipts = {}
        calls: Calls | None = tr._receipts.get(self._calls)
        if calls is None:
            calls = tr._receipts[self._calls] = Calls()
        attempt = tr._failed_attempts
        if calls.attempt != attempt:
            calls.attempt, calls.pushes, calls.found = attempt, 0, 0
        if self._receipt in tr._receipts and (yield from self._receipts.applied(tr)) is not None:
            return calls, True
        if calls.settled != attempt:
            calls.missed = calls.chosen
            self._recent.forget(calls.missed)
            calls.settled, calls.chosen, calls.claims, calls.refused = attempt, [], [], set()
        return calls, False

    # ---- push ----

    def push(self, tr: Transaction, data: bytes, priority: Any, delay: int) -> Steps[None]:
        """Adds an item, which can be claimed `delay` versions later."""
        calls, repeated = yield from self._begin(tr)
        if repeated:
            return
        number = calls.pushes
        if number >= _MOST_PUSHES:
            raise ValueError(f"one transaction pushes at most {_MOST_PUSHES:,} items to a queue")
        calls.pushes += 1
        # Waited for before anything is written, so that who is interrupted here has pushed nothing.
        version: int = (yield tr.get_read_version()) if delay else 0
        yield from self._receipts.applied(tr)
        stamp = number.to_bytes(2, "big")
        _set_stamped(tr, self._items, stamp, data)
        if delay:
            due = version + delay
            value = tuple_layer.pack((0, False, priority))
            _set_stamped(tr, tuple_layer.pack((due,), self._due), stamp, value)
            self._count(tr, "delayed", 1)
        else:
            prefix = self._ready
            if self._with_priority:
                prefix = tuple_layer.pack((priority,), prefix)
            _set_stamped(tr, prefix, stamp, tuple_layer.pack((0,)))
            self._count(tr, "ready", 1)
        self._tell(tr)

    # ---- claim ----

    def claim(self, tr: Transaction, limit: int, lease: int) -> Steps[list[Taken]]:
        """Takes up to `limit` items for `lease` versions, the first that can be had."""
        taken, _ = yield from self._claim(tr, limit, lease)
        return taken

    def claim_or_watch(
        self, tr: Transaction, limit: int, lease: int
    ) -> Steps[tuple[list[Taken], Any, float | None]]:
        """As `claim`; if there is nothing, returns a watch, too, and after how many seconds to look again at last."""
        taken, version = yield from self._claim(tr, limit, lease)
        if taken:
            return taken, None, None
        rows = yield tr.snapshot.get_range_page(
            tuple_layer.pack((version + 1,), self._due), self._due + b"\xff", 1
        )
        seconds = None
        for row in rows:
            seconds = seconds_until(tuple_layer.unpack(row.key, len(self._due))[0], version)
        return taken, tr.watch(self._signal), seconds

    def _claim(self, tr: Transaction, limit: int, lease: int) -> Steps[tuple[list[Taken], int]]:
        calls, repeated = yield from self._begin(tr)
        version: int = yield tr.get_read_version()
        if repeated:
            taken = calls.claims[calls.found] if calls.found < len(calls.claims) else []
            calls.found += 1
        else:
            taken = yield from self._take(tr, calls, limit, lease, version)
            calls.claims.append(taken)
        return taken, version

    def _take(
        self, tr: Transaction, calls: Calls, limit: int, lease: int, version: int
    ) -> Steps[list[Taken]]:
        chosen = yield from self._choose(tr, calls, limit, version)
        if not chosen:
            return []
        yield from self._receipts.applied(tr)
        values = [tr.snapshot.get(_key(self._items, each.id)) for each in chosen]
        due, token, taken = version + lease, os.urandom(_TOKEN_LENGTH), []
        for each, value in zip(chosen, values, strict=True):
            data: bytes | None = yield value
            if data is None:
                raise RuntimeError(f"an item has gone from {self.prefix!r}: others wrote there")
            tr.add_read_conflict_key(each.key)
            tr.clear(each.key)
            item = Taken(each.id, data, each.attempts + 1, each.priority, token, due)
            self._set_claim(tr, item, due)
            if each.kind != "claimed":
                self._count(tr, each.kind, -1)
                self._count(tr, "claimed", 1)
            taken.append(item)
        return taken

    def _choose(
        self, tr: Transaction, calls: Calls, limit: int, version: int
    ) -> Steps[list[Found]]:
        """Chooses what to claim, and buries what was claimed too often."""
        while True:
            chosen = yield from self._find(tr, calls, limit, version)
            left = []
            for each in chosen:
                if self._max_attempts is None or each.attempts < self._max_attempts:
                    left.append(each)
                    continue
                tr.add_read_conflict_key(each.key)
                tr.clear(each.key)
                self._bury(tr, each.kind, each.id, each.attempts, each.priority)
            # What was buried is not found again: behind it there may be more.
            if left or not chosen:
                return left

    def _find(self, tr: Transaction, calls: Calls, limit: int, version: int) -> Steps[list[Found]]:
        """Returns items that nobody else is about to claim, as far as this process knows; others if there are no more."""
        while True:
            spare = self._recent.spare << min(tr._failed_attempts, _MOST_DOUBLINGS)
            rows, are_all = yield from self._look(tr, limit + spare, version)
            ids = [row.key[-_ID_LENGTH:] for row in rows]
            last = max(ids, default=b"")
            if not calls.claims and any(id < last and id not in ids for id in calls.missed):
                # Somebody else has taken what an attempt before was about to, and tries for the next now. What is
                # behind the last row says nothing: there may be more rows than were given.
                self._shuffle(rows)
                ids = [row.key[-_ID_LENGTH:] for row in rows]
            chosen = self._recent.choose(ids, limit)
            if len(chosen) < limit and not are_all and self._recent.widen():
                self._recent.forget([ids[at] for at in chosen])
                continue
            if not chosen:
                chosen = list(range(min(limit, len(rows))))
            calls.chosen += [ids[at] for at in chosen]
            return [self._unpack(rows[at]) for at in chosen]

    def _look(self, tr: Transaction, most: int, version: int) -> Steps[tuple[list[Any], bool]]:
        """Returns rows of items that can be claimed, in the order of the items, and whether those are all."""
        mode = StreamingMode.want_all
        ready = tr.snapshot.get_range_page(
            self._ready + b"\x00", self._ready + b"\xff", most, streaming_mode=mode
        )
        end = tuple_layer.pack((version + 1,), self._due)
        overdue = tr.snapshot.get_range_page(self._due + b"\x00", end, most, streaming_mode=mode)
        ready_rows, overdue_rows = (yield ready), (yield overdue)
        are_all = max(len(ready_rows), len(overdue_rows)) < most
        if not overdue_rows:
            return ready_rows, are_all
        return sorted([*ready_rows, *overdue_rows], key=self._place)[:most], are_all

    def _place(self, row: Any) -> tuple[Any, bytes]:
        id = row.key[-_ID_LENGTH:]
        return (self._unpack(row).priority, id) if self._with_priority else (0, id)

    def _shuffle(self, rows: list[Any]) -> None:
        """Changes the order of those that have the priority of the first."""
        count = len(rows)
        if self._with_priority and rows:
            first = self._unpack(rows[0]).priority
            count = sum(self._unpack(row).priority == first for row in rows)
        same = rows[:count]
        random.shuffle(same)
        rows[:count] = same

    def _unpack(self, row: Any) -> Found:
        key, id = row.key, row.key[-_ID_LENGTH:]
        if key.startswith(self._due):
            attempts, is_claimed, priority = tuple_layer.unpack(row.value)
            return Found(key, "claimed" if is_claimed else "delayed", id, attempts, priority)
        (attempts,) = tuple_layer.unpack(row.value)
        priority = tuple_layer.unpack(key, len(self._ready))[0] if self._with_priority else None
        return Found(key, "ready", id, attempts, priority)

    # ---- what is claimed ----

    def held(self, tr: Transaction, taken: list[Taken]) -> Steps[list[Taken]]:
        """Returns those that are claimed under the tokens that they have."""
        reads = [tr.get(_key(self._claims, each.id)) for each in taken]
        found = []
        for each, read in zip(taken, reads, strict=True):
            value: bytes | None = yield read
            if value is not None and tuple_layer.unpack(value)[0] == each.token:
                found.append(each)
        return found

    def extend(self, tr: Transaction, item: Taken, lease: int) -> Steps[None]:
        """Has the lease of an item end so many versions from now. Raises ItemLostError."""
        version = tr.get_read_version()
        due = yield from self._begin_with(tr, item)
        if due is not None:
            end = (yield version) + lease
            tr.clear(self._due_key(due, item.id))
            self._set_claim(tr, item, end)

    def finish(self, tr: Transaction, item: Taken) -> Steps[bool]:
        """Removes an item. Raises ItemLostError; returns False if an earlier attempt has done it."""
        due = yield from self._begin_with(tr, item)
        if due is None:
            return False
        yield from self._receipts.applied(tr)
        self._drop_claim(tr, item, due)
        tr.clear(_key(self._items, item.id))
        self._count(tr, "claimed", -1)
        return True

    def release(self, tr: Transaction, item: Taken, delay: int, failed: bool) -> Steps[None]:
        """Gives an item back, to be claimed again after so many versions. Raises ItemLostError."""
        due = yield from self._begin_with(tr, item)
        if due is None:
            return
        version: int = (yield tr.get_read_version()) if delay else 0
        yield from self._receipts.applied(tr)
        self._drop_claim(tr, item, due)
        self._recent.forget([item.id])
        attempts = item.attempts if failed else item.attempts - 1
        if failed and self._max_attempts is not None and attempts >= self._max_attempts:
            self._bury(tr, "claimed", item.id, attempts, item.priority)
            return
        self._count(tr, "claimed", -1)
        if delay:
            value = tuple_layer.pack((attempts, False, item.priority))
            tr.set(self._due_key(version + delay, item.id), value)
            self._count(tr, "delayed", 1)
        else:
            tr.set(self._ready_key(item.priority, item.id), tuple_layer.pack((attempts,)))
            self._count(tr, "ready", 1)
        self._tell(tr)

    def release_if_held(self, tr: Transaction, taken: list[Taken], failed: bool) -> Steps[None]:
        """Gives those back that are claimed under the tokens that they have."""
        for each in (yield from self.held(tr, taken)):
            yield from self.release(tr, each, 0, failed)

    def bury(self, tr: Transaction, item: Taken) -> Steps[None]:
        """Makes an item a dead letter. Raises ItemLostError."""
        due = yield from self._begin_with(tr, item)
        if due is not None:
            yield from self._receipts.applied(tr)
            self._drop_claim(tr, item, due)
            self._recent.forget([item.id])
            self._bury(tr, "claimed", item.id, item.attempts, item.priority)

    def _begin_with(self, tr: Transaction, item: Taken) -> Steps[int | None]:
        """Returns when a claim ends, None if an earlier attempt has acted on it already. Writes nothing.

        Raises ItemLostError, also if the earlier attempt has met that.
        """
        calls, repeated = yield from self._begin(tr)
        value: bytes | None = yield tr.get(_key(self._claims, item.id))
        if repeated and item.id not in calls.refused:
            return None
        if value is not None and not repeated:
            token, due, _, _ = tuple_layer.unpack(value)
            if token == item.token:
                return int(due)
        calls.refused.add(item.id)
        raise ItemLostError(
            f"the item {Versionstamp.from_bytes(item.id)!r} is not claimed any more by this claim, "
            f"number {item.attempts}: its lease has ended, or it was finished or released"
        )

    def _drop_claim(self, tr: Transaction, item: Taken, due: int) -> None:
        tr.clear(self._due_key(due, item.id))
        tr.clear(_key(self._claims, item.id))

    def tick(self, tr: Transaction) -> Steps[None]:
        """Writes something, so that there is a version of now."""
        tr.set(self._tick, b"")
        return
        yield

    def _set_claim(self, tr: Transaction, item: Taken, due: int) -> None:
        value = tuple_layer.pack((item.token, due, item.attempts, item.priority))
        tr.set(_key(self._claims, item.id), value)
        value = tuple_layer.pack((item.attempts, True, item.priority))
        tr.set(self._due_key(due, item.id), value)

    def _bury(self, tr: Transaction, kind: str, id: bytes, attempts: int, priority: Any) -> None:
        if kind == "claimed":
            tr.clear(_key(self._claims, id))
        tr.set(_key(self._dead, id), tuple_layer.pack((attempts, priority)))
        self._count(tr, kind, -1)
        self._count(tr, "dead", 1)

    # ---- dead letters, counts ----

    def dead(self, tr: Transaction, limit: int) -> Steps[list[Taken]]:
        """Returns dead letters, the oldest first."""
        rows = yield tr.get_range(self._dead + b"\x00", self._dead + b"\xff", limit)
        ids = [row.key[len(self._dead) + 1 :] for row in rows]
        values = [tr.get(_key(self._items, id)) for id in ids]
        found = []
        for row, id, value in zip(rows, ids, values, strict=True):
            attempts, priority = tuple_layer.unpack(row.value)
            data: bytes | None = yield value
            found.append(Taken(id, data or b"", attempts, priority, b"", 0))
        return found

    def revive(self, tr: Transaction, item: Taken) -> Steps[bool]:
        """Makes a dead letter an item that was never claimed; returns whether it was there."""

        def restore() -> None:
            tr.set(self._ready_key(item.priority, item.id), tuple_layer.pack((0,)))
            self._count(tr, "ready", 1)
            self._tell(tr)

        return (yield from self._act_on_dead(tr, item, restore))

    def discard(self, tr: Transaction, item: Taken) -> Steps[bool]:
        """Removes a dead letter; returns whether it was there."""
        key = _key(self._items, item.id)
        return (yield from self._act_on_dead(tr, item, lambda: tr.clear(key)))

    def _act_on_dead(self, tr: Transaction, item: Taken, act: Callable[[], None]) -> Steps[bool]:
        calls, repeated = yield from self._begin(tr)
        if repeated:
            return item.id not in calls.refused
        key = _key(self._dead, item.id)
        value: bytes | None = yield tr.get(key)
        if value is None:
            calls.refused.add(item.id)
            return False
        yield from self._receipts.applied(tr)
        tr.clear(key)
        self._count(tr, "dead", -1)
        act()
        return True

    def counts(self, tr: Transaction) -> Steps[QueueCounts]:
        """Counts the items, as of one version."""
        prefix = tuple_layer.pack(("count",), self.prefix)
        shards = tr.snapshot.get_range(prefix + b"\x00", prefix + b"\xff")
        version: int = yield tr.get_read_version()
        overdue = tr.snapshot.get_range(
            self._due + b"\x00", tuple_layer.pack((version + 1,), self._due)
        )
        counted: dict[str, int] = dict.fromkeys(_KINDS, 0)
        for row in (yield shards):
            kind = tuple_layer.unpack(row.key, len(self.prefix))[1]
            counted[kind] += int.from_bytes(row.value, "little", signed=True)
        for row in (yield overdue):
            kind = self._unpack(row).kind
            counted[kind] -= 1
            counted["ready"] += 1
        return QueueCounts(*counted.values())


def _key(prefix: bytes, id: bytes) -> bytes:
    """The key of a tuple that ends with the id of an item."""
    return prefix + _STAMP_CODE + id


def _set_stamped(tr: Transaction, prefix: bytes, number: bytes, value: bytes) -> None:
    """Sets the key of a tuple that ends with the id which the commit gives, for the push of that number."""
    set_stamped_key(tr, prefix + _STAMP_CODE, number, value, _NO_STAMP)
