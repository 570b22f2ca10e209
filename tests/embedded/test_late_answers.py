"""fdb.embedded.set_latency and FDB_EMBEDDED_LATENCY: answers that come late, as a cluster's do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

import fdb
import fdb.embedded
from helpers.processes import RunPython

A_LONG_TIME = 20.0


@pytest.fixture
def name(prompt_name: str) -> str:
    return prompt_name


def pending(future: Any) -> bool:
    """Whether a future is pending now; then waits for it."""
    was_pending = not future.is_ready()
    future.block_until_ready()
    return was_pending


def test_every_future_is_pending_at_first(name: str) -> None:
    db = fdb.open(name)
    fdb.embedded.set_latency(db, 0.02, seed=1)
    tr = db.create_transaction()
    assert pending(tr[b"k"])
    assert pending(tr.get_key(fdb.KeySelector.first_greater_than(b"k")))
    assert pending(tr[b"a":b"z"]._first)
    assert pending(tr.get_read_version())
    assert pending(tr.get_estimated_range_size_bytes(b"a", b"b"))
    assert pending(tr.get_range_split_points(b"a", b"b", 100))
    assert pending(tr.get_addresses_for_key(b"k"))
    assert pending(tr.get_approximate_size())
    assert pending(tr[b"\xff/no access"])
    tr[b"k"] = b"v"
    stamp = tr.get_versionstamp()
    commit = tr.commit()
    assert pending(commit) and stamp.is_ready()
    assert db[b"k"] == b"v"


READS_OF_NOTHING: list[tuple[Callable[[fdb.Transaction], Any], Any]] = [
    (lambda tr: tr[b"k"], None),
    (lambda tr: tr.get_addresses_for_key(b"k"), [b"127.0.0.1:4500"]),
    (lambda tr: tr.get_estimated_range_size_bytes(b"a", b"z"), 0),
    (lambda tr: tr.get_range_split_points(b"a", b"z", 9), [b"a", b"z"]),
    (lambda tr: tr.get_approximate_size(), 0),
    (lambda tr: tr.commit(), None),
]


def test_what_is_pending_keeps_its_transaction(name: str) -> None:
    db = fdb.open(name)
    fdb.embedded.set_latency(db, 0.02)
    started = [read(db.create_transaction()) for read, _ in READS_OF_NOTHING]
    stamp = (lambda tr: tr.get_versionstamp())(db.create_transaction())
    rows = (lambda tr: tr[b"a":b"z"])(db.create_transaction())
    assert [future.wait() for future in started] == [wanted for _, wanted in READS_OF_NOTHING]
    assert rows.to_list() == []
    with pytest.raises(fdb.FDBError) as failed:  # it would never come
        stamp.wait()
    assert failed.value.code == 1025


def test_it_takes_the_time_that_was_set(name: str) -> None:
    db = fdb.open(name)
    fdb.embedded.set_latency(db, 0.3, 0.3)
    start = time.monotonic()
    assert db.create_transaction()[b"k"] == None  # noqa: E711
    assert 0.29 < time.monotonic() - start < A_LONG_TIME
    fdb.embedded.set_latency(db, None)
    assert db.create_transaction()[b"k"].is_ready()


def test_the_setting_belongs_to_the_database() -> None:
    name, other = fdb.embedded.unique(), fdb.embedded.unique()
    fdb.embedded.set_latency(other, None)
    fdb.embedded.set_latency(name, 0.02)  # before it is opened
    for event_model in (None, "debug"):
        assert pending(fdb.open(name, event_model=event_model).create_transaction()[b"k"])
    assert not pending(fdb.open(other).create_transaction()[b"k"])
    fdb.embedded.set_latency(name.removeprefix("memory:"), None)
    assert not pending(fdb.open(name).create_transaction()[b"k"])
    fdb.embedded.drop(other)
    fdb.embedded.drop(name)


def test_a_dropped_database_keeps_its_setting_for_those_that_use_it() -> None:
    name = fdb.embedded.unique()
    db = fdb.open(name)
    fdb.embedded.drop(name)
    fdb.embedded.set_latency(db, 0.02)
    fdb.embedded.set_latency(name, None)
    assert pending(db.create_transaction()[b"k"])
    assert not pending(fdb.open(name).create_transaction()[b"k"])
    fdb.embedded.drop(name)


@pytest.mark.parametrize(
    ("arguments", "error", "what"),
    [
        ({"minimum": -0.001}, ValueError, "minimum"),
        ({"minimum": float("nan")}, ValueError, "minimum"),
        ({"minimum": 61}, ValueError, "minimum"),
        ({"minimum": "1ms"}, TypeError, "minimum"),
        ({"minimum": True}, TypeError, "minimum"),
        ({"maximum": -1}, ValueError, "maximum"),
        ({"maximum": float("inf")}, ValueError, "maximum"),
        ({"maximum": b"1"}, TypeError, "maximum"),
        ({"minimum": 0.002, "maximum": 0.001}, ValueError, "maximum"),
        ({"minimum": None, "maximum": 0.001}, ValueError, "maximum"),
        ({"minimum": None, "seed": 1}, ValueError, "seed"),
        ({"seed": -1}, ValueError, "seed"),
        ({"seed": 2**64}, ValueError, "seed"),
        ({"seed": 1.5}, TypeError, "seed"),
    ],
)
def test_an_argument_of_no_use_is_named(
    arguments: dict[str, Any], error: type[Exception], what: str, name: str
) -> None:
    with pytest.raises(error, match=what):
        fdb.embedded.set_latency(fdb.open(name), **arguments)
    assert not pending(fdb.open(name).create_transaction()[b"k"])


def test_only_embedded_databases_that_are_open_have_one(stub_db: fdb.Database, name: str) -> None:
    with pytest.raises(ValueError, match="of the embedded engine"):
        fdb.embedded.set_latency(stub_db)
    with pytest.raises(ValueError, match="file:x"):
        fdb.embedded.set_latency("file:x")
    for wrong in (None, 1, fdb.open(name).create_transaction()):
        with pytest.raises(TypeError, match="database must be what"):
            fdb.embedded.set_latency(wrong)  # type: ignore[arg-type]
    db = fdb.open(name)
    db.close()
    with pytest.raises(RuntimeError, match="closed"):
        fdb.embedded.set_latency(db)


PENDING_OF_NEW = """
    import os, fdb
    fdb.api_version(740)
    tr = fdb.open("memory:").create_transaction()
    tr[b"first"].wait()  # the network may still have to start
    read = tr[b"k"]
    print(read.is_ready())
    read.wait()
"""


@pytest.mark.parametrize(
    ("value", "ready"),
    [("", "True"), ("0", "True"), ("off", "True"), ("50ms", "False"), ("20-50ms,seed=3", "False")],
)
def test_the_variable_decides_for_new_databases(
    value: str, ready: str, run_python: RunPython
) -> None:
    done = run_python(PENDING_OF_NEW, environment={"FDB_EMBEDDED_LATENCY": value})
    assert (done.returncode, done.stdout.strip()) == (0, ready)


@pytest.mark.parametrize("value", ["yes", "2", "1-2", "5ms-1ms", "1ms,seed=x", "90s"])
def test_a_malformed_variable_is_refused(value: str, run_python: RunPython) -> None:
    done = run_python(PENDING_OF_NEW, environment={"FDB_EMBEDDED_LATENCY": value})
    assert done.returncode != 0
    assert f"FDB_EMBEDDED_LATENCY={value}: the forms are" in done.stderr
    assert f"(2006): FDB_EMBEDDED_LATENCY is {value!r}; known are" in done.stderr
