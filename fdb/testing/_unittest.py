"""DatabaseTestCase: the kit for classes of unittest."""

from __future__ import annotations

import os
import sys
import unittest
from typing import Any

from fdb._async import AsyncDatabase, AsyncTenant
from fdb.directory_impl import DirectoryLayer
from fdb.subspace_impl import Subspace
from fdb.testing._clock import Clock
from fdb.testing._fault_text import check_seed
from fdb.testing._faults import Faults
from fdb.testing._kit import Kit, open_sandbox, select_api_version
from fdb.testing._log import TransactionLog

_SEED_VARIABLE = "FDB_TESTING_SEED"


class DatabaseTestCase:
    """A mixin: `class Test(DatabaseTestCase, unittest.TestCase)`, or with unittest.IsolatedAsyncioTestCase.

    Each test has an empty database of its own, which is made by the first use of an attribute and gone after the cleanups that were added
    later. Selects the newest API version, or `fdb_api_version`, if the program has selected none.

    When a test fails that has used the seed or faults, a line on stderr says which seed that was; the variable FDB_TESTING_SEED of the
    environment gives it to the test again.
    """

    fdb_event_model: str | None = None
    """The event model of `db`, as for `fdb.open`; None is "asyncio" for an IsolatedAsyncioTestCase and else "threads"."""
    fdb_cluster: str | None = None
    """A cluster to test on, or another database that others use, too: what `fdb.open` takes."""
    fdb_isolation: str = "auto"
    """How tests on a cluster are kept apart: "tenant", "prefix", or "auto" for the first that is possible."""
    fdb_api_version: int | None = None
    """The API version to select if none was selected."""
    fdb_seed: int | None = None
    """The seed; None is a new one for each test, or that of FDB_TESTING_SEED."""

    _fdb_kit: Kit | None = None
    #: What there is to tell of a kit that was closed.
    _fdb_lines: tuple[str, ...] = ()

    @property
    def db(self) -> Any:
        """The database: a Database, an AsyncDatabase, or on a cluster with tenants a Tenant or AsyncTenant."""
        return self._kit.source(self._model)

    @property
    def async_db(self) -> AsyncDatabase | AsyncTenant:
        """The same database for asyncio."""
        source = self._kit.source("asyncio")
        assert isinstance(source, AsyncDatabase | AsyncTenant)
        return source

    @property
    def space(self) -> Subspace:
        """A subspace of the test's own; its prefix is not empty."""
        return self._kit.sandbox.space

    @property
    def directory(self) -> DirectoryLayer:
        """A directory layer of the test's own."""
        return self._kit.sandbox.directory

    @property
    def seed(self) -> int:
        """A seed for what is random in the test."""
        return self._kit.seed

    @property
    def faults(self) -> Faults:
        """The faults of the database; see `fdb.testing.faults`. Skips the test on a cluster."""
        try:
            return self._kit.faults
        except RuntimeError as error:
            raise unittest.SkipTest(str(error)) from None

    @property
    def clock(self) -> Clock:
        """The clock of the database; see `fdb.testing.clock`. Skips the test on a cluster."""
        try:
            return self._kit.clock
        except RuntimeError as error:
            raise unittest.SkipTest(str(error)) from None

    @property
    def log(self) -> TransactionLog:
        """The log of what transactions of `db` do from the first use of this attribute on; see `fdb.testing.record`."""
        return self._kit.log(self._model)

    @property
    def _model(self) -> str:
        if self.fdb_event_model is not None:
            return self.fdb_event_model
        return "asyncio" if isinstance(self, unittest.IsolatedAsyncioTestCase) else "threads"

    @property
    def _kit(self) -> Kit:
        if self._fdb_kit is None:
            select_api_version(self.fdb_api_version)
            sandbox = open_sandbox(self.fdb_cluster, self.fdb_isolation)
            self._fdb_kit = Kit(sandbox, self._chosen_seed())
            case: Any = self
            case.addCleanup(self._close_kit)
        return self._fdb_kit

    def _close_kit(self) -> None:
        kit, self._fdb_kit = self._fdb_kit, None
        if kit is not None:
            self._fdb_lines = _lines_about(kit)
            kit.close()

    def _chosen_seed(self) -> int | None:
        if self.fdb_seed is not None:
            return check_seed(self.fdb_seed)
        text = os.environ.get(_SEED_VARIABLE)
        if not text:
            return None
        try:
            return check_seed(int(text))
        except ValueError as error:
            raise ValueError(f"{_SEED_VARIABLE}={text}: {error}") from None

    def run(self, result: unittest.TestResult | None = None) -> unittest.TestResult | None:
        """Runs the test, as unittest does."""
        case: Any = super()
        if result is None:
            own: unittest.TestResult | None = case.run()
            return own
        case.run(_Watched(result, self))
        return result

    def _tell_seed(self) -> None:
        for line in self._fdb_lines if self._fdb_kit is None else _lines_about(self._fdb_kit):
            case: Any = self
            print(f"{case.id()}: {line}", file=sys.stderr)


def _lines_about(kit: Kit) -> tuple[str, ...]:
    if not kit.uses_seed:
        return ()
    seed = f"the seed was {kit.seed}: {_SEED_VARIABLE}={kit.seed} takes it again"
    return (seed, *kit.replay_lines())


class _Watched:
    """A result that has the case tell its seed at a failure. Everything else is the result's."""

    def __init__(self, result: unittest.TestResult, case: DatabaseTestCase) -> None:
        self._result = result
        self._case = case
        if hasattr(result, "addSubTest"):  # by which unittest knows whether it is called
            self.addSubTest = self._add_subtest

    def __getattr__(self, name: str) -> Any:
        return getattr(self._result, name)

    def addFailure(self, test: Any, error: Any) -> None:  # noqa: N802 - the name in unittest
        """A check of the test has failed."""
        self._case._tell_seed()
        self._result.addFailure(test, error)

    def addError(self, test: Any, error: Any) -> None:  # noqa: N802
        """The test has raised."""
        self._case._tell_seed()
        self._result.addError(test, error)

    def _add_subtest(self, test: Any, subtest: Any, error: Any) -> None:
        if error is not None:
            self._case._tell_seed()
        self._result.addSubTest(test, subtest, error)
