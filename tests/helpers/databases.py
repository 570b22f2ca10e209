"""The databases that tests run on."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

import fdb
import fdb.embedded
from fdb._open import forget_database
from fdb._startup.cluster_names import place_of

#: Whether a fresh embedded database is one in a file: `make test-file`.
IN_FILES = os.environ.get("FDB_TESTS_IN_FILES") == "1"


@pytest.fixture(scope="session")
def cluster_file(pytestconfig: pytest.Config) -> str | None:
    """The cluster to test on; None for embedded databases."""
    name: str | None = pytestconfig.getoption("--cluster-file")
    return name


@pytest.fixture
def memory_name() -> Iterator[str]:
    """What to give to fdb.open for an empty embedded database."""
    if IN_FILES:
        with tempfile.TemporaryDirectory() as directory:
            name = f"file:{directory}/test.fdb?sync=off"
            yield name
            forget_database(place_of(name.encode()).identity)
        return
    name = fdb.embedded.unique()
    yield name
    fdb.embedded.drop(name)


@pytest.fixture
def prompt_name(memory_name: str) -> str:
    """The same of one that answers at once, whatever the surroundings say."""
    fdb.embedded.set_latency(fdb.open(memory_name), None)
    return memory_name


@pytest.fixture
def database_name(cluster_file: str | None, request: pytest.FixtureRequest) -> str:
    """What to give to fdb.open: a fresh embedded database, or the cluster."""
    if cluster_file is not None:
        return cluster_file
    name: str = request.getfixturevalue("memory_name")
    return name


@pytest.fixture
def db(database_name: str, test_prefix: bytes) -> Iterator[fdb.Database]:
    """The database under test. On a cluster only keys with `test_prefix` are cleaned up."""
    with fdb.open(database_name) as database:
        yield database
        database.clear_range_startswith(test_prefix)


@pytest.fixture
def async_db(database_name: str, db: fdb.Database) -> fdb.AsyncDatabase:
    """The same database, for asyncio."""
    return fdb.open(database_name, event_model="asyncio")


@pytest.fixture
def test_prefix() -> bytes:
    """A prefix of keys that only this test uses."""
    return b"fdb-test/" + secrets.token_hex(8).encode() + b"/"


@pytest.fixture
def memory_db(memory_name: str) -> fdb.Database:
    """An empty embedded database, for tests that look at the whole key space."""
    return fdb.open(memory_name)


@pytest.fixture
def async_memory_db(memory_name: str) -> fdb.AsyncDatabase:
    """The same database as `memory_db`, for asyncio."""
    return fdb.open(memory_name, event_model="asyncio")


@fdb.transactional
def fill(tr: fdb.Transaction, rows: Iterable[tuple[bytes, bytes]]) -> None:
    """Writes rows in one transaction."""
    for key, value in rows:
        tr[key] = value


def code_of(call: Any, *arguments: Any) -> int:
    """Returns the code of the FDBError that a call raises."""
    with pytest.raises(fdb.FDBError) as failed:
        call(*arguments)
    return failed.value.code
