"""fdb/_startup/opening.py: which event model, and which library serves a database."""

from __future__ import annotations

import pytest

import fdb
import fdb.embedded
from helpers.processes import RunPython


def test_an_unknown_event_model() -> None:
    with pytest.raises(fdb.FDBError, match="known are None") as refused:
        fdb.open("memory:", event_model="twisted")
    assert refused.value.code == 2000


def test_the_embedded_engine_never_stands_in_for_libfdb_c(run_python: RunPython) -> None:
    outcome = run_python(
        """
        import ctypes, fdb
        fdb.api_version(740)
        fdb.open("memory:")[b"k"] = b"v"
        try:
            ctypes.CDLL("libfdb_c.so")
        except OSError:
            print("not found")
        try:
            fdb.open("fdb.cluster")
        except RuntimeError:
            print("not found")
        """,
        environment={
            "FDB_LIBRARY_PATH": "",
            "FDB_LOCAL_CLIENT_LIBRARY_PATH": "",
            "LD_LIBRARY_PATH": "",
        },
    )
    assert outcome.stdout == "not found\nnot found\n"


def test_the_library_for_other_programs_is_another_one(run_python: RunPython) -> None:
    outcome = run_python(
        """
        import fdb, fdb.embedded
        fdb.api_version(740)
        fdb.open("memory:shared")[b"k"] = b"v"
        copy = fdb.ClientLibrary(fdb.embedded.libdir() + "/libfdb_c.so").open("memory:shared")
        assert copy[b"k"] is None
        copy[b"k"] = b"other"
        assert fdb.open("memory:shared")[b"k"] == b"v"
        """
    )
    assert outcome.returncode == 0
