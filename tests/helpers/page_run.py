"""Runs the code of one page of the documentation in this folder: `python page_run.py PAGE`. `pages.py` says what is run, and how.

The first thing that is not as the page says ends it with exit code 1, and is described on stderr.
"""

from __future__ import annotations

import ast
import asyncio
import configparser
import contextlib
import doctest
import inspect
import io
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

sys.path[:0] = [os.getcwd(), str(pathlib.Path(__file__).resolve().parents[1])]

from helpers.compilers import c_compiler, link_with_libfdb_c  # noqa: E402
from helpers.pages import (  # noqa: E402
    INTERRUPT,
    LANGUAGES,
    Block,
    Command,
    blocks,
    commands,
    is_like,
    named_in_console,
    problem_of,
    said_by_comments,
)

#: Seconds; a command that takes longer hangs.
PATIENCE = 60
_MARK = "\x1f"


class Wrong(Exception):
    """A page says what is not so."""


class Page:
    """The blocks of a page, the names of its program, and the shell of its commands."""

    def __init__(self, path: pathlib.Path) -> None:
        self.blocks = blocks(path.read_text(encoding="utf-8"))
        self.names: dict[str, Any] = {"__name__": "page"}
        self.loop = asyncio.new_event_loop()
        self.shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-o", "pipefail"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self) -> None:
        for index, block in enumerate(self.blocks):
            following = self.blocks[index + 1] if index + 1 < len(self.blocks) else None
            shown = None
            if following and following.language == "text" and block.is_right_before(following):
                shown = following.text
            try:
                self.run_block(block, shown)
            except Wrong as error:
                raise Wrong(f"line {block.line}: {error}") from None
            except BaseException as error:
                error.args = (f"line {block.line}: {error}",)
                raise

    def run_block(self, block: Block, shown: str | None) -> None:
        if block.language not in LANGUAGES:
            raise Wrong(f"a block in {block.language or 'no language'}")
        runs: dict[str, Callable[[Block, str | None], None]] = {
            "python": self.run_python,
            "pycon": self.run_session,
            "console": self.run_console,
            "c": self.run_c,
            "javascript": self.check_javascript,
        }
        run = runs.get(block.language)
        if run is not None:
            run(block, shown)
        elif block.language not in ("text", "sql"):
            read(block)
            if block.file:
                write(block.file, block.text)

    def run_python(self, block: Block, shown: str | None) -> None:
        if block.file:
            write(block.file, block.text)
            if named_in_console(pathlib.PurePath(block.file).name, self.blocks):
                return
            is_suite = pathlib.PurePath(block.file).name.startswith("test_")
            command = [*(["-m", "pytest", "-q"] if is_suite else []), block.file]  # fmt: skip
            compare(shown, output_of([sys.executable, *command]))
            return
        program = compile(
            block.text, f"line {block.line}", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, True
        )
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            if program.co_flags & inspect.CO_COROUTINE:
                self.loop.run_until_complete(eval(program, self.names))
            else:
                exec(program, self.names)
        compare(shown or said_by_comments(block.text), printed.getvalue())

    def run_session(self, block: Block, shown: str | None) -> None:
        test = doctest.DocTestParser().get_doctest(block.text, self.names, "page", None, block.line)
        with contextlib.redirect_stdout(io.StringIO()) as report:
            failed, _ = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(
                test, clear_globs=False
            )
        self.names.update(test.globs)
        if failed:
            raise Wrong(report.getvalue())

    def run_console(self, block: Block, shown: str | None) -> None:
        whole = commands(block.text)
        shows_output = any(command.shown for command in whole)
        for command in whole:
            if not command.is_run:
                problem = problem_of(command.command)
                if problem:
                    raise Wrong(f"$ {command.command}: {problem}")
            elif command.shown.endswith(INTERRUPT):
                self.interrupt(command)
            else:
                seen, code = self.answer_of(command.command)
                if not shows_output:
                    if code:
                        raise Wrong(f"$ {command.command} ended with {code}\n{seen}")
                elif not is_like(command.shown, seen):
                    raise Wrong(f"$ {command.command}\n{seen}---- the page shows ----\n{command.shown}")  # fmt: skip

    def answer_of(self, command: str) -> tuple[str, int]:
        """Runs a command in the page's shell and returns what it prints, and its exit code."""
        assert self.shell.stdin and self.shell.stdout
        # The next command sees the exit code of this one.
        self.shell.stdin.write(
            f"{{ {command}\n}} </dev/null; code=$?; printf '{_MARK}%d\\n' $code; (exit $code)\n"
        )
        self.shell.stdin.flush()
        seen = ""
        while _MARK not in seen:
            line = self.shell.stdout.readline()
            if not line:
                raise Wrong(f"$ {command}\n{seen}---- and the shell has ended")
            seen += line
        seen, _, code = seen.partition(_MARK)
        return seen, int(code)

    def interrupt(self, command: Command) -> None:
        """Runs a command until it has printed what is shown, and then types Ctrl-C."""
        shown = command.shown.removesuffix(INTERRUPT)
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command.command}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout
        seen = ""
        # One that prints something else must not stay, nor must the test wait for it.
        alarm = threading.Timer(PATIENCE, process.kill)
        alarm.start()
        try:
            while not is_like(shown, seen):
                line = process.stdout.readline()
                if not line:
                    raise Wrong(f"$ {command.command}\n{seen}---- and it has ended. The page shows ----\n{shown}")  # fmt: skip
                seen += line
            process.send_signal(signal.SIGINT)
            process.communicate()
        finally:
            alarm.cancel()

    def run_c(self, block: Block, shown: str | None) -> None:
        import fdb.embedded

        if block.file and named_in_console(block.file, self.blocks):
            write(block.file, block.text)
            return
        write("block.c", block.text)
        compiled = [*c_compiler(), "-std=c11", "-Wall", "-Werror", f"-I{fdb.embedded.includedir()}", "block.c"]  # fmt: skip
        output_of([*compiled, *link_with_libfdb_c(fdb.embedded.libdir()), "-o", "block"])
        compare(shown, output_of(["./block"]))

    def check_javascript(self, block: Block, shown: str | None) -> None:
        name = block.file or "block.mjs"
        write(name, block.text)
        if shutil.which("node"):
            output_of(["node", "--check", name])

    def close(self) -> None:
        self.loop.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.shell.pid, signal.SIGKILL)
        self.shell.communicate()


