"""fdb/_open.py and fdb/_startup/: what the string given to open() means."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

import fdb
import fdb.embedded
from fdb._startup.cluster_names import place_of
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


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("file:x", "in memory only"),
        ("memry:x", "cannot open 'memry:x'"),
        ("MEMORY:", "cannot open 'MEMORY:'"),
        ("sqlite:/tmp/x", "cannot open"),
        ("memory", "cannot open 'memory'"),
        ("desc:id@127.0.0.1:4500", "is a connection string: write it to a cluster file"),
    ],
)
def test_malformed_strings(name: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as refused:
        fdb.open(name)
    assert '"memory:NAME"' in str(refused.value)


def test_names_of_files(tmp_path: pathlib.Path) -> None:
    odd = tmp_path / "odd:name@file"
    odd.write_text("")
    assert not place_of(str(odd).encode()).embedded
    assert not place_of(b"fdb.cluster").embedded
    assert not place_of(b"/nowhere/fdb.cluster").embedded
    assert place_of(b"memory:").embedded and place_of(b"memory:x").embedded


@pytest.mark.parametrize("wrong", [5, ["memory:"], object()])
def test_wrong_types(wrong: Any) -> None:
    with pytest.raises(TypeError, match="cluster_file must be a str, bytes, a path or None"):
        fdb.open(wrong)


def test_a_nul_character() -> None:
    with pytest.raises(ValueError, match="NUL"):
        fdb.open("memory:a\0b")


def test_an_unknown_event_model() -> None:
    with pytest.raises(fdb.FDBError, match="known are None") as refused:
        fdb.open("memory:", event_model="twisted")
    assert refused.value.code == 2000


def test_the_network_thread(run_python: RunPython) -> None:
    outcome = run_python(
        """
        import threading, fdb
        def names():
            return [(t.name, t.daemon) for t in threading.enumerate() if t.name.startswith("fdb")]
        fdb.api_version(740)
        assert names() == []
        db = fdb.open("memory:")
        assert names() == [("fdb-network-thread", True)], names()
        fdb.open("memory:other")
        assert len(names()) == 1
        """
    )
    assert outcome.returncode == 0


def test_network_options_are_replayed(run_python: RunPython) -> None:
    outcome = run_python(
        """
        import fdb
        fdb.api_version(740)
        fdb.options.set_client_threads_per_version(2)  # implies that the local client is disabled
        for attempt in range(2):
            try:
                fdb.open("memory:")
            except fdb.FDBError as error:
                print(error.code)
        """
    )
    assert outcome.stdout == "2123\n2009\n"
