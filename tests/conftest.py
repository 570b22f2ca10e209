"""Fixtures of all tests: the database under test, stub client libraries, subprocesses."""

from __future__ import annotations

import os
import secrets
import shlex
import subprocess
import sys
import sysconfig
import textwrap
from collections.abc import Callable, Iterator, Mapping

import pytest

import fdb
import fdb.embedded
from helpers.paths import HEADERS, ROOT, TESTS

#: What names a cluster or a library: a test sets it for itself, so that it runs anywhere.
SURROUNDINGS = (
    "FDB_CLUSTER_FILE",
    "FDB_LIBRARY_PATH",
    "FDB_LOCAL_CLIENT_LIBRARY_PATH",
)
STUB_SOURCE = TESTS / "helpers" / "stub_libfdb_c.c"

fdb.api_version(740)

pytest_plugins = ["helpers.wheels"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--cluster-file",
        default=os.environ.get("FDB_CLUSTER_FILE"),
        help="run the tests that can on this cluster instead of an embedded database",
    )


def pytest_configure() -> None:
    """From here on the option says what to test on: the tests themselves see no cluster."""
    os.environ.pop("FDB_CLUSTER_FILE", None)


@pytest.fixture(scope="session")
def cluster_file(pytestconfig: pytest.Config) -> str | None:
    """The cluster to test on; None for embedded databases."""
    name: str | None = pytestconfig.getoption("--cluster-file")
    return name


@pytest.fixture
def database_name(cluster_file: str | None) -> Iterator[str]:
    """What to give to fdb.open: a fresh embedded database, or the cluster."""
    if cluster_file is not None:
        yield cluster_file
        return
    name = fdb.embedded.unique()
    yield name
    fdb.embedded.drop(name)


@pytest.fixture
def db(database_name: str, test_prefix: bytes) -> Iterator[fdb.Database]:
    """The database under test. On a cluster only keys with `test_prefix` are cleaned up."""
    database = fdb.open(database_name)
    yield database
    database.clear_range_startswith(test_prefix)


@pytest.fixture
def test_prefix() -> bytes:
    """A prefix of keys that only this test uses."""
    return b"fdb-test/" + secrets.token_hex(8).encode() + b"/"


@pytest.fixture
def memory_db() -> Iterator[fdb.Database]:
    """An empty embedded database, for tests that look at the whole key space."""
    name = fdb.embedded.unique()
    yield fdb.open(name)
    fdb.embedded.drop(name)


@pytest.fixture(scope="session")
def build_stub(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Compiles tests/helpers/stub_libfdb_c.c; returns the path of a library with the given properties."""
    directory = tmp_path_factory.mktemp("stubs")

    def build(*defines: str) -> str:
        path = directory / ("libstub" + "_".join(("", *defines)).replace("=", "_") + ".so")
        if not path.exists():
            compiler = shlex.split(sysconfig.get_config_var("CC") or "cc")
            flags = ["-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-pthread"]
            include = f"-I{HEADERS}"
            definitions = [f"-D{define}" for define in defines]
            subprocess.run(
                [*compiler, *flags, include, *definitions, str(STUB_SOURCE), "-o", str(path)],
                check=True,
                # A sanitizer that this process was started with is none of the compiler's business.
                env={name: text for name, text in os.environ.items() if name != "LD_PRELOAD"},
            )
        return str(path)

    return build


@pytest.fixture(scope="session")
def stub_db(build_stub: Callable[..., str]) -> fdb.Database:
    """A database of the stub library: its keys decide when and how an answer comes."""
    return fdb.ClientLibrary(build_stub()).open("stub")


def surroundings_removed(environment: Mapping[str, str]) -> dict[str, str]:
    """Returns an environment without what names a cluster or a library."""
    return {name: value for name, value in environment.items() if name not in SURROUNDINGS}


@pytest.fixture
def library_environment() -> dict[str, str]:
    """The variables with which a program finds the library that these tests use for a cluster."""
    return {name: os.environ[name] for name in SURROUNDINGS[1:] if name in os.environ}


def run_python(
    code: str,
    timeout: float = 60,
    environment: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Runs a program in a fresh interpreter and returns its outcome; its errors are shown.

    Of the variables that name a cluster or a library it sees only those in `environment`.
    """
    outcome = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**surroundings_removed(os.environ), **(environment or {})},
        cwd=ROOT,
    )
    if outcome.returncode != 0:
        print(outcome.stdout, outcome.stderr, sep="\n")
    return outcome


@pytest.fixture(name="run_python")
def run_python_fixture() -> Callable[..., subprocess.CompletedProcess[str]]:
    """`run_python` as a fixture."""
    return run_python
