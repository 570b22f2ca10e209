"""Faults on demand: what is to go wrong in a database of the embedded engine (docs/guides/faults.md has all of it)."""

from __future__ import annotations

import collections
import contextlib
import inspect
import json
import threading
from types import TracebackType
from typing import Any, TypeVar

from fdb._async import AsyncDatabase
from fdb._blocking import Database
from fdb._errors import FDBError
from fdb.testing._engine import embedded_database
from fdb.testing._fault_text import (
    Delay,
    Keys,
    Manner,
    Schedule,
    check_seed,
    drawn_seed,
    rule_text,
    split_rules,
)
from fdb.testing._isolation import MemorySandbox
from fdb.testing._predicates import PLACES, Predicate, PredicateRule, Predicates
from fdb.testing._tracing import trace

SelfT = TypeVar("SelfT", bound="Faults")

_INVALID_OPTION_VALUE = 2006


def faults(db: object, seed: int | None = None, rules: str = "") -> Faults:
    """Takes what goes wrong in a database into its hands: from now on that are the faults of the object returned, and no others.

    `db` is a Database, an AsyncDatabase or a tenant, which stands for its database; all who use the database meet the faults, also
    through other objects and in C. The same `seed` and the same operations in the same order give the same faults; None draws one.
    `rules` are those to begin with, in the form of FDB_EMBEDDED_FAULTS; a seed in them is taken if `seed` is None.

        with fdb.testing.faults(db) as faults:
            faults.add("commit_unknown_result", probability=0.2)

    Raises TypeError and ValueError for arguments of no use, RuntimeError for a database of a cluster and for one that is closed.
    """
    database = embedded_database(db, "faults()")
    texts, written = split_rules(rules)
    if seed is None:
        seed = written
    if seed is None:
        seed = drawn_seed()
    return Faults(database, check_seed(seed), texts)


