"""fdb/_open.py: what fdb.open returns, and who else has it."""

from __future__ import annotations

import pytest

import fdb
import fdb.embedded
from helpers.processes import RunPython


def test_the_same_arguments_give_the_same_object() -> None:
    name = fdb.embedded.unique()
    assert fdb.open(name) is fdb.open(name)
    assert fdb.open(name) is not fdb.open(name, event_model="debug")
    assert fdb.open(name) is not fdb.open(fdb.embedded.unique())


def test_one_name_is_one_database() -> None:
    name = fdb.embedded.unique()
    fdb.open(name)[b"k"] = b"v"
    assert fdb.open(name.encode())[b"k"] == b"v"
    assert fdb.open(name, event_model="debug")[b"k"] == b"v"
    assert fdb.open(fdb.embedded.unique())[b"k"] is None
    assert fdb.open("memory:") is fdb.open("memory:")


def test_closing() -> None:
    name = fdb.embedded.unique()
    database = fdb.open(name)
    database[b"k"] = b"v"
    tr = database.create_transaction()
    database.close()
    database.close()
    assert tr[b"k"] == b"v"
    with pytest.raises(RuntimeError, match="the database is closed"):
        database[b"k"]
    with pytest.raises(RuntimeError, match="the database is closed"):
        database.options.set_max_watches(5)
    again = fdb.open(name)
    assert again is not database and again[b"k"] == b"v"
    with fdb.open(name) as managed:
        assert managed is again and managed[b"k"] == b"v"
    assert again[b"k"] == b"v"


def test_the_variable_may_hold_an_embedded_form(run_python: RunPython) -> None:
    outcome = run_python(
        """
        import fdb
        fdb.api_version(740)
        fdb.open()[b"k"] = b"v"
        print(fdb.open("memory:variable")[b"k"])
        print(fdb.open("")[b"k"])
        """,
        environment={"FDB_CLUSTER_FILE": "memory:variable"},
    )
    assert outcome.stdout == "b'v'\nb'v'\n"