def read(block: Block) -> None:
    """Reads a block as what it is written in; raises what the parser raises."""
    if block.language == "json":
        json.loads(block.text)
    elif block.language == "ini":
        configparser.ConfigParser().read_string(block.text)
    elif block.language == "toml":
        if sys.version_info >= (3, 11):
            import tomllib
        else:
            import tomli as tomllib
        tomllib.loads(block.text)
    elif block.language == "yaml":
        import yaml

        yaml.safe_load(block.text)
    elif block.language == "dockerfile":
        words = "FROM RUN COPY WORKDIR ENV USER CMD ENTRYPOINT EXPOSE ARG".split()
        whole = block.text.replace("\\\n", "")
        for line in whole.splitlines():
            if line.strip() and not line.startswith("#") and line.split()[0] not in words:
                raise Wrong(f"no instruction of a Dockerfile: {line}")


def write(name: str, text: str) -> None:
    path = pathlib.Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def output_of(command: list[str]) -> str:
    """Runs a program, which has to succeed, and returns what it prints."""
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    if ended.returncode:
        raise Wrong(f"{' '.join(command)} ended with {ended.returncode}\n{ended.stdout}{ended.stderr}")  # fmt: skip
    return ended.stdout


def compare(shown: str | None, seen: str) -> None:
    if shown is not None and not is_like(shown, seen):
        raise Wrong(f"it prints\n{seen}---- the page shows ----\n{shown}")


def main() -> int:
    page = Page(pathlib.Path(sys.argv[1]))
    try:
        page.run()
    except Wrong as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        page.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
