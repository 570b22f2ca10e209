"""fdb/embedded/library_copy.py: libfdb_c is made of the engine once, in the first place that takes it."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import threading

import pytest

import fdb.embedded
from fdb.embedded import command_line, library_copy
from helpers.compilers import c_compiler, link_with_libfdb_c
from helpers.paths import ROOT
from helpers.processes import run

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="makes ELF files")
NAME = "libfdb_c.so"
ENGINE = b"\0left\0libfdb_embedded.so\0right\0"
COPY = b"\0left\0libfdb_c.so" + 8 * b"\0" + b"right\0"


@pytest.fixture
def places(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> list[pathlib.Path]:
    """Two places for copies, neither of which is there."""
    paths = [tmp_path / "beside", tmp_path / "user" / "data"]
    monkeypatch.setattr(library_copy, "_places", lambda: [str(path) for path in paths])
    return paths


@pytest.fixture
def engine(tmp_path: pathlib.Path) -> str:
    """A file that is as much of an engine as a copy asks for."""
    path = tmp_path / "libfdb_embedded.so"
    path.write_bytes(ENGINE)
    return str(path)


def made(engine: str) -> pathlib.Path:
    """The copy, which is whole, with nothing beside it."""
    directory = pathlib.Path(library_copy.directory_of_copy(engine))
    assert os.listdir(directory) == [NAME]
    assert (directory / NAME).read_bytes() == COPY
    return directory


def test_a_copy_is_made_once(engine: str, places: list[pathlib.Path]) -> None:
    directory = made(engine)
    assert directory.parent == places[0]
    assert directory.name.startswith(f"{fdb.__version__}-")
    before = (directory / NAME).stat()
    assert made(engine) == directory
    after = (directory / NAME).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert not places[1].exists()


def test_another_engine_gets_another_directory(engine: str, places: list[pathlib.Path]) -> None:
    first = made(engine)
    pathlib.Path(engine).write_bytes(ENGINE + b"newer")
    second = pathlib.Path(library_copy.directory_of_copy(engine))
    assert second != first and (second / NAME).read_bytes() == COPY + b"newer"
    assert (first / NAME).read_bytes() == COPY


def test_a_copy_that_is_not_whole_is_made_again(engine: str, places: list[pathlib.Path]) -> None:
    directory = made(engine)
    for content in (b"", COPY[:-1], COPY[:-1] + b"x"):
        (directory / NAME).write_bytes(content)
        assert made(engine) == directory


def test_the_mode_is_what_the_umask_says(engine: str, places: list[pathlib.Path]) -> None:
    old = os.umask(0o027)
    try:
        directory = made(engine)
    finally:
        os.umask(old)
    assert (directory / NAME).stat().st_mode & 0o777 == 0o750


def test_the_users_folder_serves_where_the_first_place_does_not(
    engine: str, places: list[pathlib.Path]
) -> None:
    places[0].write_text("a file, where a folder would have to be made")
    assert made(engine).parent == places[1]


def test_no_place_is_an_error_that_names_both(engine: str, places: list[pathlib.Path]) -> None:
    for place in places:
        place.parent.mkdir(exist_ok=True)
        place.write_text("")
    with pytest.raises(OSError, match="XDG_DATA_HOME") as failed:
        library_copy.directory_of_copy(engine)
    for place in places:
        assert f"{place}{os.sep}" in str(failed.value)


def test_a_write_that_fails_leaves_nothing(
    engine: str, places: list[pathlib.Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(old: str, new: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(library_copy.os, "replace", refused)
    with pytest.raises(OSError, match="No space left on device"):
        library_copy.directory_of_copy(engine)
    assert [path for place in places for path in place.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("content", [b"", b"no engine", ENGINE + ENGINE])
def test_what_is_no_engine_is_refused(
    content: bytes, engine: str, places: list[pathlib.Path]
) -> None:
    pathlib.Path(engine).write_bytes(content)
    with pytest.raises(ValueError, match="no name that could be changed"):
        library_copy.directory_of_copy(engine)


def test_threads_that_make_it_at_once(engine: str, places: list[pathlib.Path]) -> None:
    together = threading.Barrier(8)
    directories = []

    def make() -> None:
        together.wait()
        directories.append(library_copy.directory_of_copy(engine))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert directories == [str(made(engine))] * 8


def test_where_the_places_are(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    beside = str(pathlib.Path(fdb.__file__).parent.with_name("foundationdb_cffi.libs"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert library_copy._places() == [beside, str(tmp_path / "foundationdb-cffi")]
    monkeypatch.setenv("XDG_DATA_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert library_copy._places() == [beside, str(tmp_path / ".local/share/foundationdb-cffi")]


def test_the_command_line_tells_why_there_is_none(
    places: list[pathlib.Path],
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(fdb.embedded, "_HERE", tmp_path)  # as in a wheel, without a libfdb_c
    assert command_line.main(["--libdir"]) == 0
    assert capsys.readouterr().out.startswith(str(places[0]))
    monkeypatch.setattr(library_copy, "_places", lambda: [])
    assert command_line.main(["--libdir"]) == 1
    assert capsys.readouterr().err.startswith("error: other programs need a copy")


# Both files in one process: each has its own state, in either order.
BESIDE = """
import sys
import fdb
fdb.api_version(740)
paths = sys.argv[1:]
libraries = [fdb.ClientLibrary(path) for path in paths]
first, second = (library.open("memory:same") for library in libraries)
first[b"k"] = b"v"
assert second[b"k"] is None
"""


def test_a_copy_of_the_engine_is_a_library_of_its_own(
    places: list[pathlib.Path], tmp_path: pathlib.Path
) -> None:
    directory = library_copy.directory_of_copy(fdb.embedded.library_path())
    copy = os.path.join(directory, NAME)
    assert "Library soname: [libfdb_c.so]" in run("readelf", "--dynamic", "--wide", copy)
    for paths in ((fdb.embedded.library_path(), copy), (copy, fdb.embedded.library_path())):
        subprocess.run([sys.executable, "-c", BESIDE, *paths], check=True, timeout=60)
    program = tmp_path / "program"
    source = ROOT / "tests" / "peers" / "program.c"
    include = f"-I{fdb.embedded.includedir()}"
    link = link_with_libfdb_c(directory)
    run(*c_compiler(), "-std=c11", include, source, *link, "-o", program)
    assert "[libfdb_c.so]" in run("readelf", "--dynamic", "--wide", program)
    assert run(program, cwd=tmp_path).startswith("C: 400 increments")
