"""Policies: how long a transactional call may take, how often it is tried, and what else holds for all of its attempts.

A policy is a value: it never changes, so threads may share it. What one does not say another one may: that of a call
beats the defaults of its database, and those beat the environment.
"""

from __future__ import annotations

import math
import os
import struct

from fdb._errors import FDBError
from fdb._times import seconds_of
from fdb._typing import TYPE_CHECKING, Any, Callable, Iterable

if TYPE_CHECKING:
    from datetime import timedelta
    from typing import Literal

    from typing_extensions import TypedDict

    #: Times are seconds, or a timedelta.
    Time = float | timedelta
    Tags = str | bytes | Iterable[str | bytes]
    Priority = Literal["default", "batch", "system_immediate"]
    OnRetry = Callable[["Retry"], Any]

    class PolicyKeywords(TypedDict, total=False):
        """The keywords of a `Policy`, as calls take them."""

        timeout: Time | None
        retry_limit: int | None
        max_retry_delay: Time | None
        tags: Tags | None
        priority: Priority | None
        read_only: bool | None
        report_conflicts: bool | None
        on_retry: OnRetry | None
        at_least: int | None

    class BlockKeywords(TypedDict, total=False):
        """Those that mean something where nothing is tried again."""

        timeout: Time | None
        tags: Tags | None
        priority: Priority | None
        read_only: bool | None
        report_conflicts: bool | None
        at_least: int | None


#: The keyword, the code and the value of an option.
Option = tuple[str, int, "bytes | None"]

NAMES = (
    "timeout",
    "retry_limit",
    "max_retry_delay",
    "tags",
    "priority",
    "read_only",
    "report_conflicts",
    "on_retry",
    "at_least",
)
PRIORITIES = ("default", "batch", "system_immediate")
#: Those of a library's option: 2**31 - 1 milliseconds, or retries.
_MOST = 2**31 - 1
_MOST_TAGS, _LONGEST_TAG = 5, 255
_INT = struct.Struct("<q")
_TIMEOUT, _RETRY_LIMIT, _MAX_RETRY_DELAY = 500, 501, 502
_REPORT_CONFLICTING_KEYS, _TAG = 712, 800
_PRIORITY_CODES: dict[str | None, int] = {"system_immediate": 200, "batch": 201}
_ENVIRONMENT = {
    "FDB_TIMEOUT": "timeout",
    "FDB_RETRY_LIMIT": "retry_limit",
    "FDB_MAX_RETRY_DELAY": "max_retry_delay",
}


class Options:
    """Options of a transaction, each with the keyword that asks for it, its code and its value."""

    __slots__ = ("attempt", "call")

    def __init__(self, call: list[Option], attempt: list[Option]) -> None:
        #: Those that on_error keeps.
        self.call = tuple(call)
        #: Those to be set again for each attempt.
        self.attempt = tuple(attempt)


class Retry:
    """What `on_retry` is given: an attempt has failed, and another one follows."""

    __slots__ = ("attempt", "elapsed", "error")

    def __init__(self, error: FDBError, attempt: int, elapsed: float) -> None:
        #: What the attempt has failed with; `error.conflicting_keys` are there with report_conflicts.
        self.error: FDBError = error
        #: How many attempts have failed, from 1 on.
        self.attempt: int = attempt
        #: Seconds since the call began.
        self.elapsed: float = elapsed

    def __repr__(self) -> str:
        return (
            f"<Retry after attempt {self.attempt}, {self.elapsed:.3f} s: "
            f"{self.error.name} ({self.error.code})>"
        )


