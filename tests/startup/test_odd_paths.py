"""Libraries and packages in directories whose names are not valid text."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

import fdb
from helpers.paths import ROOT
from helpers.stubs import BuildStub


@pytest.fixture
def odd_directory(tmp_path: pathlib.Path) -> str:
    """A directory whose name is no UTF-8."""
    path = os.fsencode(tmp_path) + b"/\xff\xfe odd"
    try:
        os.mkdir(path)
    except OSError as error:
        pytest.skip(f"the file system refuses such a name: {error}")
    return os.fsdecode(path)


def test_a_library_in_it(build_stub: BuildStub, odd_directory: str) -> None:
    path = shutil.copy(build_stub(), os.path.join(odd_directory, "libodd.so"))
    library = fdb.ClientLibrary(path)
    assert library.path == os.path.realpath(path)
    database = library.open("x")
    assert database[b"k"] == b"k"
    with pytest.raises(fdb.FDBError, match="has no fdb_transaction_atomic_op") as missing:
        database.create_transaction().add(b"k", b"v")
    assert library.path in str(missing.value)


def test_no_library_in_it(odd_directory: str) -> None:
    path = os.path.join(odd_directory, "missing.so")
    with pytest.raises(RuntimeError) as failed:
        fdb.ClientLibrary(path)
    assert path in str(failed.value) and "No such file" in str(failed.value)


def test_a_nul_in_the_path_is_refused() -> None:
    with pytest.raises((RuntimeError, ValueError), match="NUL|null"):
        fdb.ClientLibrary("/lib/lib\0fdb_c.so")


def test_the_package_in_it(odd_directory: str) -> None:
    shutil.copytree(
        ROOT / "fdb",
        os.path.join(odd_directory, "fdb"),
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    program = (
        "import fdb; fdb.api_version(740); d = fdb.open('memory:'); d[b'k'] = b'v'; print(d[b'k'])"
    )

    def output(*arguments: str) -> bytes:
        command = [sys.executable, *arguments]
        done = subprocess.run(command, cwd=odd_directory, capture_output=True)
        if sys.version_info >= (3, 13) and b"surrogates not allowed" in done.stderr:
            pytest.skip("this Python loads no extension module from such a directory")
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert output("-c", program) == b"b'v'\n"
    directory = output("-m", "fdb.embedded", "--libdir").rstrip(b"\n")
    assert os.fsdecode(directory).startswith(odd_directory)
    assert os.path.isdir(directory)
