"""The pytest plugin of fdb: its fixtures, marks and options. Found by pytest itself; there is nothing to import.

Not in the package, so that a suite which uses none of this does not load fdb for it: what the fixtures do stands in
fdb/testing/pytest_plugin.py, which the first of them loads.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import fdb
    from fdb.testing import Clock, Faults, TransactionLog, pytest_plugin

_EVENT_MODELS = ("threads", "debug", "gevent", "asyncio")

_MARKS = (
    "fdb_faults(rules): what goes wrong in the database, in the form of FDB_EMBEDDED_FAULTS (docs/guides/faults.md)",
    "fdb_event_models(*names): runs the test with fdb_db in each of these event models: threads, debug, gevent, asyncio",
    "fdb_latency(minimum, maximum=None, seed=None): fdb_db answers as late as fdb.embedded.set_latency() says; not on a cluster",
    "fdb_seed(number): the seed of all that is random in the fixtures of fdb",
)


def _seed(text: str) -> int:
    number = int(text)
    if not 0 <= number < 2**63:
        raise argparse.ArgumentTypeError(f"must be at least 0 and below 2**63, not {number}")
    return number


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("fdb", "FoundationDB (fdb)")
    group.addoption(
        "--fdb-seed",
        type=_seed,
        metavar="NUMBER",
        help="seed of all that is random in the fixtures of fdb (default: another one for each test, which is shown if it fails)",
    )
    group.addoption(
        "--fdb-faults",
        metavar="RULES",
        help="what goes wrong in the databases of all tests that have no mark fdb_faults, in the form of FDB_EMBEDDED_FAULTS "
        "(docs/guides/faults.md), for example on, or 'not_committed:p=0.2'",
    )
    group.addoption(
        "--fdb-api-version",
        type=int,
        metavar="VERSION",
        help="the API version to select if the suite has selected none (default: the setting fdb_api_version, or the newest)",
    )
    group.addoption(
        "--fdb-cluster",
        metavar="PATH",
        help="run fdb_db on this cluster, or on anything else that fdb.open() takes, instead of a database in memory: each test in a "
        "part of its own, which is removed afterwards",
    )
    group.addoption(
        "--fdb-isolation",
        choices=("auto", "tenant", "prefix"),
        default="auto",
        help="what a part of the cluster is: a tenant, which fdb_db is then; or the keys of a prefix, and a write to others raises "
        "before it happens; auto (default): a tenant where the cluster has them",
    )
    parser.addini("fdb_api_version", "API version for the fixtures of fdb (default: the newest)")


def pytest_configure(config: pytest.Config) -> None:
    for mark in _MARKS:
        config.addinivalue_line("markers", mark)


def pytest_report_header(config: pytest.Config) -> str | None:
    cluster: str | None = config.getoption("fdb_cluster")
    if cluster is None:
        return None
    return (
        f"fdb: on {cluster or 'the default cluster'}, isolation {config.getoption('fdb_isolation')}"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    mark = metafunc.definition.get_closest_marker("fdb_event_models")
    if mark is None or "fdb_event_model" not in metafunc.fixturenames:
        return
    if not mark.args or mark.kwargs or not set(mark.args) <= set(_EVENT_MODELS):
        given = ", ".join(
            [repr(name) for name in mark.args]
            + [f"{name}={value!r}" for name, value in mark.kwargs.items()]
        )
        raise pytest.UsageError(
            f"{metafunc.definition.nodeid}: the mark fdb_event_models({given}) takes one or more of "
            + ", ".join(repr(name) for name in _EVENT_MODELS)
        )
    metafunc.parametrize("fdb_event_model", mark.args)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    outcome: Any = yield
    test: pytest_plugin.Resources | None = item.stash.get(_test_key, None)
    if test is not None:
        test.add_sections(outcome.get_result())


#: Where an item has what its fixtures share.
_test_key: pytest.StashKey[pytest_plugin.Resources] = pytest.StashKey()


@pytest.fixture
def _fdb_test(request: pytest.FixtureRequest) -> Iterator[pytest_plugin.Resources]:
    """What the fixtures of a test share."""
    from fdb.testing import pytest_plugin

    test = pytest_plugin.Resources(request)
    request.node.stash[_test_key] = test
    try:
        yield test
    finally:
        del request.node.stash[_test_key]
        test.close()


@pytest.fixture
def fdb_event_model() -> str:
    """The event model of fdb_db: "threads", "debug", "gevent" or "asyncio".

    The mark fdb_event_models("threads", "gevent") parametrizes it, as pytest.mark.parametrize does; a suite may define its own.
    """
    return "threads"


@pytest.fixture
def fdb_db(
    _fdb_test: pytest_plugin.Resources, fdb_event_model: str
) -> fdb.Database | fdb.AsyncDatabase | fdb.Tenant | fdb.AsyncTenant:
    """An empty database of the test's own, in memory. It is closed and dropped after the test.

    With --fdb-cluster a tenant of the test's own, or the cluster, where only the keys of fdb_space and fdb_directory may be written.
    """
    return _fdb_test.source(fdb_event_model)


@pytest.fixture
def fdb_async_db(_fdb_test: pytest_plugin.Resources) -> fdb.AsyncDatabase | fdb.AsyncTenant:
    """The database of fdb_db for asyncio: an AsyncDatabase. It belongs to no loop: pytest-asyncio, anyio and asyncio.run may be mixed."""
    return _fdb_test.asynchronous


@pytest.fixture
def fdb_space(_fdb_test: pytest_plugin.Resources) -> fdb.Subspace:
    """A Subspace of the test's own, in fdb_db. Its prefix is random, not empty, and not the same twice."""
    return _fdb_test.space


