"""The clock of one embedded database, to be moved by tests."""

from __future__ import annotations

import math
from types import TracebackType
from typing import Final

from fdb._async import AsyncDatabase, AsyncTenant
from fdb._blocking import Database, Tenant
from fdb.testing._engine import embedded_database

# The actions of fdb_embedded_clock.
_ASK: Final = 0
_ADVANCE: Final = 1
_FREEZE: Final = 2
_RESUME: Final = 3
_IS_STANDING: Final = 4

_LONGEST_ADVANCE = 366 * 86_400


class Clock:
    """What one database goes by: its versions and their five seconds, timeouts, backoffs, late answers, delayed faults.

    All handles of a database share its clock, which never goes back. Made by `clock`; as a context manager it leaves the
    clock running. No method takes longer than what became due takes, so all may be called in an event loop, too. After
    the database was closed they raise RuntimeError.

    What is not moved: time.time() and time.monotonic(), an event loop's timers, and how long a disk takes.
    """

    def __init__(self, database: Database | AsyncDatabase) -> None:
        self._database = database

    def __repr__(self) -> str:
        return f"<Clock of {self._database!r}>"

    def advance(self, seconds: float) -> None:
        """Moves the clock on by `seconds`, to the microsecond, at once; a year is the most.

        What is due on the way happens in its order and finds the clock at its own time: of a backoff of 10 ms and a timeout
        after a second, both are over after `advance(1)`, the backoff first. Futures that complete by it are ready when
        this returns, unless their answer waits for something else, as for a disk. What threads or tasks of the program do
        then finds the clock where it has arrived.

        Raises ValueError for seconds that are negative, not finite or too many, TypeError for what is no number.
        """
        self._do(_ADVANCE, _microseconds(seconds))

    def freeze(self, jump: bool = True) -> None:
        """Lets the clock stand where it is, until `resume`; `advance` still moves it.

        With `jump` nobody waits for it: where only time can end a wait - a backoff, an answer that is late, a version
        to come - the clock moves on to the end of the wait by itself, at once, and what is due before, a timeout for
        example, happens before. Without, such waits last until somebody moves the clock.

        While it stands versions grow by one with each commit, and nothing gets too old.
        """
        if not isinstance(jump, bool):
            raise TypeError(f"jump must be a bool, not {type(jump).__name__}")
        self._do(_FREEZE, int(jump))

    def resume(self) -> None:
        """Lets the clock go on from where it stands. It may run already."""
        self._do(_RESUME)

    @property
    def now(self) -> float:
        """Seconds by this clock since the database was opened."""
        return self._do(_ASK) / 1e6

    @property
    def is_frozen(self) -> bool:
        """Whether the clock stands."""
        return bool(self._do(_IS_STANDING))

    def __enter__(self) -> Clock:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._database._closed:
            self.resume()

    def _do(self, action: int, micros: int = 0) -> int:
        database = self._database
        return database._handle.call(database._library.fdb_embedded_clock, action, micros)


def clock(database: Database | AsyncDatabase | Tenant | AsyncTenant) -> Clock:
    """Returns the clock of an embedded database, given as such or by one of its tenants.

        with fdb.testing.clock(db) as clock:
            tr = db.create_transaction()
            tr[b"k"].wait()
            clock.advance(5.1)
            ...  # now tr gets 1007, transaction_too_old

    Raises RuntimeError for a database of a cluster, whose time is everybody's, and TypeError for anything else.
    """
    return Clock(embedded_database(database, "clock()"))


def _microseconds(seconds: float) -> int:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TypeError(f"seconds must be a number, not {type(seconds).__name__}")
    if isinstance(seconds, float) and not math.isfinite(seconds):
        raise ValueError(f"seconds must be finite, not {seconds!r}")
    if seconds < 0:
        raise ValueError(
            f"seconds must not be negative, but is {seconds!r}: a clock never goes back"
        )
    if seconds > _LONGEST_ADVANCE:
        raise ValueError(f"seconds must be at most {_LONGEST_ADVANCE} (a year) at a time, not more")
    return round(seconds * 1e6)
