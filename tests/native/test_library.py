"""fdb/_native/library.py and native/shim/: the functions of a loaded library."""

from __future__ import annotations

import pytest

import fdb
from fdb._native.library import Library, LoadError, check
from helpers.stubs import BuildStub


def test_a_library_of_something_else() -> None:
    import _ctypes

    with pytest.raises(RuntimeError, match="it is no FoundationDB client library"):
        fdb.ClientLibrary(_ctypes.__file__)


def test_a_missing_function(build_stub: BuildStub) -> None:
    library = fdb.ClientLibrary(build_stub("WITHOUT_TENANTS"))
    database = library.open("x")
    assert database[b"k"] == b"k"
    with pytest.raises(fdb.FDBError) as missing:
        database.open_tenant(b"name")
    text = str(missing.value)
    assert missing.value.code == 2204
    assert "has no fdb_database_open_tenant" in text and "9.9.9" in text and library.path in text
    tr = database.create_transaction()
    with pytest.raises(fdb.FDBError, match="has no fdb_transaction_atomic_op"):
        tr.add(b"k", b"v")
    with pytest.raises(fdb.FDBError, match="has no fdb_transaction_get_versionstamp"):
        tr.get_versionstamp()


def test_check() -> None:
    check(0)
    with pytest.raises(fdb.FDBError) as failed:
        check(2007)
    assert failed.value.code == 2007


def test_loading(build_stub: BuildStub) -> None:
    library = Library(build_stub())
    assert library.has("fdb_get_error") and not library.has("fdb_nothing")
    with pytest.raises(LoadError):
        Library("/nowhere.so")
