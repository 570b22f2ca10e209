"""What the fixtures of the pytest plugin do. pytest finds them in fdb_pytest.py, which loads this when a test uses one.

Where pytest is kept from finding plugins (PYTEST_DISABLE_PLUGIN_AUTOLOAD), `-p fdb` loads it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest

import fdb
from fdb import embedded
from fdb.testing._clock import Clock
from fdb.testing._cluster import PrefixSandbox
from fdb.testing._fault_text import check_seed, split_rules
from fdb.testing._faults import Faults
from fdb.testing._isolation import (
    EVENT_MODELS,
    EmbeddedSandbox,
    FileSandbox,
    Sandbox,
    Source,
)
from fdb.testing._kit import Kit, open_sandbox, select_api_version
from fdb.testing._log import TransactionLog

ResultT = TypeVar("ResultT")

#: Those with which a test gets a database that is not in the file of `fdb_file_db`.
_MEMORY_FIXTURES = {"fdb_db", "fdb_async_db"}

#: Whether --fdb-isolation is auto and the cluster has shown that it has no tenants.
_without_tenants: pytest.StashKey[bool] = pytest.StashKey()


class Resources:
    """All that the fixtures of one test share: one database, its faults, one seed."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._request = request
        self._item: pytest.Item = request.node
        self._config = request.config
        self._file: FileSandbox | None = None
        _select_api_version(self._config)
        seed, rules = self._seed(), self._rules()
        sandbox = self._new_sandbox()
        try:
            self._kit = Kit(sandbox, seed, rules)
        except ValueError as error:
            name = "the mark fdb_faults" if self._has_mark_of_faults() else "--fdb-faults"
            raise pytest.UsageError(f"{name}: {error}") from None
        except RuntimeError as error:  # on a cluster
            if not self._has_mark_of_faults():
                raise pytest.UsageError(f"--fdb-faults: {error}") from None
            pytest.skip(str(error))
        try:
            self._apply_latency()
        except BaseException:
            self.close()
            raise

    # ---- databases ----

    def _new_sandbox(self) -> Sandbox:
        names = set(self._request.fixturenames)
        if "fdb_file_db" in names and not names & _MEMORY_FIXTURES:
            self._file = self._new_file()
            return self._file
        isolation = str(self._config.getoption("fdb_isolation"))
        if self._config.stash.get(_without_tenants, False):
            isolation = "prefix"
        sandbox = open_sandbox(self._config.getoption("fdb_cluster"), isolation)
        if isolation == "auto":  # not to be asked again for each test
            self._config.stash[_without_tenants] = isinstance(sandbox, PrefixSandbox)
        return sandbox

    def _new_file(self) -> FileSandbox:
        directory = self._request.getfixturevalue("tmp_path")
        return FileSandbox(directory / "fdb_file_db.fdb")

    def source(self, event_model: str) -> Source:
        """What `fdb_db` gives, in an event model. Skips the test if that is not installed."""
        if event_model not in EVENT_MODELS:
            raise pytest.UsageError(
                f"fdb_event_model must be one of {', '.join(map(repr, EVENT_MODELS))}, not {event_model!r}"
            )
        if event_model == "gevent":
            pytest.importorskip("gevent", reason="gevent is not installed")
        return self._kit.source(event_model)

    @property
    def asynchronous(self) -> fdb.AsyncDatabase | fdb.AsyncTenant:
        """What `fdb_async_db` gives."""
        source = self._kit.source("asyncio")
        assert isinstance(source, fdb.AsyncDatabase | fdb.AsyncTenant)
        return source

    @property
    def space(self) -> fdb.Subspace:
        """What `fdb_space` gives."""
        return self._kit.sandbox.space

    @property
    def directory(self) -> fdb.DirectoryLayer:
        """What `fdb_directory` gives."""
        return self._kit.sandbox.directory

    def log(self, event_model: str) -> TransactionLog:
        """What `fdb_record` gives."""
        names = set(self._request.fixturenames)
        if "fdb_async_db" in names and "fdb_db" not in names:
            event_model = "asyncio"
        return self._kit.log(event_model)

    def file_database(self) -> fdb.Database:
        """What `fdb_file_db` gives."""
        if self._file is None:
            self._file = self._new_file()
        database = self._file.database()
        assert isinstance(database, fdb.Database)
        return database

    def reopen(self, event_model: str | None = None) -> fdb.Database | fdb.AsyncDatabase:
        """What `fdb_reopen` gives. Raises as `FileSandbox.reopen` does."""
        assert self._file is not None
        return self._file.reopen(event_model)

    # ---- faults and seeds ----

    @property
    def faults(self) -> Faults:
        """What `fdb_faults` gives. Skips the test on a cluster."""
        try:
            return self._kit.faults
        except RuntimeError as error:
            pytest.skip(str(error))

    @property
    def clock(self) -> Clock:
        """What `fdb_clock` gives. Skips the test on a cluster."""
        try:
            return self._kit.clock
        except RuntimeError as error:
            pytest.skip(str(error))

    @property
    def seed(self) -> int:
        """What `fdb_seed` gives: the seed of the mark, or of the option, or one that is drawn for the test."""
        return self._kit.seed

    def _seed(self) -> int | None:
        mark = self._item.get_closest_marker("fdb_seed")
        if mark is not None:
            return _call(mark, _seed_of_mark)
        seed: int | None = self._config.getoption("fdb_seed")
        return seed

    def _has_mark_of_faults(self) -> bool:
        return self._item.get_closest_marker("fdb_faults") is not None

    def _rules(self) -> str:
        mark = self._item.get_closest_marker("fdb_faults")
        if mark is not None:
            return _call(mark, _rules_of_mark)
        return self._config.getoption("fdb_faults") or ""

    def add_sections(self, report: pytest.TestReport) -> None:
        """Adds to the report of a failure what is needed to have it again."""
        if report.failed and self._kit.uses_seed:
            seed = f"--fdb-seed={self.seed}"
            again = f"the seed was {self.seed}: pytest {_quoted(self._item.nodeid)} {seed} takes it again"
            report.sections.append(("fdb", "\n".join([again, *self._kit.replay_lines()])))

    # ---- begin and end ----

    def _apply_latency(self) -> None:
        mark = self._item.get_closest_marker("fdb_latency")
        if mark is not None and isinstance(self._kit.sandbox, EmbeddedSandbox):
            database = self._kit.sandbox.database()
            _call(mark, lambda *args, **kwargs: embedded.set_latency(database, *args, **kwargs))

    def close(self) -> None:
        """Ends the faults, and removes all that the test has written but for its file."""
        try:
            self._kit.close()
        finally:
            if self._file is not None:
                self._file.close()


