"""The code on pages of the documentation, and what is run of it.

A page is run by `page_run.py`, in a process and a folder of its own, from its first block to its last:

python      all blocks of a page share one namespace; `await` outside of functions works, with one event loop for the page. A block that begins
            with `# name.py` is a file: a console block runs it; else `test_*.py` is given to pytest, and any other is run right away.
            Below it may stand what it prints, as a block of text; or its `print` lines say so, each at its end: `print(1 + 1)  # 2`.
console     `$ ` stands before a command of bash; a line of it may go on on the next one behind a backslash, or as `> `. What is below is all
            that it prints; in a block that shows nothing of what is printed, the commands have to succeed. `^C` as the last line: the command is
            interrupted once the rest is there.
c           `/* name.c */` first: a file for console blocks; else it is compiled with our libfdb_c, and run
javascript, json, toml, ini, yaml, dockerfile   are read by a parser
text, sql   are not run here

"..." in what is shown stands for anything, and columns may be wider or narrower. What cannot be run in a test, as it changes the machine
or needs another one (`NOT_RUN`), is checked as far as that goes.
"""

from __future__ import annotations

import doctest
import re
import shlex
from typing import NamedTuple

from helpers.paths import ROOT

#: What a block may be written in.
LANGUAGES = (
    *("python", "pycon", "console", "c", "text", "sql"),
    *("javascript", "json", "toml", "ini", "yaml", "dockerfile"),
)
#: Commands that tests do not run.
NOT_RUN = ("pip", "uv", "apt-get", "brew", "dnf", "apk", "xcode-select", "docker", "make", "npm", "gem", "git", "sudo", "cd", "sqlite3")  # fmt: skip
#: The line that says that Ctrl-C was typed.
INTERRUPT = "^C\n"
_FENCE = re.compile(r"^( *)(`{3,})([^\n`]*)\n(.*?)^\1\2`* *$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"(?:#|//|/\*) ([\w/.-]+\.\w+)(?: \*/)?\n")
_GAP = re.compile(r"\t|  +")
_REQUIREMENT = re.compile(r"foundationdb-cffi(?:\[([\w,-]+)\])?")


class Block(NamedTuple):
    """A block of code, and the line of its page at which it begins."""

    language: str
    text: str
    line: int

    def is_right_before(self, other: Block) -> bool:
        """Whether no more than a line of prose stands between them."""
        return other.line - (self.line + self.text.count("\n") + 1) <= 4

    @property
    def file(self) -> str | None:
        """The name of the file that the block is."""
        found = _FILE.match(self.text)
        return found[1] if found else None


def blocks(text: str) -> list[Block]:
    """Returns all blocks of code of a page, but for directives of Sphinx."""
    found = []
    for match in _FENCE.finditer(text):
        indent, _, language, code = match.groups()
        if language.startswith("{"):
            continue
        lines = [line.removeprefix(indent) for line in code.splitlines(keepends=True)]
        found.append(
            Block(language.strip(), "".join(lines), text.count("\n", 0, match.start()) + 1)
        )
    return found


def _of_the_repository(words: list[str]) -> bool:
    """Whether a command is a program of the repository, which has tests of its own."""
    return words[0] == "python" and len(words) > 1 and (ROOT / words[1]).is_file()


def blocks_of(page: str, *languages: str) -> list[Block]:
    """Returns the blocks of a page of the repository that are written in one of some languages."""
    found = blocks((ROOT / page).read_text(encoding="utf-8"))
    return [block for block in found if block.language in languages]


class Command(NamedTuple):
    """A command of a console block, and what is shown below it."""

    command: str
    shown: str

    @property
    def is_run(self) -> bool:
        words = shlex.split(self.command, comments=True)
        return words[0] not in NOT_RUN and not _of_the_repository(words)


def commands(text: str) -> list[Command]:
    """Returns the commands of a console block."""
    if not text.startswith("$ "):
        raise ValueError(f"a console block begins with a command: {text}")
    found = []
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        first, *rest = part.splitlines(keepends=True)
        while rest and (first.endswith("\\\n") or rest[0].startswith("> ")):
            first += rest.pop(0).removeprefix("> ")
        found.append(Command(first.strip("\n"), "".join(rest)))
    return found


def is_like(shown: str, seen: str) -> bool:
    """Whether a page shows what is seen."""
    wanted, got = (
        "".join(f"{_GAP.sub('  ', line.rstrip())}\n" for line in text.splitlines())
        for text in (shown, seen)
    )
    return doctest.OutputChecker().check_output(wanted, got, doctest.ELLIPSIS)


def said_by_comments(program: str) -> str | None:
    """Returns what the `print` lines of a program say that they print; None if none does."""
    found = re.findall(r"^print\(.*\)  # (.*)$", program, re.MULTILINE)
    return "".join(f"{line}\n" for line in found) or None


def problem_of(command: str) -> str | None:
    """Returns what is wrong with a command that is not run; None if it is as it should be."""
    words = shlex.split(command, comments=True)
    if words[0] == "make":
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        wrong = [word for word in words[1:] if "=" not in word and word not in targets]
        return f"no target {wrong[0]}" if wrong else None
    if words[0] in ("pip", "uv"):
        text = (ROOT / "pyproject.toml").read_text()
        extras = re.findall(r"^([a-z-]+) = \[", text.split("[project.optional-dependencies]")[1], re.MULTILINE)  # fmt: skip
        for word in words[1:]:
            found = _REQUIREMENT.match(word)
            if found and {*(found[1] or "").split(",")} - {"", *extras}:
                return f"no such extra: {word}"
    if words[0] == "cd" and len(words) != 2:
        return "where to?"
    return None


def named_in_console(name: str, page: list[Block]) -> bool:
    """Whether a console block of a page names a file."""
    return any(block.language == "console" and name in block.text for block in page)
