"""The high-contention allocator: short unique integers, handed out by concurrent transactions."""

from __future__ import annotations

import random
import struct

from fdb._layers import Steps, require_transaction, run
from fdb._typing import Any
from fdb.subspace_impl import Subspace
from fdb.tuple import pack, unpack

_COUNTER = struct.Struct("<q")
_ONE = _COUNTER.pack(1)


class HighContentionAllocator:
    """Allocates integers that are unique in ``subspace``, as packed tuples of one element.

    Candidates are drawn at random from a window, so that concurrent transactions seldom meet. Each
    window has a counter of the allocations begun in it; once it is half full the window moves on, which
    keeps the integers, and so the keys that begin with them, short. Only the write of a candidate that
    was free conflicts with anything: two transactions that draw the same one.
    """

    def __init__(self, subspace: Subspace) -> None:
        #: Where the counters of the windows are.
        self.counters: Subspace = subspace[0]
        #: Where the candidates are that were taken lately.
        self.recent: Subspace = subspace[1]
        self._counters = self.counters.key()
        self._first, self._end = self._counters + b"\x00", self._counters + b"\xff"
        self._recent = self.recent.key()

    def allocate(self, tr: Any) -> bytes:
        """Return a packed integer that no other transaction gets. Blocks."""
        number: bytes = run(tr, self.allocate_steps)
        return number

    def allocate_steps(self, tr: Any) -> Steps[bytes]:
        """The steps of ``allocate``."""
        require_transaction(tr, "integers are allocated")
        while True:
            start, size = yield from self._choose_window(tr)
            candidate = yield from self._choose_candidate(tr, start, size)
            if candidate is not None:
                return pack((candidate,))

    def _read_newest_window(self, snapshot: Any) -> Any:
        """Begin to read the counter of the newest window; snapshot, as every allocation changes it."""
        return snapshot.get_range_page(self._first, self._end, 1, True)

    def _start_of(self, rows: Any) -> int:
        start: int = unpack(rows[0].key, len(self._counters))[0] if rows else 0
        return start

    def _choose_window(self, tr: Any) -> Steps[tuple[int, int]]:
        """Count this allocation in a window that is less than half full; return its start and size."""
        snapshot = tr.snapshot
        start = self._start_of((yield self._read_newest_window(snapshot)))
        advanced = False
        while True:
            counter = pack((start,), self._counters)
            if advanced:
                tr.clear_range(self._counters, counter)
                tr.options.set_next_write_no_write_conflict_range()
                tr.clear_range(self._recent, pack((start,), self._recent))
            tr.add(counter, _ONE)
            stored = yield snapshot.get(counter)
            count: int = _COUNTER.unpack(stored)[0] if stored is not None else 0
            size = window_size(start)
            if count * 2 < size:
                return start, size
            start += size
            advanced = True

    def _choose_candidate(self, tr: Any, start: int, size: int) -> Steps[int | None]:
        """Claim a free integer of the window; None if another transaction moved the window on."""
        snapshot, options = tr.snapshot, tr.options
        while True:
            candidate = random.randrange(start, start + size)
            key = pack((candidate,), self._recent)
            newest_read = self._read_newest_window(snapshot)
            taken_read = tr.get(key)
            # Claimed at once for the rest of this transaction; a conflict only if it was free (below).
            options.set_next_write_no_write_conflict_range()
            tr.set(key, b"")
            if self._start_of((yield newest_read)) > start:
                return None
            taken = yield taken_read
            if taken is None:
                tr.add_write_conflict_key(key)
                return candidate


def window_size(start: int) -> int:
    """Return how many integers the window at ``start`` spans: small ones first, to keep keys short."""
    if start < 255:
        return 64
    if start < 65535:
        return 1024
    return 8192
