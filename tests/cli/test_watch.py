"""`fdb watch`: a line for each change, as it is seen."""

from __future__ import annotations

import json
import queue
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import fdb
from fdb._cli import watch as module
from fdb._cli.main import run
from helpers.terminal import Terminal

PATIENCE = 60


class Watching:
    """The command in a thread, and the lines that it prints."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str, *arguments: str) -> None:
        self._lines: queue.Queue[str] = queue.Queue()
        self.code: int | None = None
        monkeypatch.setattr(module, "print", self._lines.put, raising=False)
        self._thread = threading.Thread(target=self._run, args=(["-C", name, "watch", *arguments],))
        self._thread.start()

    def _run(self, arguments: list[str]) -> None:
        self.code = run(arguments)

    def line(self) -> str:
        return self._lines.get(timeout=PATIENCE)

    def value(self) -> str:
        return self.line().split("  ", 1)[1]

    def ended(self) -> int | None:
        self._thread.join(PATIENCE)
        assert self._lines.empty()
        return self.code


@pytest.fixture
def db(memory_name: str) -> fdb.Database:
    return fdb.open(memory_name)


def test_each_change(db: fdb.Database, memory_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    watching = Watching(monkeypatch, memory_name, "k", "--count", "3")
    assert watching.value() == "(not there)"
    db[b"k"] = b"(not there)"
    assert watching.value() == "\\x28not there)"
    db[b"k"] = b""
    assert watching.value() == ""
    del db[b"k"]
    assert watching.value() == "(not there)"
    assert watching.ended() == 0


def test_for_programs(db: fdb.Database, memory_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    db[b"k"] = (4).to_bytes(8, "little")
    arguments = ("k", "--count", "1", "--format", "jsonl", "--as", "int")
    watching = Watching(monkeypatch, memory_name, *arguments)
    first = json.loads(watching.line())
    assert first.pop("time").endswith("Z")
    assert first == {"key": "k", "shown": "k", "value": 4}
    del db[b"k"]
    second = json.loads(watching.line())
    assert second["value"] is None and watching.ended() == 0


def test_a_watch_that_the_database_gives_up_is_made_anew(
    db: fdb.Database, memory_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_up: Iterator[bool] = iter([True, True, False])
    wait = fdb.Watch.wait

    class Lost:
        def __init__(self, watch: fdb.Watch) -> None:
            self._watch = watch

        def wait(self) -> None:
            if next(given_up, False):
                raise fdb.FDBError(1009)
            wait(self._watch)

        def cancel(self) -> None:
            self._watch.cancel()

    made = fdb.Transaction.watch
    monkeypatch.setattr(fdb.Transaction, "watch", lambda tr, key: Lost(made(tr, key)))
    watching = Watching(monkeypatch, memory_name, "k", "--count", "1")
    assert watching.value() == "(not there)"
    db[b"k"] = b"x"
    assert watching.value() == "x" and watching.ended() == 0


def test_an_error_that_is_none_of_a_moment_ends_it(
    db: fdb.Database, memory_name: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def fail(watch: fdb.Watch) -> None:
        raise fdb.FDBError(1032)

    monkeypatch.setattr(fdb.Watch, "wait", fail)
    assert run(["-C", memory_name, "watch", "k"]) == 1
    assert capsys.readouterr().err.startswith("error: ")


def test_it_waits_longer_than_a_transaction_may_take(
    db: fdb.Database, memory_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    watching = Watching(monkeypatch, memory_name, "k", "--count", "1", "--timeout", "0.1")
    assert watching.value() == "(not there)"
    watching._thread.join(0.3)
    assert watching.code is None
    db[b"k"] = b"x"
    assert watching.value() == "x" and watching.ended() == 0


def test_until_ctrl_c(tmp_path: Path) -> None:
    name = f"file:{tmp_path}/w.fdb"
    with fdb.open(name) as db:
        db[b"k"] = b"now"
    with Terminal([sys.executable, "-m", "fdb", "-C", name, "watch", "k"]) as terminal:
        terminal.expect("Z  now$")
        terminal.type("\x03")
        assert terminal.wait() == 130
        assert "Traceback" not in terminal.text()
