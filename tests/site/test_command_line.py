"""tools/site/command_line.py: the page of the command line is what the commands say of themselves."""

from __future__ import annotations

import re

import command_line

from fdb._cli.main import COMMANDS


def test_the_page_is_as_the_commands_are() -> None:
    written = command_line.PAGE.read_text(encoding="utf-8")
    assert written == command_line.page(), "python tools/site/command_line.py writes it anew"


def test_it_has_all_commands_with_their_options_and_examples() -> None:
    sections = dict(
        re.findall(r"^### fdb (\S+)\n(.*?)(?=^##|\Z)", command_line.page(), re.M | re.S)
    )
    assert [*sections] == [name for part in COMMANDS.values() for name in part]
    for name, section in sections.items():
        assert f"```text\nfdb {name}" in section
        assert len(re.findall(r"^fdb ", section, re.M)) >= 2, f"{name} has no example"
    assert "| `--resume` |" in sections["copy"]
    assert "`--debug`" not in sections["copy"]
