"""What is counted of one transaction, and the events that are made of it.

The counting is done in C (native/binding/counts.c), which calls `Observation.ended` at the end of each attempt. Events are
delivered on the thread where the attempt ended, at once; if that is found out by the collector of garbage, with the next
event, since an observer may take a lock that the program holds just then.
"""

from __future__ import annotations

import itertools
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any

from fdb._generated.errors import ERRORS
from fdb._native import extension
from fdb._observing.event import TransactionEvent

if TYPE_CHECKING:
    from fdb._types import Origin

Observer = Callable[[TransactionEvent], object]

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_PREFIX = b"\xff\xff/transaction/conflicting_keys/"
_NANOSECOND = 1e-9
#: The names under which functions of this package have the function that they run.
_FUNCTIONS = ("func", "function")
#: What begins a `with` block and the next turn of a loop.
_AROUND = ("__enter__", "__iter__", "__next__", "__aenter__", "__aiter__", "__anext__")
_numbers = itertools.count(1)


class _Thread(threading.local):
    """What this thread is doing."""

    observing = False
    collecting = False


_thread = _Thread()
#: Events that the collector of garbage has led to, with those who have to be told.
_postponed: deque[tuple[tuple[Observer, ...], TransactionEvent]] = deque()


def note_collection(phase: str, _: object) -> None:
    """To be among `gc.callbacks` while anybody observes."""
    _thread.collecting = phase == "start"


def observes_now() -> bool:
    """Whether this thread is running an observer, whose own transactions are not observed."""
    return _thread.observing


def deliver_postponed() -> None:
    """Tells of what could not be told at once."""
    while _postponed:
        try:
            observers, event = _postponed.popleft()
        except IndexError:  # another thread was faster
            return
        _tell(observers, (event,))


def _deliver(observers: tuple[Observer, ...], events: tuple[TransactionEvent, ...]) -> None:
    if _thread.collecting:
        _postponed.extend((observers, event) for event in events)
        return
    if _postponed:
        deliver_postponed()
    _tell(observers, events)


def _tell(observers: tuple[Observer, ...], events: tuple[TransactionEvent, ...]) -> None:
    before, _thread.observing = _thread.observing, True
    try:
        for event in events:
            for observer in observers:
                try:
                    observer(event)
                except BaseException as error:
                    if isinstance(error, KeyboardInterrupt):
                        raise  # for the program, which gets it from the counts
                    _report(observer, error)
    finally:
        _thread.observing = before


def _report(observer: Observer, error: BaseException) -> None:
    """What an observer raises is none of the transaction's business."""
    sys.unraisablehook(_Unraisable(error, observer))  # type: ignore[arg-type]


class _Unraisable:
    """The argument of `sys.unraisablehook`."""

    def __init__(self, error: BaseException, observer: Observer) -> None:
        self.exc_type = type(error)
        self.exc_value = error
        self.exc_traceback = error.__traceback__
        self.err_msg = "Exception ignored in an observer of transactions"
        self.object = observer


