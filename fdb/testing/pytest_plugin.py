"""What the fixtures of the pytest plugin do. pytest finds them in fdb_pytest.py, which loads this when a test uses one.

Where pytest is kept from finding plugins (PYTEST_DISABLE_PLUGIN_AUTOLOAD), `-p fdb` loads it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, TypeVar

import pytest

import fdb
from fdb import embedded
from fdb.testing._cluster import PrefixSandbox, open_part
from fdb.testing._isolation import (
    EVENT_MODELS,
    EmbeddedSandbox,
    FileSandbox,
    MemorySandbox,
    Sandbox,
    Source,
)

ResultT = TypeVar("ResultT")

#: Short enough to be typed again.
_SEED_BITS = 32
#: Those with which a test gets a database that is not in the file of `fdb_file_db`.
_MEMORY_FIXTURES = {"fdb_db", "fdb_async_db"}


#: Whether --fdb-isolation is auto and the cluster has shown that it has no tenants.
_without_tenants: pytest.StashKey[bool] = pytest.StashKey()


class Resources:
    """All that the fixtures of one test share: one database, one seed."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._request = request
        self._item: pytest.Item = request.node
        self._config = request.config
        self._seed: int | None = None
        self._seed_used = False
        select_api_version(self._config)
        self._file: FileSandbox | None = None
        self._sandbox: Sandbox = self._new_sandbox()
        try:
            self._apply_latency()
        except BaseException:
            self.close()
            raise

    def _new_sandbox(self) -> Sandbox:
        names = set(self._request.fixturenames)
        if "fdb_file_db" in names and not names & _MEMORY_FIXTURES:
            self._file = self._new_file()
            return self._file
        cluster: str | None = self._config.getoption("fdb_cluster")
        return MemorySandbox() if cluster is None else self._new_part(cluster)

    def _new_part(self, cluster: str) -> Sandbox:
        isolation = str(self._config.getoption("fdb_isolation"))
        if self._config.stash.get(_without_tenants, False):
            isolation = "prefix"
        part = open_part(cluster, isolation)
        # Not to be asked again for each test.
        if isolation == "auto":
            self._config.stash[_without_tenants] = isinstance(part, PrefixSandbox)
        return part

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
        return self._sandbox.source(event_model)

    @property
    def space(self) -> fdb.Subspace:
        """What `fdb_space` gives."""
        return self._sandbox.space

    @property
    def directory(self) -> fdb.DirectoryLayer:
        """What `fdb_directory` gives."""
        return self._sandbox.directory

    def file_database(self) -> fdb.Database:
        """What `fdb_file_db` gives."""
        if self._file is None:
            self._file = self._new_file()
        database = self._file.database()
        assert isinstance(database, fdb.Database)
        return database

    @property
    def asynchronous(self) -> fdb.AsyncDatabase | fdb.AsyncTenant:
        """What `fdb_async_db` gives."""
        return self._sandbox.asynchronous

    def reopen(self, event_model: str | None = None) -> fdb.Database | fdb.AsyncDatabase:
        """What `fdb_reopen` gives. Raises as `FileSandbox.reopen` does."""
        assert self._file is not None
        return self._file.reopen(event_model)

    # ---- seeds ----

    @property
    def seed(self) -> int:
        """The seed of the mark, or of the option, or one that was drawn for this test."""
        if self._seed is None:
            self._seed = self._chosen_seed()
        return self._seed

    def use_seed(self) -> int:
        """Returns the seed, which the report of a failure then shows."""
        seed = self.seed
        self._seed_used = True
        return seed

    def _chosen_seed(self) -> int:
        mark = self._item.get_closest_marker("fdb_seed")
        seed: int | None
        seed = self._config.getoption("fdb_seed") if mark is None else _call(mark, _seed_of_mark)
        return random.SystemRandom().getrandbits(_SEED_BITS) if seed is None else seed

    def add_sections(self, report: pytest.TestReport) -> None:
        """Adds to the report of a failure what is needed to have it again."""
        if report.failed and self._seed_used:
            report.sections.append(("fdb", self._replay_text()))

    def _replay_text(self) -> str:
        return f"the seed was {self.seed}: pytest {_quoted(self._item.nodeid)} --fdb-seed={self.seed} takes it again"

    # ---- marks ----

    def _apply_latency(self) -> None:
        mark = self._item.get_closest_marker("fdb_latency")
        if mark is not None and isinstance(self._sandbox, EmbeddedSandbox):
            database = self._sandbox.database()
            _call(mark, lambda *args, **kwargs: embedded.set_latency(database, *args, **kwargs))

    def close(self) -> None:
        """Removes all that the test has written but for its file."""
        self._sandbox.close()
        if self._file is not None and self._file is not self._sandbox:
            self._file.close()


def select_api_version(config: pytest.Config) -> None:
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
        fdb.api_version(option or int(text or fdb.LATEST_API_VERSION))
    except (ValueError, RuntimeError) as error:
        name = "the setting fdb_api_version" if option is None else "--fdb-api-version"
        raise pytest.UsageError(f"{name}: {error}") from None


def _call(mark: pytest.Mark, function: Callable[..., ResultT]) -> ResultT:
    """Calls a function with the arguments of a mark; an error of theirs names the mark."""
    try:
        return function(*mark.args, **mark.kwargs)
    except (TypeError, ValueError) as error:
        raise pytest.UsageError(f"the mark {mark.name}: {error}") from error


def _seed_of_mark(number: Any) -> int:
    if isinstance(number, bool) or not isinstance(number, int):
        raise TypeError(f"the seed must be an int, not {type(number).__name__}")
    if not 0 <= number < 2**64:
        raise ValueError(f"the seed must be at least 0 and below 2**64, not {number}")
    return number


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
