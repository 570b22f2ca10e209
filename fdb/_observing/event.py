"""What an observer is told of: one attempt at a transaction, or a whole transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from fdb._types import Origin


@dataclass(slots=True, eq=False)
class TransactionEvent:
    """One attempt at a transaction (`kind` is "attempt") or a whole transaction ("end"), which has ended.

    An event belongs to all observers, which leave it as it is. Times are seconds. Those of an end are the sums over its
    attempts, as are the counts of what was read and written; versions, size and conflicts are those of the last attempt.
    """

    kind: Literal["attempt", "end"]
    #: Counts the observed transactions of the process, from 1 on: what the events of one transaction have in common.
    number: int
    #: The database or tenant that has made the transaction.
    database: Origin[object]
    #: Whose transaction it is: "module.function" of the transactional function, "Database.get" and the like for a
    #: method of this package, else the function that has made the transaction.
    function: str
    #: Which attempt it was, from 1 on; of an end, how many there were.
    attempts: int
    #: "committed"; "read" (ended without a commit, having only read, as scans and policies with `read_only` do); "retried" (an
    #: attempt that another one follows); "failed" (with `error`); "cancelled" (by `cancel`); "dropped" (reset, or given
    #: up, without a commit of what was written).
    outcome: Literal["committed", "read", "retried", "failed", "cancelled", "dropped"]
    #: What it failed with: the name of an error, as in fdb.ErrorCode, or of the class of another exception. None if nothing failed.
    error: str | None
    #: The code of that error; 0 for none, and for another exception.
    code: int
    #: When it began, in seconds since the epoch.
    started: float
    #: How long it took.
    elapsed: float
    #: Of that, in the function, or between the calls of a program that has none: what the three below leave.
    in_function: float
    #: While at least one thing was waited for that was read, but for waits by `block_until_ready` and `wait_for_any`.
    in_waiting: float
    #: From the call of `commit` until its outcome was seen.
    in_committing: float
    #: The same of `on_error`: the pause before the next attempt.
    in_backoff: float
    #: How many reads were begun: keys, selectors, and batches of ranges.
    reads: int
    #: How many keys and rows their results had, an absent key being one, and how many bytes.
    keys_read: int
    bytes_read: int
    #: How many keys were set, changed or cleared, a range being one, and the length of the keys and values that were given.
    keys_written: int
    bytes_written: int
    #: The version that was read; None if nothing was, or it is not known.
    read_version: int | None
    #: The version of the commit; None if nothing was written, or not committed.
    commit_version: int | None
    #: The size of the commit in bytes, as `get_approximate_size` has it; None if it is not known.
    size: int | None
    #: Begin and end of the ranges that others had changed; None if they were not reported (`report_conflicts`).
    conflicts: tuple[tuple[bytes, bytes], ...] | None

    @property
    def retries(self) -> int:
        """How many attempts there were before this one, or beyond the first."""
        return self.attempts - 1

    def __str__(self) -> str:
        what = "transaction" if self.kind == "end" else f"attempt {self.attempts}"
        error = f" with {self.error}" if self.error else ""
        counted = f" in {self.attempts} attempts" if self.kind == "end" and self.retries else ""
        return f"{what} of {self.function} {self.outcome}{error}{counted} after {self.elapsed * 1000:.1f} ms"
