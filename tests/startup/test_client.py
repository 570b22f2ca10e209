"""fdb/_startup/client.py: one client for each library, its API version and its network."""

from __future__ import annotations

import os
import pathlib

import pytest

import fdb
from helpers.processes import RunPython
from helpers.stubs import BuildStub


def test_one_client_for_one_file(build_stub: BuildStub, tmp_path: pathlib.Path) -> None:
    link = tmp_path / "link.so"
    link.symlink_to(build_stub())
    library, linked = fdb.ClientLibrary(build_stub()), fdb.ClientLibrary(str(link))
    assert library.path == linked.path == os.path.realpath(build_stub())
    assert linked.open("x")[b"k"] == b"k"
    assert repr(library) == f"ClientLibrary({library.path!r})"


def test_several_libraries_in_one_process(build_stub: BuildStub, memory_db: fdb.Database) -> None:
    old = fdb.ClientLibrary(build_stub("MAX_API_VERSION=800"))
    other = fdb.ClientLibrary(build_stub("MAX_API_VERSION=740"))
    assert (old.max_api_version, other.max_api_version) == (800, 740)
    memory_db[b"k"] = b"embedded"
    assert old.open("a")[b"k"] == b"k"
    assert other.open("b")[b"k"] == b"k"
    assert memory_db[b"k"] == b"embedded"


@pytest.mark.parametrize(
    ("maximum", "version", "header"),
    [(630, 630, 630), (730, 700, 730), (740, 740, 740), (800, 740, 740)],
)
def test_the_header_version_is_the_newest_that_both_know(
    run_python: RunPython, build_stub: BuildStub, maximum: int, version: int, header: int
) -> None:
    outcome = run_python(
        f"""
        import fdb
        fdb.api_version({version})
        print(fdb.open("x")[b"count:selected"].decode())
        """,
        environment={"FDB_LIBRARY_PATH": build_stub(f"MAX_API_VERSION={maximum}")},
    )
    assert outcome.stdout == f"{header}\n"


def test_a_library_that_is_too_old(build_stub: BuildStub) -> None:
    old = fdb.ClientLibrary(build_stub("MAX_API_VERSION=630"))
    with pytest.raises(
        RuntimeError, match="API version 740 is not supported by the installed"
    ) as failed:
        old.open("x")
    assert "630" in str(failed.value) and old.path in str(failed.value)


def test_another_user_of_the_library_was_first(
    run_python: RunPython, build_stub: BuildStub
) -> None:
    path = build_stub()
    outcome = run_python(
        f"""
        import ctypes, fdb
        other = ctypes.CDLL({path!r})
        other.fdb_select_api_version_impl(740, 740)
        fdb.api_version(740)
        try:
            fdb.ClientLibrary({path!r}).open("x")
        except fdb.FDBError as error:
            print(error.code, error)
        """
    )
    assert outcome.stdout.startswith("2201 ") and "another module of this process" in outcome.stdout


def test_another_user_runs_the_network(run_python: RunPython, build_stub: BuildStub) -> None:
    path = build_stub()
    outcome = run_python(
        f"""
        import ctypes, fdb
        library = fdb.ClientLibrary({path!r})
        fdb.api_version(740)
        ctypes.CDLL({path!r}).fdb_setup_network()
        try:
            library.open("x")
        except fdb.FDBError as error:
            print(error.code, error)
        """
    )
    assert outcome.stdout.startswith("2009 ") and "set up the network" in outcome.stdout


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
