"""fdb/_native/library.py and native/shim/: the functions of a loaded library."""

from __future__ import annotations

import os
import signal
import threading

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


@pytest.fixture(scope="module")
def tools(build_stub: BuildStub) -> Library:
    return Library(build_stub())


def test_a_tool_says_how_far_it_is(tools: Library) -> None:
    heard: list[tuple[int, int]] = []
    assert tools.fdb_embedded_check(b"3", lambda done, total: heard.append((done, total))) == "3"
    assert heard == [(1, 3), (2, 3), (3, 3)]
    assert tools.fdb_embedded_check(b"3", None) == "3"


def test_what_is_raised_meanwhile_ends_a_tool(
    tools: Library, capfd: pytest.CaptureFixture[str]
) -> None:
    def progress(done: int, total: int) -> None:
        if done == 5:
            raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        tools.fdb_embedded_check(b"endless", progress)
    assert capfd.readouterr().err == ""


def test_ctrl_c_ends_a_tool(tools: Library) -> None:
    running = threading.Event()

    def interrupt() -> None:
        running.wait()
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        tools.fdb_embedded_check(b"endless", lambda done, total: running.set())
    thread.join()
    signaled = threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGINT))
    signaled.start()
    with pytest.raises(KeyboardInterrupt):
        tools.fdb_embedded_check(b"endless", None)
    signaled.join()


def test_a_tool_that_is_missing(tools: Library) -> None:
    with pytest.raises(fdb.FDBError, match="has no fdb_embedded_info") as missing:
        tools.fdb_embedded_info(b"x")
    assert missing.value.code == 2204
