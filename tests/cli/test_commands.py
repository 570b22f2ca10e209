"""What holds for every command: help with an example, wrong usage in one line."""

from __future__ import annotations

import re
import shlex

import click
import pytest

from fdb._cli.main import COMMANDS, cli, run

NAMES = [name for commands in COMMANDS.values() for name in commands]


def command_of(name: str) -> click.Command:
    command = cli.get_command(click.Context(cli, info_name="fdb"), name)
    assert command is not None
    return command


def examples_of(capsys: pytest.CaptureFixture[str], name: str) -> list[str]:
    assert run([name, "--help"]) == 0
    text = capsys.readouterr().out
    assert all(len(line) <= 100 for line in text.splitlines())
    return [line.strip() for line in text.partition("Example:\n")[2].splitlines() if line.strip()]


@pytest.mark.parametrize("name", NAMES)
def test_its_help_has_an_example_of_itself(name: str, capsys) -> None:
    examples = examples_of(capsys, name)
    assert examples
    for example in examples:
        words = shlex.split(example)
        assert words[0] == "fdb" and name in words, example


@pytest.mark.parametrize("name", NAMES)
def test_the_options_of_its_examples_exist(name: str, capsys) -> None:
    known = {text for option in (*command_of(name).params, *cli.params) for text in option.opts}
    for example in examples_of(capsys, name):
        used = re.findall(r"(?<!\S)--?[a-zA-Z][a-z-]*", example.partition(" | ")[0])
        assert {*used} <= known, example


@pytest.mark.parametrize("name", NAMES)
def test_wrong_usage_is_one_line(name: str, capsys) -> None:
    assert run([name, "--no-such-option"]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("error: ") and output.err.count("\n") == 1
    assert "--no-such-option" in output.err and f"{name} --help" in output.err


@pytest.mark.parametrize("name", NAMES)
def test_every_option_and_the_command_say_what_they_are_for(name: str) -> None:
    command = command_of(name)
    assert command.help
    assert "--debug" in {text for option in command.params for text in option.opts}
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, f"{name} {option.opts}"
