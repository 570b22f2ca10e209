"""The command line as a whole: its commands, exit codes, and what goes wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

import fdb
import fdb.__main__
from fdb._cli import main
from fdb._cli.main import run


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Runs a command that fails; returns its exit code, and its one line."""
    code = run(arguments)
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("error: ") and output.err.count("\n") == 1, output.err
    return code, output.err


def test_help_names_every_command_and_loads_none(capsys: pytest.CaptureFixture[str]) -> None:
    program = (
        "import sys; from fdb.__main__ import main; code = main(['--help']); "
        "assert not [name for name in sys.modules if name.startswith(('rich', 'prompt_toolkit', 'starlette'))]; "
        "sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for commands in main.COMMANDS.values():
        for name, (_, text) in commands.items():
            assert f"  {name} " in done.stdout and text.split(":")[0][:30] in done.stdout


def test_nothing_to_do_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    assert "Usage:" in capsys.readouterr().err


def test_usage_errors_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    code, line = fails(capsys, "nonsense")
    assert code == 2 and "nonsense" in line and "--help" in line
    code, line = fails(capsys, "--nonsense")
    assert code == 2 and "--nonsense" in line
    code, line = fails(capsys, "--timeout", "soon", "ping")
    assert code == 2 and "soon" in line


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert fdb.__version__ in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (ValueError("one\n two"), 1, "error: one two\n"),
        (
            fdb.FDBError(1031),
            1,
            "error: Operation aborted because the transaction timed out (1031)\n",
        ),
        (
            FileNotFoundError(2, "No such file or directory", "x"),
            1,
            "error: No such file or directory: x\n",
        ),
        (KeyError("x"), 1, "error: KeyError: 'x'; --debug shows where\n"),
        (KeyboardInterrupt(), 130, "\nerror: interrupted\n"),
    ],
)
def test_what_a_command_raises_is_one_line(plant, capsys, error, code, text) -> None:
    @click.command()
    def planted() -> None:
        raise error

    plant(planted)
    assert run(["planted"]) == code
    assert capsys.readouterr().err == text
    for arguments in (["planted", "--debug"], ["--debug", "planted"]):
        assert run(arguments) == code
        shown = capsys.readouterr().err
        assert "Traceback" in shown and shown.endswith(text)


def test_without_the_extra_one_line_says_what_to_install(monkeypatch, capsys) -> None:
    monkeypatch.setattr(fdb.__main__, "NEEDED", ("click", "no_such_library"))
    assert fdb.__main__.main(["ping"]) == 1
    line = capsys.readouterr().err
    assert line.count("\n") == 1 and "no_such_library" in line and "foundationdb-cffi[cli]" in line


def test_a_reader_that_goes_away_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "fdb", "--help"], stdout=writing, stderr=subprocess.PIPE, text=True
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_process_without_streams_has_none_of_its_files_in_their_place(tmp_path: Path) -> None:
    """What is written to a stream that is not there would be in the file of the database."""
    name = f"file:{tmp_path}/t.fdb"
    program = f"{sys.executable} -m fdb -C {name}"
    for command, code in (("set a b", 0), ("get a", 0), ("range", 0), ("get none", 1)):
        line = f"{program} {command} <&- >&- 2>&-"
        assert subprocess.run(["sh", "-c", line]).returncode == code
    done = subprocess.run([*program.split(), "get", "a"], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("b\n", "")
    done = subprocess.run(
        ["sh", "-c", f"{program} get none 2>&-"], stdout=subprocess.PIPE, text=True
    )
    assert (done.returncode, done.stdout) == (1, "")


def test_an_interrupt_while_it_starts_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    class Interrupting:
        def find_spec(self, name: str, *unused: object) -> None:
            if name == "fdb._cli.main":
                raise KeyboardInterrupt

    kept = sys.modules.pop("fdb._cli.main")
    sys.meta_path.insert(0, Interrupting())  # type: ignore[arg-type]
    try:
        assert fdb.__main__.main(["ping"]) == 130
    finally:
        del sys.meta_path[0]
        sys.modules["fdb._cli.main"] = kept
    assert capsys.readouterr().err == "error: interrupted\n"