class Observation(extension.Counts):
    """One transaction that is observed. It does not know the transaction, so that there is no circle."""

    def __init__(self, source: Origin[object], observers: tuple[Observer, ...]) -> None:
        self._source = source
        self._observers = observers
        self._function = function_of(source, sys._getframe(2))
        #: Of the transaction that is on its way: its number, how many attempts have ended, and what they add up to.
        self._number = 0
        self._attempts = 0
        self._started = 0.0
        self._sums: tuple[Any, ...] = ()

    def ended(self, how: Any, code: int, refusal: int, kind: type | None) -> None:
        """An attempt has ended. Called by the counts; `code` is of the attempt, `refusal` of the `on_error` that refused."""
        now = time.time()
        self._number = self._number or next(_numbers)
        self._attempts += 1
        if how in ("dropped", "cancelled") and code != 0:
            how = "failed"
        elif how == "dropped" and not self.keys_written:
            how = "read"
        error = kind.__name__ if kind is not None else name_of(code)
        counted = self._counted()
        started = now - counted[0]
        if self._attempts == 1:
            self._started, self._sums = started, counted
        else:
            self._sums = tuple(map(sum, zip(self._sums, counted, strict=True)))
        last = self._last()
        attempt = self._event("attempt", how, error, code, started, counted, last)
        if how == "retried":
            _deliver(self._observers, (attempt,))
            return
        if refusal not in (0, code):
            error, code = name_of(refusal), refusal
        end = self._event("end", how, error, code, self._started, self._sums, last)
        self._number = self._attempts = 0
        _deliver(self._observers, (attempt, end))

    def _counted(self) -> tuple[Any, ...]:
        """Returns what adds up over attempts, as it stands in an event: times, then numbers."""
        elapsed, waiting = self.elapsed, self.waiting
        committing, backing_off = self.committing, self.backing_off
        # Tasks and threads may wait for a read while another one commits.
        own = max(elapsed - waiting - committing - backing_off, 0)
        return (
            elapsed * _NANOSECOND,
            own * _NANOSECOND,
            waiting * _NANOSECOND,
            committing * _NANOSECOND,
            backing_off * _NANOSECOND,
            self.reads,
            self.keys_read,
            self.bytes_read,
            self.keys_written,
            self.bytes_written,
        )

    def _last(self) -> tuple[Any, ...]:
        """Returns what an event has of one attempt alone."""
        conflicts = self.conflicts
        return (
            _known(self.read_version),
            _known(self.commit_version),
            _known(self.size),
            None if conflicts is None else conflicting_ranges(conflicts),
        )

    def _event(
        self,
        kind: Any,
        how: Any,
        error: str | None,
        code: int,
        started: float,
        counted: tuple[Any, ...],
        last: tuple[Any, ...],
    ) -> TransactionEvent:
        number, source, function = self._number, self._source, self._function
        attempts = self._attempts
        return TransactionEvent(
            kind, number, source, function, attempts, how, error, code, started, *counted, *last
        )


def _known(number: int) -> int | None:
    return number if number >= 0 else None


def name_of(code: int) -> str | None:
    """Returns the name of an error code; None for 0."""
    if code == 0:
        return None
    found = ERRORS.get(code)
    return found[0] if found is not None else f"error_{code}"


def conflicting_ranges(rows: list[extension.KeyValue]) -> tuple[tuple[bytes, bytes], ...]:
    """Returns begin and end of the ranges that rows of the special keys tell: each has where one begins (1) or ends (0)."""
    bounds = [(row.key.removeprefix(_PREFIX), row.value == b"1") for row in rows]
    return tuple(
        (key, bounds[index + 1][0])
        for index, (key, begins) in enumerate(bounds)
        if begins and index + 1 < len(bounds)
    )


# ---- whose transaction it is ----


def function_of(source: object, frame: FrameType | None) -> str:
    """Returns the name of what a transaction is made for: see `TransactionEvent.function`."""
    method = ""
    while frame is not None:
        code = frame.f_code
        if not code.co_filename.startswith(_PACKAGE):
            break
        function = _function_in(frame)
        if function is not None:
            return f"{function.__module__}.{getattr(function, '__qualname__', function)}"
        method = _method_in(frame)
        frame = frame.f_back
    if method or frame is None:
        return method or "unknown"
    qualified: str = getattr(frame.f_code, "co_qualname", frame.f_code.co_name)
    return f"{frame.f_globals.get('__name__', '?')}.{qualified}"


def _method_in(frame: FrameType) -> str:
    """Returns the name of what the program has called, "" for what it has put around lines of its own."""
    name = frame.f_code.co_name
    if name in _AROUND or (name.startswith("_") and not name.endswith("__")):
        return ""
    owner = frame.f_locals.get("self") if "self" in frame.f_code.co_varnames[:1] else None
    return name if owner is None else f"{type(owner).__name__}.{name}"


def _function_in(frame: FrameType) -> Callable[..., Any] | None:
    """Returns the function of the program that a function of this package runs."""
    code = frame.f_code
    for name in _FUNCTIONS:
        if name in code.co_varnames or name in code.co_freevars:
            function = frame.f_locals.get(name)
            innermost = getattr(function, "__wrapped__", function)
            there = getattr(getattr(innermost, "__code__", None), "co_filename", None)
            if there is not None and not there.startswith(_PACKAGE):
                return innermost
    return None
