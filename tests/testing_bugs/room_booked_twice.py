"""A phantom: a booking looks for others of that time with a snapshot read, and a new one comes in between.

Repaired: the range is read with conflicts, which the other booking's row is in.
"""

from __future__ import annotations

from functools import partial

import fdb
from testing_bugs.bug import SERIALIZABLE, same

BOOKINGS = fdb.Subspace(("bookings",))


@fdb.transactional
def book_broken(tr: fdb.Transaction, begin: int, end: int, who: bytes) -> bool:
    for row in tr.snapshot[BOOKINGS.range()]:
        other_begin, other_end = BOOKINGS.unpack(row.key)
        if other_begin < end and begin < other_end:
            return row.value == who
    tr[BOOKINGS.pack((begin, end))] = who
    return True


@fdb.transactional
def book(tr: fdb.Transaction, begin: int, end: int, who: bytes) -> bool:
    for row in tr[BOOKINGS.range()]:
        other_begin, other_end = BOOKINGS.unpack(row.key)
        if other_begin < end and begin < other_end:
            return row.value == who
    tr[BOOKINGS.pack((begin, end))] = who
    return True


BUG = same(
    {BOOKINGS.pack((8, 9)): b"eve"},
    SERIALIZABLE,
    broken=lambda: [
        partial(book_broken, begin=10, end=12, who=b"ann"),
        partial(book_broken, begin=11, end=13, who=b"bob"),
    ],
    repaired=lambda: [
        partial(book, begin=10, end=12, who=b"ann"),
        partial(book, begin=11, end=13, who=b"bob"),
    ],
    holds=lambda rows, _: len(rows) == 2,
)