def _select_api_version(config: pytest.Config) -> None:
    """Selects the API version of the option, or of the setting, or the newest, if none was selected.

    Raises UsageError if the option asks for another than the suite has selected.
    """
    option: int | None = config.getoption("fdb_api_version")
    if fdb.is_api_version_selected():
        if option not in (None, fdb.get_api_version()):
            raise pytest.UsageError(
                f"--fdb-api-version is {option}, but the suite has selected {fdb.get_api_version()} already"
            )
        return
    text: str = config.getini("fdb_api_version")
    try:
        select_api_version(option or (int(text) if text else None))
    except (ValueError, RuntimeError) as error:
        name = "the setting fdb_api_version" if option is None else "--fdb-api-version"
        raise pytest.UsageError(f"{name}: {error}") from None


def _call(mark: pytest.Mark, function: Callable[..., ResultT]) -> ResultT:
    """Calls a function with the arguments of a mark; an error of theirs names the mark."""
    try:
        return function(*mark.args, **mark.kwargs)
    except (TypeError, ValueError) as error:
        raise pytest.UsageError(f"the mark {mark.name}: {error}") from error


def _seed_of_mark(number: int) -> int:
    return check_seed(number)


def _rules_of_mark(rules: str) -> str:
    split_rules(rules)
    return rules


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
