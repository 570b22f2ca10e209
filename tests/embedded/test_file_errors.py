"""What `fdb.open("file:PATH")` says when it cannot open: each row of the table in docs/explanation/durability.md."""

from __future__ import annotations

import contextlib
import os
import pathlib
import random
import re
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator

import pytest

import fdb
import fdb.embedded
from helpers.paths import ROOT
from helpers.processes import RunPython

IO_ERROR, NOT_FOUND, NOT_WRITABLE, CORRUPT, HELD, NEWER = 1510, 1511, 1514, 1522, 1529, 1220
NOBODY = 65534


def refused(string: str) -> fdb.FDBError:
    """The error of opening."""
    with pytest.raises(fdb.FDBError) as failed:
        fdb.open(string)
    return failed.value


def make_database(path: pathlib.Path, rows: int = 1) -> None:
    with fdb.open(f"file:{path}?sync=off") as db:
        for number in range(rows):
            db[b"%06d" % number] = b"value" * 20


def make_socket(path: pathlib.Path) -> None:
    listener = socket.socket(socket.AF_UNIX)
    here = os.getcwd()
    os.chdir(path.parent)  # the address must be short
    try:
        listener.bind(path.name)
    finally:
        os.chdir(here)


def make_foreign_database(path: pathlib.Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (a)")
        connection.commit()


def make_newer_database(path: pathlib.Path) -> None:
    make_database(path)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 2")
        connection.commit()


def make_truncated_database(path: pathlib.Path) -> None:
    make_database(path, 1000)
    os.truncate(path, 4096)


#: What is at the path -> (how it gets there, the code, a part of the text).
THINGS: dict[str, tuple[Callable[[pathlib.Path], object], int, str]] = {
    "a directory": (pathlib.Path.mkdir, CORRUPT, "is a directory"),
    "a socket": (make_socket, CORRUPT, "not a regular file"),
    "a fifo": (os.mkfifo, CORRUPT, "not a regular file"),
    "a text file": (lambda path: path.write_text("hello\n" * 9), CORRUPT, "another kind"),
    "a long text": (lambda path: path.write_text("hello\n" * 9999), CORRUPT, "another kind"),
    "another database": (make_foreign_database, CORRUPT, "another program"),
    "a newer database": (make_newer_database, NEWER, "newer version"),
    "a part of a database": (make_truncated_database, CORRUPT, "damaged"),
}


@pytest.mark.parametrize("thing", THINGS)
@pytest.mark.parametrize("options", ["", "mode=ro"])
def test_what_is_at_the_path_is_told_and_left_alone(
    thing: str, options: str, tmp_path: pathlib.Path
) -> None:
    make, code, text = THINGS[thing]
    path = tmp_path / "thing"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    error = refused(f"file:{path}?{options}")
    assert error.code == code, error
    assert str(path) in str(error) and text in str(error)
    assert before is None or path.read_bytes() == before


@pytest.mark.parametrize("options", ["", "mode=ro"])
def test_a_directory_that_is_not_there(options: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / "text").write_text("")
    for path in (tmp_path / "none" / "app.fdb", tmp_path / "text" / "app.fdb"):
        error = refused(f"file:{path}?{options}")
        assert error.code == NOT_FOUND, error
        assert str(path.parent) in str(error)
    assert not (tmp_path / "none").exists()


def test_a_file_that_is_only_read_must_be_there(tmp_path: pathlib.Path) -> None:
    error = refused(f"file:{tmp_path}/app.fdb?mode=ro")
    assert error.code == NOT_FOUND
    assert f"{tmp_path}/app.fdb" in str(error)
    assert os.listdir(tmp_path) == []
    (tmp_path / "empty").write_text("")
    error = refused(f"file:{tmp_path}/empty?mode=ro")
    assert (error.code, f"{tmp_path}/empty" in str(error)) == (CORRUPT, True)


def test_it_is_open_in_another_process(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "app.fdb"
    program = f"""
import fdb
fdb.api_version(740)
db = fdb.open("file:{path}")
db[b"k"] = b"v"
print("open", flush=True)
input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    ) as holder:
        assert holder.stdin is not None and holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        for options in ("", "mode=ro"):
            error = refused(f"file:{path}?{options}")
            assert error.code == HELD, error
            assert str(path) in str(error)
        for tool in (fdb.embedded.check, fdb.embedded.compact, fdb.embedded.info):
            with pytest.raises(fdb.FDBError, match=re.escape(str(path))) as failed:
                tool(path)
            assert failed.value.code == HELD
        holder.stdin.write(b"\n")
        holder.stdin.close()
        assert holder.wait() == 0
    with fdb.open(f"file:{path}") as db:
        assert db[b"k"] == b"v"


def test_it_is_open_in_this_process_through_another_copy_of_the_library(
    tmp_path: pathlib.Path, run_python: RunPython
) -> None:
    done = run_python(
        f"""
        import fdb, fdb.embedded
        fdb.api_version(740)
        string = "file:{tmp_path}/app.fdb?sync=off"
        copy = fdb.ClientLibrary(fdb.embedded.libdir() + "/libfdb_c.so").open(string)
        copy[b"k"] = b"v"
        try:
            fdb.open(string)
        except fdb.FDBError as error:
            print(error.code, "{tmp_path}/app.fdb" in str(error))
        copy.close()
        print(fdb.open(string)[b"k"])
        """
    )
    assert done.stdout == "1529 True\nb'v'\n"


def test_a_child_made_by_fork(tmp_path: pathlib.Path, run_python: RunPython) -> None:
    done = run_python(
        f"""
        import fdb, os, sys, warnings
        warnings.simplefilter("ignore")
        fdb.api_version(740)
        string = "file:{tmp_path}/app.fdb?sync=off"
        db = fdb.open(string)
        db[b"k"] = b"v"
        pid = os.fork()
        if pid == 0:
            try:
                db[b"k"]
            except RuntimeError as error:
                print("before the process forked" in str(error))
            try:
                fdb.open(string)
            except fdb.FDBError as error:
                print(error.code)
            sys.exit()
        assert os.waitpid(pid, 0)[1] == 0
        db[b"l"] = b"goes on"
        print(len(db[:]))
        """
    )
    assert done.stdout == "True\n1529\n2\n"


@pytest.fixture
def place_for_all() -> Iterator[pathlib.Path]:
    """A directory that other users can reach."""
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        yield pathlib.Path(directory)


def open_as_somebody(string: str, run_python: RunPython) -> str:
    """Opens a database in a process that file permissions apply to; returns what became of it."""
    done = run_python(
        f"""
        import fdb, os
        fdb.api_version(740)
        fdb.open("memory:")  # so that all that it needs is loaded before
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid({NOBODY})
            os.setuid({NOBODY})
        try:
            print(fdb.open({string!r})[b"000000"] is not None)
        except fdb.FDBError as error:
            print(error.code, error)
        """
    )
    assert done.returncode == 0
    return done.stdout


def test_a_file_that_may_not_be_written(place_for_all: pathlib.Path, run_python: RunPython) -> None:
    path = place_for_all / "app.fdb"
    make_database(path)
    os.chmod(path, 0o444)
    for name in set(os.listdir(place_for_all)) - {path.name}:
        os.unlink(place_for_all / name)
    os.chmod(place_for_all, 0o777)
    said = open_as_somebody(f"file:{path}", run_python)
    assert said.startswith(f"{NOT_WRITABLE} ") and str(path) in said and "mode=ro" in said
    assert open_as_somebody(f"file:{path}?mode=ro", run_python) == "True\n"


def test_a_directory_that_may_not_be_written(
    place_for_all: pathlib.Path, run_python: RunPython
) -> None:
    path = place_for_all / "app.fdb"
    make_database(path)
    for name in set(os.listdir(place_for_all)) - {path.name}:
        os.unlink(place_for_all / name)
    os.chmod(path, 0o666)
    os.chmod(place_for_all, 0o555)
    said = open_as_somebody(f"file:{path}", run_python)
    assert said.startswith(f"{NOT_WRITABLE} ") and str(path) in said and "mode=ro" in said
    assert open_as_somebody(f"file:{path}?mode=ro", run_python) == "True\n"
    said = open_as_somebody(f"file:{place_for_all}/new.fdb", run_python)
    assert said.startswith(f"{NOT_WRITABLE} ") and f"{place_for_all}/new.fdb" in said


def test_a_flipped_byte_gives_an_error_or_the_same_answer(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "app.fdb"
    make_database(path, 500)
    content = path.read_bytes()
    with fdb.open(f"file:{path}?mode=ro") as db:
        wanted = [(bytes(row.key), bytes(row.value)) for row in db[:]]
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    randomness = random.Random(seed)
    noticed = 0
    for page in range(0, len(content), 4096):
        at = page + randomness.randrange(4096)
        damaged = bytearray(content)
        damaged[at] ^= 1 << randomness.randrange(8)
        path.write_bytes(damaged)
        try:
            with fdb.open(f"file:{path}?mode=ro") as db:
                assert [(bytes(row.key), bytes(row.value)) for row in db[:]] == wanted, at
        except fdb.FDBError as error:
            assert error.code in (CORRUPT, NEWER), (at, error)
            noticed += 1
    assert noticed > 0


def test_opening_again_after_a_failure(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "app.fdb"
    path.write_text("something else")
    assert refused(f"file:{path}").code == CORRUPT
    path.unlink()
    with fdb.open(f"file:{path}") as db:
        db[b"k"] = b"v"


def test_through_the_c_api_the_error_is_everywhere(tmp_path: pathlib.Path) -> None:
    copy = fdb.ClientLibrary(pathlib.Path(fdb.embedded.libdir()) / "libfdb_c.so")
    for string, code in (
        (f"file:{tmp_path}", CORRUPT),
        ("file:x?sync=never", 2006),
        ("file:", 2104),
    ):
        with copy.open(string) as db, pytest.raises(fdb.FDBError) as failed:
            db[b"k"]
        assert failed.value.code == code, string
