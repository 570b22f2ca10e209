"""The commands of docs/guides/command-line.md are run, and print what the page shows.

They are run from the first to the last in one folder, as by a reader, with the database that the page's first program makes. "..." in
what is shown stands for anything. Commands are run in this process, as if at a terminal that is 100 columns wide; those with pipes and
redirections by a shell.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fdb._open import forget_database
from fdb._startup.cluster_names import place_of
from helpers.pages import Command, blocks, commands, is_like
from helpers.paths import ROOT
from helpers.terminal import Terminal
from helpers.tools import picture

PAGE = ROOT / "docs" / "guides" / "command-line.md"
TEXT = PAGE.read_text()
_SHELL = re.compile(r"[|<>;&`]|\$\(")
DATABASE = "file:shop.fdb"


def commands_of(text: str) -> list[Command]:
    """The commands of a page."""
    consoles = (block.text for block in blocks(text) if block.language == "console")
    return [command for text in consoles for command in commands(text)]


class Screen(io.StringIO):
    """Passes for a terminal."""

    def isatty(self) -> bool:
        return True


class Session:
    """A folder, and the code that the last command ended with."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch | None = None) -> None:
        self._patch = monkeypatch or pytest.MonkeyPatch()
        self.code = 0
        programs = folder / "bin"
        programs.mkdir()
        command = programs / "fdb"
        command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m fdb "$@"\n')
        command.chmod(0o755)
        self.path = f"{programs}:{os.environ['PATH']}"

    def run(self, command: str) -> str:
        """Runs a command and returns what is seen."""
        export = re.fullmatch(r"export (\w+)=(.*)", command)
        if export:
            self._patch.setenv(export[1], "".join(shlex.split(export[2])))
            return ""
        if command == "echo $?":
            return f"{self.code}\n"
        if not command.startswith("fdb ") or _SHELL.search(re.sub(r"'[^']*'", "", command)):
            return self._by_shell(command)
        return self._here(shlex.split(command)[1:])

    def _here(self, arguments: list[str]) -> str:
        from fdb._cli import main

        screen = Screen()
        with self._patch.context() as patch:
            patch.setattr(sys, "stdin", io.StringIO())
            patch.setattr(sys, "stdout", screen)
            patch.setattr(sys, "stderr", screen)
            self.code = main.run(arguments)
        # Commands that a shell runs have the file for themselves.
        forget_database(place_of(DATABASE.encode()).identity)
        return screen.getvalue()

    def _by_shell(self, command: str) -> str:
        ended = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            env={**os.environ, "PATH": self.path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        self.code = ended.returncode
        return ended.stdout


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of the page's first program."""
    folder = tmp_path_factory.mktemp("page")
    (program,) = (block.text for block in blocks(TEXT) if block.language == "python")
    (folder / "shop.py").write_text(program)
    # Directories get the same prefixes each time, so that rows have the same order.
    command = [
        sys.executable,
        "-c",
        "import random, runpy; random.seed(7); runpy.run_path('shop.py')",
    ]
    subprocess.run(command, cwd=folder, timeout=60, check=True)
    return folder


def test_the_commands(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(shop, folder)
    monkeypatch.chdir(folder)
    for name, value in (("COLUMNS", "100"), ("TERM", "dumb")):
        monkeypatch.setenv(name, value)
    session = Session(tmp_path, monkeypatch)
    for command, shown in commands_of(TEXT):
        seen = session.run(command.replace("\\\n", ""))
        assert is_like(shown, seen), f"$ {command}\n{seen}\n---- but the page shows ----\n{shown}"


def test_what_a_person_sees(shop: Path, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(shop, folder)
    session = Session(tmp_path)
    environment = {"PATH": session.path, "PS1": "$ ", "FDB_CLUSTER_FILE": DATABASE}
    command = ["bash", "--noprofile", "--norc", "--noediting"]
    with Terminal(command, columns=76, rows=18, cwd=folder, environment=environment) as terminal:
        terminal.expect(r"\$$")
        for typed, shown in (
            ("fdb tree --exact", "└─ users +table"),
            ("fdb range /shop/users", r"carol.*Porto"),
            ("fdb range /shop/orders --reverse --limit 2", r"\n2 rows; .* goes on here\n\$$"),
        ):
            terminal.type(f"{typed}\r")
            terminal.expect(shown)
            terminal.expect(r"\$$")
        terminal.picture(picture("command-line.svg", tmp_path), "fdb")


def test_every_command_is_on_the_page() -> None:
    from fdb._cli.main import COMMANDS

    names = {name for part in COMMANDS.values() for name in part}
    assert {name for name in names if f"fdb {name}" not in TEXT} == set()


def test_its_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", TEXT)
    assert links and [link for link in links if not (PAGE.parent / link).is_file()] == []
