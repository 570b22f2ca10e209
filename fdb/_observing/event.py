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
    """What has ended: an "attempt", or with "end" a whole transaction."""
    number: int
    """Counts the observed transactions of the process, from 1 on: what the events of one transaction have in common."""
    database: Origin[object]
    """The database or tenant that has made the transaction."""
    function: str
    """Whose transaction it is: "module.function" of the transactional function, "Database.get" and the like for a method of this
    package, else the function that has made the transaction.
    """
    attempts: int
    """Which attempt it was, from 1 on; of an end, how many there were."""
    outcome: Literal["committed", "read", "retried", "failed", "cancelled", "dropped"]
    """How it ended: "committed"; "read" (without a commit, having only read, as scans and policies with `read_only` do); "retried"
    (an attempt that another one follows); "failed" (with `error`); "cancelled" (by `cancel`); "dropped" (reset, or given up,
    without a commit of what was written).
    """
    error: str | None
    """What it failed with: the name of an error, as in fdb.ErrorCode, or of the class of another exception. None if nothing
    failed.
    """
    code: int
    """The code of the error that it failed with; 0 for none, and for another exception."""
    started: float
    """When it began, in seconds since the epoch."""
    elapsed: float
    """How long it took, in seconds."""
    in_function: float
    """The part of `elapsed` in the function, or between the calls of a program that has none: what the three others leave."""
    in_waiting: float
    """The part of `elapsed` in which at least one thing was waited for that was read, but for waits by `block_until_ready` and
    `wait_for_any`.
    """
    in_committing: float
    """The part of `elapsed` from the call of `commit` until its outcome was seen."""
    in_backoff: float
    """The part of `elapsed` from the call of `on_error` until it was over: the pause before the next attempt."""
    reads: int
    """How many reads were begun: keys, selectors, and batches of ranges. Read versions, watches, conflicting ranges and calls about
    sizes are none.
    """
    keys_read: int
    """How many keys and rows its reads had as results; an absent key is one. Those of a range count when the program comes to its rows."""
    bytes_read: int
    """How many bytes the keys and values had that its reads gave."""
    keys_written: int
    """How many keys were set, changed or cleared; a range is one."""
    bytes_written: int
    """How many bytes the keys and values had that it set, changed and cleared."""
    read_version: int | None
    """The version that was read; None if nothing was, or it is not known."""
    commit_version: int | None
    """The version of the commit; None if nothing was written, or not committed."""
    size: int | None
    """The size of the commit in bytes, as `get_approximate_size` has it; None if it is not known."""
    conflicts: tuple[tuple[bytes, bytes], ...] | None
    """Begin and end of the ranges that others had changed; None if they were not reported, by `report_conflicts=True`, or read by the program."""

    @property
    def retries(self) -> int:
        """How many attempts there were before this one, or beyond the first."""
        return self.attempts - 1

    def __str__(self) -> str:
        what = "transaction" if self.kind == "end" else f"attempt {self.attempts}"
        error = f" with {self.error}" if self.error else ""
        counted = f" in {self.attempts} attempts" if self.kind == "end" and self.retries else ""
        return f"{what} of {self.function} {self.outcome}{error}{counted} after {self.elapsed * 1000:.1f} ms"
