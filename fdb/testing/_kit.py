"""What one test has of the kit, for pytest and for unittest alike: its database, the faults in that, and the seed of both."""

from __future__ import annotations

import contextlib
import sys

from fdb._startup import api_version
from fdb.testing._clock import Clock, clock
from fdb.testing._cluster import open_part
from fdb.testing._engine import database_of
from fdb.testing._fault_text import drawn_seed, split_rules
from fdb.testing._faults import Faults
from fdb.testing._faults import faults as begin_faults
from fdb.testing._isolation import MemorySandbox, Sandbox, Source
from fdb.testing._log import TransactionLog
from fdb.testing._record import record


class Kit:
    """Made for one test and closed after it. Its parts are made when they are first used."""

    def __init__(self, sandbox: Sandbox, seed: int | None = None, rules: str = "") -> None:
        """`rules` are faults to begin with; a seed in them is taken if `seed` is None, else one is drawn when it is needed.

        The sandbox is closed with the kit, and at once if this raises: ValueError for rules of no use, RuntimeError for rules on a cluster.
        """
        self.sandbox = sandbox
        self._faults: Faults | None = None
        self._clock: Clock | None = None
        self._log: TransactionLog | None = None
        # What has to end before the sandbox is closed.
        self._tools = contextlib.ExitStack()
        try:
            self._rules, written = split_rules(rules)
            self._seed = written if seed is None else seed
            if self._rules:
                _ = self.faults
        except BaseException:
            sandbox.close()
            raise

    @property
    def seed(self) -> int:
        """What everything that is random in the test begins with."""
        if self._seed is None:
            self._seed = drawn_seed()
        return self._seed

    @property
    def uses_seed(self) -> bool:
        """Whether there is a seed that a replay needs."""
        return self._seed is not None

    def source(self, event_model: str | None = None) -> Source:
        """Returns the database, or the tenant that stands for it, in an event model."""
        is_new = not self.sandbox.is_open(event_model)
        source = self.sandbox.source(event_model)
        if is_new and self._faults is not None:
            self._faults.include(database_of(source, "faults()"))
        return source

    @property
    def faults(self) -> Faults:
        """The faults of the database. Raises RuntimeError on a cluster."""
        if self._faults is None:
            first = self.sandbox.source()
            self._faults = begin_faults(first, self.seed, ";".join(self._rules))
            self._tools.callback(self._faults.close)
            for source in self.sandbox.sources():
                if source is not first:
                    self._faults.include(database_of(source, "faults()"))
        return self._faults

    @property
    def clock(self) -> Clock:
        """The clock of the database, which runs again after the test. Raises RuntimeError on a cluster."""
        if self._clock is None:
            self._clock = self._tools.enter_context(clock(self.sandbox.source()))
        return self._clock

    def log(self, event_model: str | None = None) -> TransactionLog:
        """Returns the log of what new transactions of the database do in an event model, that of the first call."""
        if self._log is None:
            self._log = self._tools.enter_context(record(self.source(event_model)))
        return self._log

    def replay_lines(self) -> list[str]:
        """What is to be known of the faults of a test that failed."""
        faults = self._faults
        if faults is None:
            return []
        replay = f"FDB_EMBEDDED_FAULTS='{faults.replay}' gives a program the same, but for those with a predicate"
        if faults._database._closed:
            return [replay]
        counted = ", ".join(f"{name} {count}" for name, count in faults.injected.items())
        return [f"faults that happened: {counted or 'none'}", replay]

    def close(self) -> None:
        """Ends the faults and removes what the test has written."""
        try:
            self._tools.close()
        finally:
            self.sandbox.close()


def open_sandbox(cluster: str | None, isolation: str) -> Sandbox:
    """Returns a database in memory, or a part of a cluster. Raises as `open_part`."""
    return MemorySandbox() if cluster is None else open_part(cluster, isolation)


def select_api_version(version: int | None = None) -> None:
    """Selects an API version, the newest by default, if none was selected. Raises RuntimeError for an unknown one."""
    if not api_version.is_selected():
        # The package, whose function loads what a version has, is there and cannot be imported from here.
        sys.modules["fdb"].api_version(
            api_version.LATEST_API_VERSION if version is None else version
        )
