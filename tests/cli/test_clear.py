"""`fdb clear`: what it asks, that it clears what was seen, and in one transaction."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import fdb
import fdb.tuple
from fdb._cli import clear as module
from fdb._cli import confirm as confirming
from fdb._cli import seen
from fdb._cli.main import run
from fdb.testing import faults
from helpers.databases import fill
from helpers.terminal import Terminal

Captured = pytest.CaptureFixture[str]
ROWS = [(fdb.tuple.pack(("n", number)), b"v" * 10) for number in range(30)]


@pytest.fixture
def db(memory_name: str, monkeypatch: pytest.MonkeyPatch) -> fdb.Database:
    monkeypatch.setenv("FDB_CLUSTER_FILE", memory_name)
    db = fdb.open(memory_name)
    fill(db, [*ROWS, (b"hello", b"world")])
    return db


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A terminal at which somebody says yes, and what was asked there. Clear it to have them say no."""
    asked: list[str] = []
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(confirming, "ask", lambda text: asked.append(text) or True)
    return asked


def said(capsys: Captured, code: int, *arguments: str) -> str:
    assert run(["clear", *arguments]) == code
    out, err = capsys.readouterr()
    return str(out + err)


def test_one_key(db: fdb.Database, capsys: Captured, answering: list[str]) -> None:
    assert said(capsys, 0, "hello", "--dry-run") == "would clear hello\n"
    assert db[b"hello"] == b"world" and answering == []
    assert said(capsys, 0, "hello") == "cleared hello\n"
    assert answering == ["Clear hello, which is world?"]
    assert db[b"hello"] is None and len(db[:]) == 30
    assert said(capsys, 0, "hello") == "there is no key hello: nothing to clear\n"
    fdb.directory.create(db, "users")
    assert said(capsys, 0, "/users").endswith("; --under clears what is in the directory\n")


def test_a_range(db: fdb.Database, capsys: Captured, answering: list[str]) -> None:
    size = sum(len(key) + len(value) for key, value in ROWS)
    line = f"30 rows ({size:,} bytes) under ('n',)"
    assert said(capsys, 0, "--under", "('n',)", "--dry-run") == f"would clear {line}\n"
    assert len(db[:]) == 31
    assert said(capsys, 0, "--from", "('n', 28)", "--to", "('n', 29)", "--yes").startswith(
        "cleared 1 row ("
    )
    assert answering == [] and len(db[:]) == 30
    assert said(capsys, 0, "--under", "('n',)", "--to", "('n', 20)").startswith("cleared 20 rows (")
    assert len(answering) == 1 and answering[0].endswith(" under ('n',) to ('n', 20)?")
    assert [fdb.tuple.unpack(key)[1] for key, _ in db[:b"\x03"]] == [*range(20, 28), 29]
    assert said(capsys, 0, "--under", "none") == "there are no rows under none: nothing to clear\n"


def test_directories_that_go_with_a_range_are_named(
    db: fdb.Database, capsys: Captured, answering: list[str]
) -> None:
    fdb.directory.create(db, "part", layer=b"partition")
    for name in ("a", "b"):
        fdb.directory.create(db, ("part", name))
    users = fdb.directory.create(db, "users")
    db[users[1]] = b""
    assert said(capsys, 0, "--under", "/users", "--dry-run").endswith(" under /users\n")
    line = said(capsys, 0, "--under", "/part", "--dry-run")
    assert line.endswith(" under /part, and with them 2 directories\n")
    line = said(capsys, 0, "--under", "''", "--dry-run")
    assert line.endswith(" under '', and with them 4 directories\n")
    said(capsys, 0, "--under", "/part")
    assert answering[0].endswith(" under /part, and with them 2 directories?")
    assert fdb.directory.list(db) == ["part", "users"] and fdb.directory.list(db, "part") == []


