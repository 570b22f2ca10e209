"""What a shell completes."""

from __future__ import annotations

import pathlib
import time

import pytest
from click.shell_completion import ShellComplete

import fdb
from fdb._cli.main import cli


def completed(*words: str) -> list[str]:
    *before, begun = words
    completion = ShellComplete(cli, {}, "fdb", "_FDB_COMPLETE")
    return [str(item.value) for item in completion.get_completions(before, begun)]


@pytest.fixture
def db(memory_name: str, monkeypatch: pytest.MonkeyPatch) -> fdb.Database:
    monkeypatch.setenv("FDB_CLUSTER_FILE", memory_name)
    db = fdb.open(memory_name)
    for path in (("app", "users"), ("app", "orders"), ("a b",), ("archive",)):
        fdb.directory.create(db, path)
    return db


def test_commands_and_options() -> None:
    assert completed("tr") == ["tree"]
    assert "range" in completed("")
    assert completed("range", "--rev") == ["--reverse"]
    assert "json" in completed("get", "--as", "j")


@pytest.mark.parametrize("words", [["get"], ["set"], ["range"], ["count"], ["clear", "--under"]])
def test_directories(db: fdb.Database, words: list[str]) -> None:
    assert completed(*words, "/app/") == ["/app/orders", "/app/users"]
    assert completed(*words, "/a") == ["/app", "/app/orders", "/app/users", "/archive"]
    assert completed(*words, "a") == []


def test_of_the_database_that_was_said(db: fdb.Database, memory_name: str) -> None:
    assert completed("-C", memory_name, "tree", "/ar") == ["/archive"]
    assert completed("tree", "-C", memory_name, "/ar") == ["/archive"]
    assert completed("tree", "--tenant", "none", "/ar") == []


def test_nothing_where_nothing_answers(tmp_path: pathlib.Path) -> None:
    """Soon enough for somebody who waits, with a wide margin; and no file is made."""
    began = time.monotonic()
    assert completed("get", "-C", f"file:{tmp_path}/none.fdb", "/") == []
    assert completed("get", "-C", str(tmp_path / "none.cluster"), "/") == []
    assert time.monotonic() - began < 30
    assert [*tmp_path.iterdir()] == []