class Faults:
    """What goes wrong in one database; made by `fdb.testing.faults`. Thread-safe; no method waits for the database.

    The end of a `with` block gives the database back the faults that it had before, if it had any, as from FDB_EMBEDDED_FAULTS. One whose
    object was closed by then keeps those that it has.
    """

    def __init__(self, database: Database | AsyncDatabase, seed: int, rules: list[str]) -> None:
        self._database = database
        self._seed = seed
        #: What the engine was told last, in full.
        self._replay = ""
        self._lock = threading.RLock()
        self._rules: list[str] = []
        self._predicates = Predicates()
        self._traces = contextlib.ExitStack()
        self._traced: list[Database | AsyncDatabase] = [database]
        #: What had been injected when the engine last began to count anew.
        self._earlier: collections.Counter[str] = collections.Counter()
        report = self._report()
        self._before: str = report["replay"] if report["rules"] else ""
        self._set(rules)
        self._earlier.clear()

    def __repr__(self) -> str:
        return f"<Faults of {self._database!r}: {self.replay}>"

    def __enter__(self: SelfT) -> SelfT:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def add(
        self,
        name: str,
        *,
        probability: float = 1,
        nth: int | None = None,
        every: int | None = None,
        times: int | None = None,
        keys: Keys | None = None,
        at: str | None = None,
        delay: Delay | None = None,
        effect: str | None = None,
        rows: int | None = None,
        when: Predicate | None = None,
    ) -> None:
        """Has a fault happen, in addition to those there are; of several at one occasion the error of the first one counts.

        `name` is that of the error, as in "not_committed", or of what else may go wrong, as in "slow_read" (docs/guides/faults.md). It happens at
        each of its occasions, or with a `probability` from 0 to 1, only at the `nth` (from 1 on), at `every` so manieth, at most so
        many `times`. `keys`, a pair, a slice or a Subspace, limits it to reads and commits that touch them, and `at` to the "read"s, "version"s
        or "commit"s among its occasions. `delay` is in seconds, one number or the least and the most. The `effect` of a commit that fails with
        an unknown result is "applied", "lost", or by the dice "either". `rows` is what `short_range` leaves of a batch.

        `when` is called with each operation that the fault can hit, before that is carried out, and returns whether it shall; what it
        raises the program gets. Only operations for which it is true are occasions. It sees the transactions of the object that
        `faults` was given, and those of its tenants, that are made from now on.

        Raises ValueError for an unknown fault and for values of no use, TypeError for values of another type, RuntimeError if the database
        was closed. Nothing has changed then.
        """
        schedule = Schedule(probability, nth, every, times)
        manner = Manner(keys, at, delay, effect, rows)
        whole = rule_text(name, [*schedule.text(), *manner.text()])
        with self._lock:
            if when is None:
                self._set([*self._rules, whole])
                return
            if not callable(when):
                raise TypeError(f"when must be a function, not {type(when).__name__}")
            if inspect.iscoroutinefunction(when):
                raise TypeError(
                    "when must be a function that is not async: the operation waits for it"
                )
            single = rule_text(name, manner.text())
            _check_single(name, whole, single)
            places = PLACES[name] if at is None else PLACES[name] & {at}
            if keys is not None:
                places -= {"version"}  # which has none
            self._ask(when, name, single, places, schedule)

    def _ask(
        self,
        when: Predicate,
        name: str,
        text: str,
        places: frozenset[str],
        schedule: Schedule,
    ) -> None:
        rules = self._predicates.rules
        if not rules:
            for database in self._traced:
                self._traces.enter_context(trace(database, self._predicates))
        rule = PredicateRule(when, name, text, places, schedule, f"{self._seed}.{len(rules)}")
        self._predicates.rules = (*rules, rule)

    def clear(self) -> None:
        """Ends all faults; what was `injected` remains known. Transactions under way go on undisturbed."""
        with self._lock:
            self._clear_predicates()
            self._set([])

    def close(self) -> None:
        """Ends all faults, and gives the database back those that it had before. The end of a `with` block does this."""
        with self._lock:
            self._clear_predicates()
            if self._database._closed:
                return
            self._set([])
            before, self._before = self._before, ""
            if before:
                self._tell(before)

    @property
    def injected(self) -> dict[str, int]:
        """How often each fault has happened since `faults` was called, by name; of those that did.

        Raises RuntimeError if the database was closed.
        """
        with self._lock:
            counted = self._earlier + self._counted()
        return dict(sorted(counted.items()))

    @property
    def seed(self) -> int:
        """What decides where faults of a probability happen."""
        return self._seed

    @property
    def replay(self) -> str:
        """The rules in full, with the seed: for FDB_EMBEDDED_FAULTS, or `faults(db, rules=...)`. Those with `when` are not in it."""
        return self._replay

    def include(self, database: Database | AsyncDatabase) -> None:
        """Has predicates see the transactions of another object of the same database, too."""
        with self._lock:
            self._traced.append(database)
            if self._predicates.rules:
                self._traces.enter_context(trace(database, self._predicates))

    def _clear_predicates(self) -> None:
        self._predicates.rules = ()
        self._traces.close()

    def _report(self) -> dict[str, Any]:
        library = self._database._library
        report: dict[str, Any] = json.loads(
            self._database._handle.call(library.fdb_embedded_faults)
        )
        return report

    def _counted(self) -> collections.Counter[str]:
        """What the engine has counted."""
        report = self._report()
        counted: collections.Counter[str] = collections.Counter(report["one_shot"])
        for rule in report["rules"]:
            counted[rule["name"]] += rule["fired"]
        return counted

    def _set(self, rules: list[str]) -> None:
        """Gives the engine other rules. It goes on counting where rules are only added."""
        before = self._counted()
        self._tell(";".join([*rules, f"seed={self._seed}"]))
        self._earlier += before - self._counted()
        self._rules = rules

    def _tell(self, rules: str) -> None:
        set_faults = self._database._library.fdb_embedded_set_faults
        code, text = self._database._handle.call(set_faults, rules.encode())
        if code == _INVALID_OPTION_VALUE:
            raise ValueError(text)
        if code != 0:
            raise FDBError(code, text)
        self._replay = text


def _check_single(name: str, whole: str, single: str) -> None:
    """Raises ValueError for a rule that a transaction cannot be given, with the engine's text if it has one.

    Not by the database itself, where others could meet the fault.
    """
    with contextlib.closing(MemorySandbox()) as sandbox:
        database = sandbox.database()
        Faults(database, 0, [whole])
        transaction = database._handle.create_transaction()
        try:
            transaction.call(database._library.fdb_embedded_inject, single.encode())
        except FDBError as error:
            if error.code != _INVALID_OPTION_VALUE:
                raise
            raise ValueError(
                f"when cannot ask for {name}: it is not a fault of an operation, as are {', '.join(PLACES)}"
            ) from None
