"""`fdb tree`: the directories as they are drawn, in pipes and for programs."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import pytest

import fdb
from fdb._cli import tree as module
from fdb._cli.main import run
from fdb._directory.store import Record

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def db(memory_name: str, monkeypatch: pytest.MonkeyPatch) -> fdb.Database:
    monkeypatch.setenv("FDB_CLUSTER_FILE", memory_name)
    db = fdb.open(memory_name)
    for path, layer in (
        (("app", "users"), b"table"),
        (("app", "a b"), b""),
        (("part",), b"partition"),
        (("part", "x"), b"\xff"),
    ):
        fdb.directory.create(db, path, layer=layer)
    users = fdb.directory.open(db, ("app", "users"))
    for number in range(10):
        db[users[number]] = bytes(90)
    return db


def printed(capsys: Captured, *arguments: str) -> str:
    assert run(["tree", *arguments]) == 0, capsys.readouterr().err
    out: str = capsys.readouterr().out
    return out


def test_in_a_pipe(db: fdb.Database, capsys: Captured) -> None:
    rows = [line.split("\t") for line in printed(capsys).splitlines()]
    assert [(row[0], row[1]) for row in rows] == [
        ("/app", ""),
        ("/app/'a b'", ""),
        ("/app/users", "table"),
        ("/part", "partition"),
        ("/part/x", "\\xff"),
    ]
    assert all(row[2].startswith("\\x") for row in rows)
    assert printed(capsys, "/app/users") == ""
    assert [line.split("\t")[0] for line in printed(capsys, "--depth", "1").splitlines()] == [
        "/app",
        "/part",
    ]
    assert printed(capsys, "/part").split("\t")[0] == "/part/x"


def test_what_is_counted(db: fdb.Database, capsys: Captured) -> None:
    rows = [line.split("\t") for line in printed(capsys, "--exact").splitlines()]
    users = fdb.directory.open(db, ("app", "users"))
    size = sum(len(key) + len(value) for key, value in db[users.range()])
    assert rows[2][3:] == ["10", str(size)]
    assert rows[1][3:] == ["0", "0"]
    # All that is in a partition, its directories' nodes among it.
    assert int(rows[3][3]) > 0 and rows[4][3:] == ["0", "0"]


def test_for_programs(db: fdb.Database, capsys: Captured) -> None:
    found = json.loads(printed(capsys, "--format", "json", "--exact"))
    prefix = fdb.directory.open(db, ("app", "users")).key()
    assert found[2] == {
        "directory": "/app/users",
        "path": ["app", "users"],
        "layer": "table",
        "partition": False,
        "exact": True,
        "prefix": module.printable(prefix),
        "rows": 10,
        "bytes": found[2]["bytes"],
    }
    assert [row["partition"] for row in found] == [False, False, False, True, False]
    estimated = json.loads(printed(capsys, "--format", "json"))
    assert isinstance(estimated[2]["bytes"], int) and "rows" not in estimated[2]


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["/none"], 1, "there is no directory /none; fdb tree shows which there are"),
        (["app"], 2, "app is no path of a directory"),
        (["/app('a')"], 2, "is no path of a directory"),
        (["--depth", "0"], 2, "--depth"),
    ],
)
def test_what_is_refused(
    db: fdb.Database, capsys: Captured, arguments: list[str], code: int, line: str
) -> None:
    assert run(["tree", *arguments]) == code
    out, err = capsys.readouterr()
    assert out == "" and line in err and err.count("\n") == 1


def test_nothing_is_said_to_be_nothing(memory_name: str, capsys: Captured) -> None:
    assert run(["-C", memory_name, "tree"]) == 0
    assert capsys.readouterr() == ("", "there are no directories in /\n")


def test_too_many(db: fdb.Database, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    read = module.read_directories
    monkeypatch.setattr(module, "read_directories", lambda db: read(db, 3))
    assert run(["tree"]) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 3 and "the others are left out" in err


def test_a_library_without_estimates(
    db: fdb.Database, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*arguments: Any) -> Any:
        raise fdb.FDBError(2204)

    monkeypatch.setattr(fdb.Transaction, "get_estimated_range_size_bytes", missing)
    assert printed(capsys, "/part").endswith("\t\n")


def test_drawn(db: fdb.Database, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Screen()
    monkeypatch.setenv("TERM", "dumb")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", screen)
        assert run(["tree"]) == 0
    assert [line.split("  ")[0].rstrip() for line in screen.getvalue().splitlines()] == [
        "directory",
        "app",
        "├─ 'a b'",
        "└─ users",
        "part",
        "└─ x",
    ]


def test_lines_of_several_levels() -> None:
    paths = ["a", "a/b", "a/b/c", "a/b/c/d", "a/e", "a/e/f", "a/e/g", "h"]
    records = [Record(None, tuple(path.split("/")), b"", b"") for path in paths]  # type: ignore[arg-type]
    assert module.drawn((), records) == [
        "a",
        "├─ b",
        "│  └─ c",
        "│     └─ d",
        "└─ e",
        "   ├─ f",
        "   └─ g",
        "h",
    ]
    assert module.drawn(("a",), records[1:7]) == [
        "b",
        "└─ c",
        "   └─ d",
        "e",
        "├─ f",
        "└─ g",
    ]
