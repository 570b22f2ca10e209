"""What exports, imports and copies have in common: what they need to know, what they report, and the target's rules."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable
from typing import Any

from fdb._display.notation import shown_key
from fdb._dump import target as targets
from fdb._dump.parts import DumpError
from fdb._dump.spans import Span
from fdb._dump.state import Standing, State

#: Seconds between notes of how far it is: what is done since the last one is done again after an interruption.
SAVE_EVERY = 0.5

#: Is told what is done and what there is to do, None if that is not known.
Report = Callable[[int, "int | None"], None]


def silent(done: int, total: int | None) -> None:
    """A Report that nobody sees."""


@dataclasses.dataclass
class Outcome:
    """What was done."""

    #: Rows and bytes of keys and values, with those of earlier runs; `earlier` is how many rows those had done.
    rows: int = 0
    size: int = 0
    earlier: int = 0
    #: The read version of all rows; None if they are of several, or of a file that does not say.
    version: int | None = None
    #: Rows that are the same on both sides; None if that was not looked at.
    verified: int | None = None
    #: Whether an earlier run had done everything.
    was_done: bool = False
    #: What else a person should know.
    notes: list[str] = dataclasses.field(default_factory=list)

    def add(self, other: Outcome) -> None:
        """Adds what was done after this, which makes it of several versions."""
        self.rows += other.rows
        self.size += other.size
        self.earlier += other.earlier
        self.version = None
        if self.verified is not None and other.verified is not None:
            self.verified += other.verified
        self.was_done = self.was_done and other.was_done
        self.notes += other.notes


@dataclasses.dataclass(frozen=True)
class Rules:
    """What may be done to a target that is not empty."""

    merge: bool = False
    replace: bool = False
    resume: bool = False
    #: Asks before rows are removed, and raises if they must not be.
    confirm: Callable[[str], None] = lambda what: None


class Target:
    """The rows that are written, and where that stands. One thread at a time."""

    def __init__(self, db: Any, span: Span, rules: Rules, state: State | None) -> None:
        self.db = db
        self.span = span
        self._rules = rules
        self._state = state
        self._is_ready = False
        self._saved_at = 0.0
        self.standing = Standing()
        self.outcome = Outcome()

    def prepare(self) -> None:
        """Makes sure that rows may be written, and finds out where to go on, once. Raises DumpError; asks."""
        if self._is_ready:
            return
        self._make_ready()
        self._is_ready = True

    def _make_ready(self) -> None:
        if self._rules.resume and self._resumed():
            return
        key = self._first_in_the_way()
        if self._state is not None:
            with contextlib.suppress(OSError):  # to save another one fails, too, and is told
                self._state.forget()
        if key is not None:
            self.db.clear_range(self.span.begin, self.span.end)
        self._save()

    def _resumed(self) -> bool:
        standing = None if self._state is None else self._state.load()
        if standing is None:
            return False
        if standing.is_done and (self._rules.merge or self._rules.replace):
            return False  # it is to be done, and nothing is left of it: so it is to be done again
        if standing.rows and self.db.get(standing.written) is None:
            raise DumpError(
                f"the target has not got {shown_key(standing.written)}, which an earlier run has written: begin "
                "again without --resume"
            )
        self.standing = standing
        self.outcome.earlier = standing.rows
        self.outcome.was_done = standing.is_done
        return True

    def _first_in_the_way(self) -> bytes | None:
        """Returns the first key of what has to be removed, None for nothing. Raises if that must not be done."""
        rules, span = self._rules, self.span
        key = None if rules.merge else targets.first_key(self.db, span.begin, span.end)
        if key is None:
            return None
        if not rules.replace:
            raise DumpError(
                f"the target is not empty, its first key is {shown_key(key)}: --merge keeps what is there and overwrites "
                f"rows of the same key, --replace removes it first{self._to_resume()}"
            )
        rules.confirm(
            f"Remove all rows of the target from {shown_key(key)} up to {shown_key(span.end)}"
        )
        return key

    def _to_resume(self) -> str:
        return ", --resume goes on where an earlier run ended" if not self._rules.resume else ""

    def write(self, rows: Any, size: int, last_read: bytes) -> None:
        """Writes rows in a transaction, and notes that from time to time."""
        targets.write(self.db, rows)
        standing = self.standing
        standing.rows += len(rows)
        standing.size += size
        standing.read, standing.written = last_read, rows[-1][0]
        if time.monotonic() - self._saved_at >= SAVE_EVERY:
            self._save()

    def done(self) -> Outcome:
        """Notes that all is written."""
        self.standing.is_done = True
        self._save()
        self.outcome.rows, self.outcome.size = self.standing.rows, self.standing.size
        return self.outcome

    def _save(self) -> None:
        if self._state is None:
            return
        try:
            self._state.save(self.standing)
            self._saved_at = time.monotonic()
        except OSError as error:
            self.outcome.notes.append(
                f"this cannot be resumed if it is interrupted: {error.strerror}: {error.filename}"
            )
            self._state = None

    def is_begun(self) -> bool:
        """Whether there are rows, and there are more to come."""
        return self.standing.rows > 0 and not self.standing.is_done

    def verify(self, wanted: Any, may_have_more: bool) -> None:
        """Compares what is there with rows that come in order. Raises DumpError if that differs."""
        found = self.db.scan((self.span.begin, self.span.end))
        check(targets.compare(wanted, found, may_have_more), may_have_more, self.outcome)


def check(result: targets.Comparison, may_have_more: bool, outcome: Outcome) -> None:
    """Notes what a comparison has found; raises DumpError if that is a difference."""
    if not result.is_sound(may_have_more):
        raise DumpError(
            f"not the same on both sides: {result.missing} rows are missing, {result.different} have another value, "
            f"{result.extra} are too many, the first at {shown_key(result.first or b'')}; did another program write meanwhile?"
        )
    outcome.verified = result.same
