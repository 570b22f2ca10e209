"""Faults that a function of the program asks for: it looks at each operation, and the engine carries the fault out.

Invariants:
1. A predicate is asked about the operations that its fault can hit, in their order, before they are carried out.
2. A fault that did not hit its operation does not wait for another one.
3. Whether a rule fires follows from the seed, the rule's number and how often its predicate was true, and from nothing else.
"""

from __future__ import annotations

import random
import threading
import weakref
from collections.abc import Callable
from typing import TypeAlias

from fdb._generated.errors import ERRORS
from fdb.testing._fault_text import Schedule
from fdb.testing._tracing import Operation, TracedTransaction

Predicate: TypeAlias = Callable[[Operation], object]

#: Where the faults of transactions can happen; those of watches and files are not an operation's.
PLACES: dict[str, frozenset[str]] = {
    name: frozenset(places.split())
    for name, places in {
        "not_committed": "commit",
        "commit_unknown_result": "commit",
        "cluster_version_changed": "read version commit",
        "transaction_too_old": "read commit",
        "future_version": "read",
        "process_behind": "read version",
        "database_locked": "version commit",
        "tag_throttled": "version",
        "batch_transaction_throttled": "version",
        "grv_proxy_memory_limit_exceeded": "version",
        "proxy_memory_limit_exceeded": "commit",
        "transaction_timed_out": "read version commit",
        "slow_read": "read",
        "slow_version": "version",
        "slow_commit": "commit",
        "short_range": "range",
    }.items()
}

_CODES = {name: code for code, (name, _) in ERRORS.items()}
_READS = ("get", "get_key", "get_range", "watch")
_WRITES = ("set", "clear", "clear_range", "atomic_op")
_WRITE_CONFLICTS = 1


class PredicateRule:
    """A fault that happens where a predicate is true. Thread-safe."""

    def __init__(
        self,
        when: Predicate,
        name: str,
        text: str,
        places: frozenset[str],
        schedule: Schedule,
        dice: str,
    ) -> None:
        """`text` is what is injected of the fault `name`; `dice` is the seed of this rule's decisions."""
        self.when = when
        self.text = text
        self._code = _CODES.get(name)
        self._places = places
        self._schedule = schedule
        self._dice = dice
        self._lock = threading.Lock()
        self._occasions = 0
        self._fired = 0

    def hits(self, operation: Operation, places: frozenset[str]) -> bool:
        """Whether the fault shall happen now, at an operation that is of these places."""
        if not self._places & places or not self.when(operation):
            return False
        schedule = self._schedule
        with self._lock:
            self._occasions += 1
            number = self._occasions
            if schedule.nth is not None and number != schedule.nth:
                return False
            if schedule.every is not None and number % schedule.every != 0:
                return False
            if schedule.times is not None and self._fired >= schedule.times:
                return False
            if random.Random(f"{self._dice}.{number}").random() >= schedule.probability:
                return False
            self._fired += 1
            return True

    def take_back(self, operation: Operation) -> None:
        """Notes that the fault has not happened, if the operation's outcome shows that: it failed with another error, or succeeded."""
        outcome = _outcome(operation)
        if self._code is not None and outcome is not None and outcome != self._code:
            with self._lock:
                self._fired -= 1


class _Attempt:
    """What a transaction has done in its attempt."""

    def __init__(self, operation: Operation) -> None:
        self.number = (operation.life, operation.attempt)
        self.has_version = False
        self.has_written = False
        #: The faults that were injected, by the numbers of their operations.
        self.injected: dict[int, list[PredicateRule]] = {}


class Predicates:
    """A tracer that asks predicates. Thread-safe."""

    def __init__(self) -> None:
        #: Replaced, never changed.
        self.rules: tuple[PredicateRule, ...] = ()
        self._attempts: weakref.WeakKeyDictionary[TracedTransaction, _Attempt] = (
            weakref.WeakKeyDictionary()
        )

    def before(self, operation: Operation) -> None:
        """Injects the faults whose predicates are true; what one raises goes to the program."""
        attempt = self._attempt_of(operation)
        places = _places_of(operation, attempt)
        if places:
            for rule in self.rules:
                if rule.hits(operation, places):
                    attempt.injected.setdefault(operation.number, []).append(rule)
                    operation.inject(rule.text)

    def after(self, operation: Operation) -> None:
        """Takes back what has not hit the operation."""
        attempt = self._attempts.get(operation.transaction)
        if attempt is None or attempt.number != (operation.life, operation.attempt):
            return  # another attempt has begun, without what was left of this one
        rules = attempt.injected.pop(operation.number, [])
        if rules:
            operation.inject("")
        for rule in rules:
            rule.take_back(operation)

    def _attempt_of(self, operation: Operation) -> _Attempt:
        attempt = self._attempts.get(operation.transaction)
        if attempt is None or attempt.number != (operation.life, operation.attempt):
            attempt = self._attempts[operation.transaction] = _Attempt(operation)
        return attempt


def _outcome(operation: Operation) -> int | None:
    """Returns the error that an operation has ended with, 0 for none; None if that is not known yet."""
    if operation.name == "commit" or operation.error:
        return operation.error
    future = operation.future
    return max(future._code(), 0) if future is not None and future._ready() else None


def _places_of(operation: Operation, attempt: _Attempt) -> frozenset[str]:
    """Returns where faults may happen in an operation, and notes what it does."""
    name = operation.name
    if name in _WRITES or (
        name == "add_conflict_range" and operation.arguments[0] == _WRITE_CONFLICTS
    ):
        attempt.has_written = True
        return frozenset()
    if name == "commit":
        if not attempt.has_written:
            return frozenset()
        return frozenset(("commit",) if attempt.has_version else ("commit", "version"))
    if name == "set_read_version":
        attempt.has_version = True
        return frozenset()
    if name not in _READS and name != "get_read_version":
        return frozenset()
    places = [] if attempt.has_version else ["version"]
    attempt.has_version = True
    if name in _READS:
        places.append("read")
    if name == "get_range":
        places.append("range")
    return frozenset(places)
