"""fdb/_startup/locate.py: where client libraries are looked for, and what is said when there is none."""

from __future__ import annotations

import pathlib
import shutil

import pytest

import fdb
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