def test_nothing_without_an_answer(
    db: fdb.Database, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    assert "--yes says so" in said(capsys, 2, "--under", "''")
    assert "--yes says so" in said(capsys, 2, "hello")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(confirming, "ask", lambda text: False)
    assert said(capsys, 1, "--under", "''") == "error: nothing was done\n"
    assert len(db[:]) == 31


@pytest.mark.parametrize(
    "arguments", [(), ("--from", "a"), ("--to", "a"), ("a", "--under", "b"), ("a", "--from", "b")]
)
def test_what_is_meant_must_be_plain(
    db: fdb.Database, capsys: Captured, arguments: tuple[str, ...]
) -> None:
    assert "give a KEY" in said(capsys, 2, *arguments, "--yes")
    assert len(db[:]) == 31


def test_no_file_is_made(tmp_path: Path, capsys: Captured) -> None:
    for options in ("", "?cache=64M"):
        name = f"file:{tmp_path}/none.fdb{options}"
        for command in ("clear", "get"):
            assert run(["-C", name, command, "a"]) == 1
            assert f"there is no file {tmp_path}/none.fdb; fdb set" in capsys.readouterr().err
    assert [*tmp_path.iterdir()] == []


def _while_asked(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    def confirm(what: str, yes: bool) -> None:
        happens()

    monkeypatch.setattr(module, "confirm", confirm)


def test_rows_that_came_meanwhile_are_not_cleared(
    db: fdb.Database, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    _while_asked(monkeypatch, lambda: db.set(fdb.tuple.pack(("n", 99)), b"new"))
    line = said(capsys, 1, "--under", "('n',)")
    assert "error: there are 31 rows (" in line and "by now; nothing was cleared" in line
    assert len(db[:]) == 32
    _while_asked(monkeypatch, lambda: db.set(fdb.tuple.pack(("n", 99)), b"abc"))
    assert "there are 31 rows (" in said(capsys, 1, "--under", "('n',)")
    _while_asked(monkeypatch, lambda: db.set(b"hello", b"other"))
    assert "has another value by now; nothing was cleared" in said(capsys, 1, "hello")
    assert db[b"hello"] == b"other"
    assert said(capsys, 0, "hello", "--yes") == "cleared hello\n"


def test_more_rows_than_are_counted(
    db: fdb.Database, capsys: Captured, monkeypatch: pytest.MonkeyPatch, answering: list[str]
) -> None:
    monkeypatch.setattr(seen, "MOST_ROWS", 10)
    assert said(capsys, 0, "--under", "('n',)") == "cleared more than 10 rows under ('n',)\n"
    assert answering == ["Clear more than 10 rows under ('n',)?"]
    assert db[:] == [(b"hello", b"world")]
    db[b"large"] = bytes(1000)
    db[b"large2"] = b""
    monkeypatch.setattr(seen, "MOST_BYTES", 500)
    assert said(capsys, 0, "--under", "large", "--yes") == "cleared more than 1 rows under large\n"
    assert db[:] == [(b"hello", b"world")]


@pytest.mark.parametrize("effect", ["applied", "lost"])
@pytest.mark.parametrize("arguments", [("--under", "('n',)"), ("hello",)])
def test_after_an_unknown_result(
    db: fdb.Database,
    capsys: Captured,
    answering: list[str],
    effect: str,
    arguments: tuple[str, ...],
) -> None:
    """It says what was cleared, whether the first attempt did it or the second one."""
    with faults(db, rules=f"commit_unknown_result:times=1,effect={effect}"):
        line = said(capsys, 0, *arguments)
    assert line.startswith("cleared 30 rows (" if len(arguments) == 2 else "cleared hello")
    assert len(answering) == 1


def test_somebody_asks_at_a_terminal(tmp_path: Path) -> None:
    name = f"file:{tmp_path}/t.fdb"
    with fdb.open(name) as db:
        fill(db, ROWS)
    command = [sys.executable, "-m", "fdb", "-C", name, "clear", "--under", "('n',)"]
    with Terminal(command) as terminal:
        terminal.expect(r"Clear 30 rows .* under \('n',\)\? \[y/N\]")
        terminal.type("n\r")
        terminal.expect("^error: nothing was done$")
        assert terminal.wait() == 1
    with Terminal(command) as terminal:
        terminal.expect("y/N")
        terminal.type("\x03")
        terminal.expect("^error: interrupted$")
        assert terminal.wait() == 130
    with Terminal(command) as terminal:
        terminal.expect("y/N")
        terminal.type("what\r\x04")
        terminal.expect("(?s)invalid input.*y/N.*^error: interrupted$")
        assert terminal.wait() == 130
    with Terminal(command) as terminal:
        terminal.expect("y/N")
        terminal.type("y\r")
        terminal.expect("cleared 30 rows")
        assert terminal.wait() == 0
    with fdb.open(name) as db:
        assert db[:] == []
