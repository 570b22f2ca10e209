"""Reads the rows of a range that is to be exported or copied: at one version of the database as long as that is possible.

Five seconds are what a version lasts. What takes longer is read on at newer versions, and `version` says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from fdb._blocking import SynchronousOperations
from fdb._bulk.scan import Scan
from fdb._dump.parts import Row
from fdb._errors import FDBError

TRANSACTION_TOO_OLD = 1007
#: Of keys and values, in a batch: what a cluster takes without trouble.
BATCH_BYTES = 500_000
#: Rows in a batch: with more they leave the processor's cache before they are written, which costs more than is gained.
MOST_ROWS = 2_000
_ROWS = 500


class SeveralVersions(Exception):
    """One version was wanted, and the database has forgotten it before all was read."""


class Source:
    """The rows of a range. One thread at a time."""

    def __init__(self, db: SynchronousOperations, begin: bytes, end: bytes) -> None:
        self._db = db
        self.begin = begin
        self.end = end
        #: The read version of all rows that were read; None before the first, and if there are several.
        self.version: int | None = None

    def batches(
        self, after: bytes | None = None, *, snapshot: bool = False, size: int = BATCH_BYTES
    ) -> Iterator[tuple[list[Row], int]]:
        """Yields lists of rows behind the key `after`, of about `size` bytes, and the bytes of their keys and values.

        With `snapshot`, raises SeveralVersions where it would go on at another version.
        """
        begin = self.begin if after is None else after + b"\x00"
        self.version = None
        scan = self._db.scan((begin, self.end), consistent=True)
        try:
            for rows, sum_ in cut(scan, size):
                self.version = scan._reader.version
                begin = rows[-1][0] + b"\x00"
                yield rows, sum_
            return
        except FDBError as error:
            if error.code != TRANSACTION_TOO_OLD:
                raise
            if snapshot:
                raise SeveralVersions from error
        self.version = None
        yield from cut(self._db.scan((begin, self.end)), size)

    def rows(self) -> Iterator[Row]:
        """Yields the rows one by one, not of one version."""
        rows: Iterator[Any] = iter(self._db.scan((self.begin, self.end)))
        return rows


def cut(scan: Scan, most: int) -> Iterator[tuple[list[Row], int]]:
    """Cuts rows into lists of about so many bytes, and of no more rows than a transaction takes. What an error interrupts is not yielded."""
    iterator: Iterator[Any] = iter(scan)  # KeyValue is a Row in all that matters
    rows: list[Row] = []
    size = 0
    while some := list(islice(iterator, _ROWS)):
        # Large rows are taken one by one.
        step = len(some) if size_of(some) <= most else 1
        for begin in range(0, len(some), step):
            part = some[begin : begin + step]
            rows += part
            size += size_of(part)
            if size >= most or len(rows) >= MOST_ROWS:
                yield rows, size
                rows, size = [], 0
    if rows:
        yield rows, size


def size_of(rows: list[Row]) -> int:
    """Returns the bytes of keys and values."""
    return sum(map(len, chain.from_iterable(rows)))
