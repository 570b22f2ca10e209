"""`file:` databases and what else touches their files: deletions, copies, the module sqlite3, a machine without SQLite."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import sqlite3
import sys

import pytest

import fdb
from helpers.file_programs import END_SECONDS, output_of, program, put, rows_of
from helpers.processes import RunPython

IN_USE = 1529


@pytest.fixture
def path(tmp_path: pathlib.Path) -> str:
    return str(tmp_path / "app.fdb")


# ---- the file under an open database ----------------------------------------------------------------


def test_a_file_that_is_deleted_while_it_is_open(path: str) -> None:
    """The database goes on with what it has; nobody else gets in beside it."""
    put(path, k="here")
    with fdb.open(f"file:{path}") as db:
        os.unlink(path)
        assert db[b"k"] == b"here"
        assert output_of("say(refused())", path) == f"{IN_USE}\n"
        assert db[b"k"] == b"here"


def test_a_file_that_is_replaced_while_it_is_open(path: str) -> None:
    """Neither database is written into the other."""
    put(path, which="first")
    other = path + "-other"
    put(other, which="second")
    with fdb.open(f"file:{path}") as db:
        os.replace(other, path)
        assert db[b"which"] == b"first"
        db[b"which"] = b"first again"
        assert db[b"which"] == b"first again"
    with contextlib.suppress(fdb.FDBError):  # a log that is not its own may make it unusable: 1522
        assert rows_of(path) in ({b"which": b"second"}, {b"which": b"first again"})


def test_a_copy_of_a_closed_file_is_a_database(path: str, tmp_path: pathlib.Path) -> None:
    put(path, k="here")
    copy = shutil.copyfile(path, tmp_path / "copy.fdb")
    assert rows_of(str(copy)) == {b"k": b"here"}


def test_the_module_sqlite3_is_kept_out_of_an_open_file(path: str) -> None:
    with fdb.open(f"file:{path}") as db:
        db[b"k"] = b"here"
        with contextlib.closing(sqlite3.connect(path, timeout=0)) as connection:
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                connection.execute("SELECT * FROM kv").fetchall()
        db[b"more"] = b"x"
    assert rows_of(path) == {b"k": b"here", b"more": b"x"}


def test_the_module_sqlite3_in_the_same_process_does_not_unlock_the_file(path: str) -> None:
    """Closing any descriptor of a file drops a process's plain locks on it."""
    with fdb.open(f"file:{path}") as db:
        db[b"k"] = b"here"
        sqlite3.connect(path, timeout=0).close()
        look = "import sqlite3; sqlite3.connect(path, timeout=0).execute('SELECT * FROM kv').fetchall()"
        with program(look, path) as reader:
            assert reader.wait(END_SECONDS) != 0
        assert output_of("say(refused())", path) == f"{IN_USE}\n"


def test_the_module_sqlite3_reads_a_closed_file(path: str) -> None:
    put(path, a="1", b="2")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT k, v FROM kv WHERE k < x'FF' ORDER BY k").fetchall()
        ((check,),) = connection.execute("PRAGMA integrity_check").fetchall()
    assert (rows, check) == ([(b"a", b"1"), (b"b", b"2")], "ok")
    assert rows_of(path) == {b"a": b"1", b"b": b"2"}


# ---- a machine without SQLite -----


@pytest.mark.skipif(sys.platform != "linux", reason="how to replace dlopen differs")
def test_a_library_that_cannot_be_loaded(
    path: str, without_sqlite: str, run_python: RunPython
) -> None:
    """Where SQLite is missing `memory:` works, and `file:` says what to install."""
    done = run_python(
        f"""
        import fdb
        fdb.api_version(740)
        db = fdb.open("memory:")
        db[b"k"] = b"here"
        print(db[b"k"])
        try:
            fdb.open("file:{path}")
        except fdb.FDBError as error:
            print(error.code, error)
        print(fdb.open("memory:")[b"k"])
        """,
        environment={"LD_PRELOAD": without_sqlite},
    )
    first, *message, last = done.stdout.splitlines()
    assert first == last == "b'here'"
    assert "libsqlite3" in " ".join(message), done.stdout
    assert not os.path.exists(path)
