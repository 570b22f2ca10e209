"""What a person is asked about before a range is cleared, and whether it is still that by the time of the answer."""

from __future__ import annotations

from typing import NamedTuple

from fdb._errors import predicates
from fdb._policy import Retry
from fdb._transaction import Transaction

#: Rows and bytes that are counted before a range is cleared; of more than these it is said that there are more.
MOST_ROWS = 10_000
MOST_BYTES = 10_000_000


class Unknown:
    """Whether an attempt of a transaction has ended without it being known if it was committed."""

    is_unknown = False

    def note(self, retry: Retry) -> None:
        """To be called after each failed attempt."""
        self.is_unknown |= predicates.is_maybe_committed(retry.error)

    @property
    def said(self) -> str:
        """What became of the rows."""
        return (
            "it is not known whether some were cleared"
            if self.is_unknown
            else "nothing was cleared"
        )


class Seen(NamedTuple):
    """The rows of a range, as far as one counts; equal if they are the same ones. For one process: by its hashes."""

    rows: int
    size: int
    are_all: bool
    content: int

    @property
    def number(self) -> str:
        """How many rows there are: ``3 rows``, ``more than 10,000 rows``."""
        if not self.are_all:
            return f"more than {self.rows:,} rows"
        return f"{self.rows:,} {'row' if self.rows == 1 else 'rows'}"

    def __str__(self) -> str:
        return f"{self.number} ({self.size:,} bytes)" if self.are_all else self.number


def seen(tr: Transaction, begin: bytes, end: bytes) -> Seen:
    """Read a range in a transaction, no more of it than is counted. Blocks."""
    rows = size = content = 0
    for key, value in tr.get_range(begin, end, limit=MOST_ROWS + 1):
        if rows == MOST_ROWS or size > MOST_BYTES:
            return Seen(rows, size, False, content)
        rows += 1
        size += len(key) + len(value)
        content = hash((content, bytes(key), bytes(value)))
    return Seen(rows, size, True, content)
