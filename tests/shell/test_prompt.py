"""fdb/_shell/prompt.py: the shell of a person, in a terminal."""

from __future__ import annotations

import json
import pathlib
import sys
from collections.abc import Iterator

import pytest

import fdb
from helpers.tools import needs, picture

needs("prompt_toolkit")
needs("pexpect")
needs("pyte")

from fdb._shell.prompt import _greet, is_unfinished  # noqa: E402
from fdb._shell.session import Session  # noqa: E402
from helpers.terminal import Terminal  # noqa: E402

#: What people have in databases, for the picture.
PROGRAM = """
import asyncio
import sys
import fdb
fdb.api_version(740)
db = fdb.open("memory:shop")
orders = fdb.directory.create(db, ("shop", "orders"))
fdb.directory.create(db, ("shop", "people"))
for number, name in enumerate(("tea", "cups"), 1001):
    db[orders["2026"][number]] = b'{"item": "%s"}' % name.encode()
async def main():
    fdb.shell(db)
asyncio.run(main()) if sys.argv[1:] else fdb.shell(db)
print("left")
"""


@pytest.fixture
def terminal(tmp_path: pathlib.Path, request: pytest.FixtureRequest) -> Iterator[Terminal]:
    """A shell that a program has opened on its database in memory; by "loop" within a coroutine."""
    arguments = [request.param] if hasattr(request, "param") else []
    environment = {"XDG_STATE_HOME": str(tmp_path), "FDB_EMBEDDED_LATENCY": ""}
    with Terminal(
        [sys.executable, "-c", PROGRAM, *arguments],
        columns=88,
        rows=24,
        environment=environment,
    ) as opened:
        opened.expect("^fdb>$")
        yield opened


def test_a_person_looks_and_changes(terminal: Terminal, tmp_path: pathlib.Path) -> None:
    terminal.expect("^Using database 'memory:shop'.$")
    terminal.expect("^The database is available.$")
    terminal.type("cd /shop/or\t")
    terminal.expect("^fdb> cd /shop/orders$")
    terminal.type("\r")
    terminal.expect("^fdb:/shop/orders>$")
    terminal.type("getrange\r")
    terminal.expect(r"""^`\('2026', 1002\)' is `\{"item": "cups"\}'$""")
    terminal.type("writemode on\r")
    terminal.expect("writemode on$")
    terminal.type("begin\r")
    terminal.expect(r"^fdb:/shop/orders\*>$")
    terminal.type('set (\'2026\',\r1003) {"item": "a spoon"}\r')
    terminal.expect("transaction open: 1 line$")
    terminal.type("commit\r")
    terminal.expect("^Committed")
    terminal.type("get ('2026', 10\t\t")
    terminal.expect(r"\('2026', 1001\)$")
    terminal.expect("^fdb:/shop/orders> get")
    drawn = terminal.picture(picture("shell.svg", tmp_path), "fdb shell").read_text()
    assert "a&#160;spoon" in drawn
    terminal.type("\x03\x04")
    terminal.expect("^left$")
    assert terminal.wait() == 0
    kept = (tmp_path / "fdb" / "shell_history").read_text().splitlines()
    assert json.loads(kept[0]) == "cd /shop/orders"


def test_the_shell_goes_on_after_errors_and_interrupts(terminal: Terminal) -> None:
    terminal.type("get 'a'b\r")
    terminal.expect("^ERROR: behind the quote of .* there must be a blank")
    terminal.type("foo; get a\r")
    terminal.expect("^ERROR: Unknown command `foo'. Try `help'\\?$")
    terminal.type("get (1\r\x1b\r")
    terminal.expect(r"(?s)ERROR: .*a parenthesis that is not closed\n.*^fdb>$")
    terminal.type("to be thrown away\x03pwd\r")
    terminal.expect("(?s)^/$.*^fdb>$")
    terminal.type("\x1b[A")
    terminal.expect("^fdb> pwd$(?!\n/)")
    terminal.type("\x03")
    terminal.type("writemode on; begin; set a b; sleep 1000\r")
    terminal.expect("^>>> sleep 1000$")
    terminal.type("\x03")
    terminal.expect("^ERROR: interrupted; the transaction is still open$")
    terminal.expect(r"^fdb\*>$")
    terminal.type("\x04")
    terminal.expect("^The open transaction was not committed: set a b$")
    terminal.expect("^left$")
    assert terminal.wait() == 0


@pytest.mark.parametrize("terminal", ["loop"], indirect=True)
def test_before_a_range_is_cleared_a_person_is_asked(terminal: Terminal) -> None:
    terminal.type("writemode on\rclearrange /shop/orders\r")
    terminal.expect(r"^Clear 2 rows under /shop/orders\? \[y/N\]$")
    terminal.type("n\r")
    terminal.expect("^Nothing was cleared$")
    terminal.type("clearrange /shop/orders\r")
    terminal.expect(r"(?s)cleared.*\? \[y/N\]$")
    terminal.type("\x03")
    terminal.expect("(?s)ERROR: interrupted$.*^fdb>$")
    terminal.type("get a; sleep 1000\r")
    terminal.expect("^>>> sleep 1000$")
    terminal.type("\x03")
    terminal.expect("(?s)>>> sleep 1000.*ERROR: interrupted$.*^fdb>$")
    terminal.type("count /shop/orders\r")
    terminal.expect("^2 rows$")
    terminal.type("clearrange /shop/orders\r")
    terminal.expect(r"(?s)2 rows$.*\? \[y/N\]$")
    terminal.type("y\r")
    terminal.expect("^Committed")
    terminal.type("exit\r")
    assert terminal.wait() == 0


def test_a_database_that_does_not_answer_is_no_reason_not_to_begin(
    memory_name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def status(db: fdb.Database, timeout: float) -> fdb.Status:
        assert timeout <= 2
        raise fdb.FDBError(1031)

    monkeypatch.setattr(fdb.Database, "status", status)
    with fdb.open(memory_name) as db:
        _greet(Session(db), "it")
    assert "The database does not answer: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "unfinished"),
    [
        ("get (1", True),
        ('get "a', True),
        ("get (1)", False),
        ("get \\q", False),
        ("", False),
        ("get 'a'b (", False),
    ],
)
def test_when_enter_begins_another_line(text: str, unfinished: bool) -> None:
    assert is_unfinished(text) is unfinished
