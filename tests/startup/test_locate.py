"""fdb/_startup/locate.py, fdb/_native/library.py and native/shim/library.c: finding and loading client libraries."""

from __future__ import annotations

import os
import pathlib
import shutil

import pytest

import fdb
from fdb._native.library import Library, LoadError, check
from helpers.processes import RunPython
from helpers.stubs import BuildStub


def test_nothing_found(run_python: RunPython) -> None:
    outcome = run_python(
        """
        import fdb
        fdb.api_version(740)
        try:
            fdb.open("fdb.cluster")
        except RuntimeError as error:
            print(error)
        """,
        environment={
            "FDB_LIBRARY_PATH": "/nowhere/first.so",
            "FDB_LOCAL_CLIENT_LIBRARY_PATH": "/nowhere/second.so",
            "LD_LIBRARY_PATH": "",
        },
    )
    text = outcome.stdout
    assert text.startswith("Unable to locate the FoundationDB API shared library!")
    places = ["/nowhere/first.so", "/nowhere/second.so", "libfdb_c"]
    assert all(place in text for place in places)
    assert text.count("cannot open shared object file") >= 3 or "no such file" in text
    assert 'fdb.open("memory:")' in text and "install the FoundationDB client" in text


@pytest.mark.parametrize("variable", ["FDB_LIBRARY_PATH", "FDB_LOCAL_CLIENT_LIBRARY_PATH"])
def test_variables_name_the_file(
    run_python: RunPython, build_stub: BuildStub, variable: str
) -> None:
    path = build_stub()
    outcome = run_python(
        f"""
        import fdb, os
        fdb.api_version(740)
        db = fdb.open("stub.cluster")
        assert db[b"hello"] == b"hello"
        assert fdb.ClientLibrary().path == os.path.realpath({path!r})
        assert fdb.ClientLibrary({path!r}).path == fdb.ClientLibrary().path
        assert fdb.ClientLibrary().version == "9.9.9"
        assert fdb.ClientLibrary().max_api_version == 740
        """,
        environment={variable: path},
    )
    assert outcome.returncode == 0


def test_the_order_of_the_variables(run_python: RunPython, build_stub: BuildStub) -> None:
    first, second = build_stub("MAX_API_VERSION=730"), build_stub("MAX_API_VERSION=630")
    outcome = run_python(
        "import fdb; print(fdb.ClientLibrary().max_api_version)",
        environment={"FDB_LIBRARY_PATH": first, "FDB_LOCAL_CLIENT_LIBRARY_PATH": second},
    )
    assert outcome.stdout == "730\n"


def test_a_variable_that_does_not_work_is_mentioned(
    run_python: RunPython, build_stub: BuildStub
) -> None:
    outcome = run_python(
        "import fdb; print(fdb.ClientLibrary().max_api_version)",
        environment={
            "FDB_LIBRARY_PATH": "/nowhere/first.so",
            "FDB_LOCAL_CLIENT_LIBRARY_PATH": build_stub(),
        },
    )
    assert outcome.stdout == "740\n"
    assert "RuntimeWarning" in outcome.stderr and "/nowhere/first.so" in outcome.stderr


def test_the_loader_of_the_system(
    run_python: RunPython, build_stub: BuildStub, tmp_path: pathlib.Path
) -> None:
    shutil.copy(build_stub(), tmp_path / "libfdb_c.so")
    outcome = run_python(
        "import fdb; print(fdb.ClientLibrary().path)",
        environment={"LD_LIBRARY_PATH": str(tmp_path)},
    )
    assert outcome.stdout == f"{tmp_path / 'libfdb_c.so'}\n"


def test_an_explicit_path_is_the_only_place(tmp_path: pathlib.Path) -> None:
    with pytest.raises(RuntimeError, match="the path given") as failed:
        fdb.ClientLibrary(tmp_path / "nothing.so")
    assert "system's loader" not in str(failed.value)
    text = tmp_path / "text.so"
    text.write_text("not a library")
    with pytest.raises(RuntimeError, match="invalid ELF header|file too short|not a mach-o"):
        fdb.ClientLibrary(text)


def test_a_library_of_something_else() -> None:
    import _ctypes

    with pytest.raises(RuntimeError, match="it is no FoundationDB client library"):
        fdb.ClientLibrary(_ctypes.__file__)


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
