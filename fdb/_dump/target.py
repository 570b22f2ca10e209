"""Writes rows into a database, in transactions that it takes; and looks at what is there before and after.

The same rows may be written twice: what an unknown result, or an interruption, leaves open does no harm.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from fdb._blocking import SynchronousOperations
from fdb._dump.parts import Row
from fdb._errors import FDBError
from fdb._transaction import Transaction

TRANSACTION_TOO_LARGE = 2101


def write(db: SynchronousOperations, rows: Sequence[Row]) -> int:
    """Sets rows in one transaction, or in more if that is too large for the database; returns in how many.

    Blocks. FDBError 2101 is for a row that is too large by itself.
    """
    try:
        db.run(_set, rows)
        return 1
    except FDBError as error:
        if error.code != TRANSACTION_TOO_LARGE or len(rows) < 2:
            raise
    half = len(rows) // 2
    return write(db, rows[:half]) + write(db, rows[half:])


def _set(tr: Transaction, rows: Sequence[Row]) -> None:
    for key, value in rows:
        tr.set(key, value)


def first_key(db: SynchronousOperations, begin: bytes, end: bytes) -> bytes | None:
    """Returns the first key of a range, None if there is none."""
    rows = db.get_range(begin, end, limit=1)
    return rows[0].key if rows else None


@dataclasses.dataclass
class Comparison:
    """How the rows of two ranges differ."""

    #: Rows that are the same on both sides.
    same: int = 0
    #: Those that are wanted and not there, those that have another value, those that are there and were not wanted.
    missing: int = 0
    different: int = 0
    extra: int = 0
    #: The first key of these.
    first: bytes | None = None

    def note(self, key: bytes) -> None:
        """Notes where there is a difference."""
        if self.first is None:
            self.first = key

    def is_sound(self, may_have_more: bool) -> bool:
        """Whether all that is wanted is there, and nothing else unless that may be."""
        return not (self.missing or self.different or (self.extra and not may_have_more))


def compare(wanted: Iterable[Row], found: Iterable[Row], may_have_more: bool = False) -> Comparison:
    """Compares rows that come in the order of their keys; with `may_have_more` extra rows are none of its business."""
    result = Comparison()
    others = iter(found)
    other = next(others, None)
    for key, value in wanted:
        while other is not None and other[0] < key:
            if not may_have_more:
                result.extra += 1
                result.note(other[0])
            other = next(others, None)
        if other is None or other[0] != key:
            result.missing += 1
            result.note(key)
            continue
        if other[1] == value:
            result.same += 1
        else:
            result.different += 1
            result.note(key)
        other = next(others, None)
    while other is not None and not may_have_more:
        result.extra += 1
        result.note(other[0])
        other = next(others, None)
    return result