class Policy:
    """What holds for a transactional call: its deadline, its retries, and how its transactions are run.

    All are keywords; None, the default, leaves it to the next one who says it: the call, its database
    (`fdb.open(..., defaults=)`), the environment.

    `timeout`: seconds (or a timedelta) that the call may take, all attempts and the waits between them
    together. When they are over, whatever waits for the database fails with 1031; a function that
    computes meanwhile is not interrupted. `math.inf` is no deadline.

    `retry_limit`: how often the function may be run again. 0 is never, -1 is without limit.

    `max_retry_delay`: the longest wait before another attempt, in seconds or as a timedelta. The delays
    grow from 10 ms by doubling, each shortened at random, up to this (1 s if nobody says another).

    `tags`: one or up to five names, by which an operator can throttle transactions (bytes or text,
    255 bytes each).

    `priority`: "default", "batch" (throttled first) or "system_immediate" (never; for operators' tools).

    `read_only`: nothing is committed, and whatever would write, watch or commit raises FDBError 2023.

    `report_conflicts`: after a conflict (1020) the error has the ranges in which others wrote what the
    transaction had read, as `conflicting_keys`.

    `on_retry`: called with a `Retry` after a failed attempt, when it is certain that there will be another and the
    wait for it is over. What it raises ends the call. In an asynchronous call it may return something to await.

    `at_least`: a version. Each attempt asks for its read version first; a lower one counts as error 1009
    (future_version), is tried again after a short wait, and bounded by the rest of the policy. No part of the
    defaults of a database.

    Raises TypeError for another type, ValueError for times that are not positive and whatever else makes no sense;
    the text names the keyword.
    """

    __slots__ = (*NAMES, "_memo", "_set")

    def __init__(
        self,
        *,
        timeout: Time | None = None,
        retry_limit: int | None = None,
        max_retry_delay: Time | None = None,
        tags: Tags | None = None,
        priority: Priority | None = None,
        read_only: bool | None = None,
        report_conflicts: bool | None = None,
        on_retry: OnRetry | None = None,
        at_least: int | None = None,
    ) -> None:
        put = object.__setattr__
        put(self, "timeout", _seconds("timeout", timeout))
        put(self, "retry_limit", _count("retry_limit", retry_limit, -1, _MOST))
        put(self, "max_retry_delay", _seconds("max_retry_delay", max_retry_delay))
        put(self, "tags", _tags(tags))
        put(self, "priority", _priority(priority))
        put(self, "read_only", _flag("read_only", read_only))
        put(self, "report_conflicts", _flag("report_conflicts", report_conflicts))
        put(self, "on_retry", _callback(on_retry))
        put(self, "at_least", _count("at_least", at_least, 0, 2**63 - 1))
        if self.max_retry_delay == math.inf:
            raise ValueError("max_retry_delay=inf: an attempt that waits for ever is never made")
        put(self, "_set", None)
        put(self, "_memo", None)

    if TYPE_CHECKING:
        #: The last policy that it was laid over, and what that gave; the options, once they were asked for.
        _memo: tuple[Policy, Policy] | None
        _set: Options | None

        @property
        def timeout(self) -> float | None:
            """Seconds that the whole call may take."""

        @property
        def retry_limit(self) -> int | None:
            """How often the function may be run again; -1 is without limit."""

        @property
        def max_retry_delay(self) -> float | None:
            """Seconds that the longest wait before another attempt takes."""

        @property
        def tags(self) -> tuple[bytes, ...] | None:
            """The names by which an operator can throttle the transactions."""

        @property
        def priority(self) -> Priority | None:
            """ "default", "batch" or "system_immediate"."""

        @property
        def read_only(self) -> bool | None:
            """Whether nothing is committed and writes raise."""

        @property
        def report_conflicts(self) -> bool | None:
            """Whether errors of conflicts have their `conflicting_keys`."""

        @property
        def on_retry(self) -> OnRetry | None:
            """What is called before another attempt."""

        @property
        def at_least(self) -> int | None:
            """The lowest read version that an attempt may have."""

    def __setattr__(self, name: str, value: object) -> None:
        """Raises AttributeError: policies are shared."""
        raise AttributeError(f"a Policy does not change: make another one to have {name}={value!r}")

    def __delattr__(self, name: str) -> None:
        """Raises AttributeError: policies are shared."""
        raise AttributeError(f"a Policy does not change: make another one to be without {name}")

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (self._said(),)

    def __eq__(self, other: object) -> bool:
        return self._said() == other._said() if isinstance(other, Policy) else NotImplemented

    def __hash__(self) -> int:
        # Not of the callback, which may have no hash.
        return hash(tuple(getattr(self, name) for name in NAMES if name != "on_retry"))

    def __repr__(self) -> str:
        return f"Policy({', '.join(f'{name}={value!r}' for name, value in self._said().items())})"

    def _said(self) -> dict[str, Any]:
        return {name: value for name in NAMES if (value := getattr(self, name)) is not None}

    def _over(self, other: Policy | None) -> Policy:
        """Returns a policy of what this one says, and the other one where this one says nothing."""
        if other is None:
            return self
        memo: tuple[Policy, Policy] | None = self._memo
        if memo is None or memo[0] is not other:
            memo = other, Policy(**{**other._said(), **self._said()})
            object.__setattr__(self, "_memo", memo)
        return memo[1]

    def _options(self) -> Options:
        """Returns the options that say it to the library."""
        options: Options | None = self._set
        if options is None:
            options = _options_of(self)
            object.__setattr__(self, "_set", options)
        return options


def _rebuilt(said: dict[str, Any]) -> Policy:
    return Policy(**said)