@pytest.fixture
def fdb_directory(_fdb_test: pytest_plugin.Resources) -> fdb.DirectoryLayer:
    """A DirectoryLayer of the test's own, in fdb_db, with metadata and contents: paths are as short as a test likes."""
    return _fdb_test.directory


@pytest.fixture
def fdb_faults(_fdb_test: pytest_plugin.Resources) -> Faults:
    """The Faults of the test's database: fdb_faults.add("not_committed", probability=0.2). They end with the test.

    The mark fdb_faults("not_committed:p=0.2"), or else the option --fdb-faults, gives those to begin with, also to tests without this fixture.
    A failure shows their seed; see fdb_seed. On a cluster the test is skipped.
    """
    return _fdb_test.faults


@pytest.fixture
def fdb_clock(_fdb_test: pytest_plugin.Resources) -> Clock:
    """The Clock of the test's database: fdb_clock.advance(seconds), freeze(), resume(). It runs again after the test.

    On a cluster the test is skipped.
    """
    return _fdb_test.clock


@pytest.fixture
def fdb_record(_fdb_test: pytest_plugin.Resources, fdb_event_model: str) -> TransactionLog:
    """The log of what the transactions of fdb_db do, and assertions about it; see fdb.testing.record().

    In a test without fdb_db it is that of fdb_async_db. Works on a cluster, too.
    """
    return _fdb_test.log(fdb_event_model)


@pytest.fixture
def fdb_file_db(_fdb_test: pytest_plugin.Resources) -> fdb.Database:
    """An empty database in the file `fdb_file_db.fdb` in `tmp_path`, with `sync=full` as in production. It is closed after the test.

    It is another one than that of fdb_db. In a test without fdb_db and fdb_async_db the other fixtures are for it.
    """
    return _fdb_test.file_database()


@pytest.fixture
def fdb_reopen(_fdb_test: pytest_plugin.Resources, fdb_file_db: fdb.Database) -> Callable[..., Any]:
    """A function that closes the file of fdb_file_db and opens it again, as the next run of a program does.

    `fdb_reopen(event_model=None)` returns the new database. Faults end, and a clock that was frozen runs. It raises RuntimeError while
    transactions, or exceptions, of the test keep the file open.
    """
    return _fdb_test.reopen


@pytest.fixture
def fdb_seed(_fdb_test: pytest_plugin.Resources) -> int:
    """A seed for what is random in the test. It is shown if the test fails, with how to have it again.

    The mark fdb_seed(number) or the option --fdb-seed choose it.
    """
    return _fdb_test.seed