def from_environment() -> Policy | None:
    """Returns what the environment says, None for nothing. Raises ValueError that names the variable."""
    said: dict[str, Any] = {}
    for variable, name in _ENVIRONMENT.items():
        text = os.environ.get(variable, "").strip()
        if not text:
            continue
        try:
            said[name] = int(text) if name == "retry_limit" else float(text)
            Policy(**{name: said[name]})
        except ValueError as error:
            what = "a whole number" if name == "retry_limit" else "a number of seconds"
            raise ValueError(
                f"the environment variable {variable}={text!r} must be {what}: {error}"
            ) from None
    return Policy(**said) if said else None


def defaults_of(given: Policy | None) -> Policy | None:
    """Returns what holds for all transactions of a database that is opened with a policy, None for nothing.

    Raises TypeError for anything else than a Policy, ValueError for one with `at_least`.
    """
    if given is not None and not isinstance(given, Policy):
        raise TypeError(f"defaults must be a fdb.Policy, not {type(given).__name__}")
    if given is not None and given.at_least is not None:
        raise ValueError(
            "at_least is no default of a database: give the version to a call, or use db.session()"
        )
    environment = from_environment()
    policy = environment if given is None else given._over(environment)
    return policy if policy is not None and policy._said() else None


def _options_of(policy: Policy) -> Options:
    call: list[Option] = []
    if policy.timeout is not None:
        call.append(("timeout", _TIMEOUT, _milliseconds(policy.timeout)))
    if policy.retry_limit is not None:
        call.append(("retry_limit", _RETRY_LIMIT, _INT.pack(policy.retry_limit)))
    if policy.max_retry_delay is not None:
        call.append(("max_retry_delay", _MAX_RETRY_DELAY, _milliseconds(policy.max_retry_delay)))
    attempt: list[Option] = [("tags", _TAG, tag) for tag in policy.tags or ()]
    if policy.priority in _PRIORITY_CODES:
        attempt.append(("priority", _PRIORITY_CODES[policy.priority], None))
    if policy.report_conflicts:
        attempt.append(("report_conflicts", _REPORT_CONFLICTING_KEYS, None))
    return Options(call, attempt)


def _milliseconds(seconds: float) -> bytes:
    """Returns the value of an option, rounded up: 0 for no limit."""
    whole = 0 if seconds == math.inf else max(1, math.ceil(round(seconds * 1000, 6)))
    return _INT.pack(whole)


# ---- what a keyword may be ----


def _seconds(name: str, value: Any) -> float | None:
    if value is None:
        return None
    seconds = seconds_of(name, value)
    if not seconds > 0:
        raise ValueError(f"{name} must be more than 0 seconds, not {value!r}")
    if seconds != math.inf and seconds * 1000 > _MOST:
        raise ValueError(f"{name} must be at most {_MOST // 1000} seconds, not {value!r}")
    return seconds


def _count(name: str, value: Any, least: int, most: int) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    if not least <= value <= most:
        raise ValueError(f"{name} must be an int from {least} to {most}, not {value}")
    return int(value)


def _flag(name: str, value: Any) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, not {type(value).__name__}")
    return value


def _tags(value: Any) -> tuple[bytes, ...] | None:
    if value is None:
        return None
    try:
        given = (value,) if isinstance(value, str | bytes) else tuple(value)
    except TypeError:
        raise TypeError(f"tags must be text or bytes, or several of them, not {value!r}") from None
    tags: list[bytes] = []
    for each in given:
        if not isinstance(each, str | bytes):
            raise TypeError(f"each of tags must be text or bytes, not {type(each).__name__}")
        tag = each.encode() if isinstance(each, str) else bytes(each)
        if not 0 < len(tag) <= _LONGEST_TAG:
            raise ValueError(f"each of tags must have 1 to {_LONGEST_TAG} bytes, unlike {each!r}")
        if tag not in tags:
            tags.append(tag)
    if len(tags) > _MOST_TAGS:
        raise ValueError(f"tags must be at most {_MOST_TAGS}, not {len(tags)}")
    return tuple(tags)


def _priority(value: Any) -> Any:
    if value is not None and not isinstance(value, str):
        raise TypeError(f"priority must be text, not {type(value).__name__}")
    if value is not None and value not in PRIORITIES:
        raise ValueError(f"priority must be one of {', '.join(PRIORITIES)}, not {value!r}")
    return value


def _callback(value: Any) -> Any:
    if value is not None and not callable(value):
        raise TypeError(f"on_retry must be callable, not {type(value).__name__}")
    return value
