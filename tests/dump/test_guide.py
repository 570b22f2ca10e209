"""The programs and commands of docs/guides/moving-data.md are run, and say what the page says."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys

from helpers.paths import ROOT
from helpers.processes import surroundings_removed

PAGE = (ROOT / "docs" / "guides" / "moving-data.md").read_text()
_BLOCK = re.compile(r"^```(python|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands(block: str) -> list[tuple[str, str]]:
    """The commands of a console block, each with what it prints."""
    found = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    return [(text.partition("\n")[0], text.partition("\n")[2]) for text in found]


def test_the_page(tmp_path: pathlib.Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "fdb").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m fdb "$@"\n')
    (tools / "fdb").chmod(0o755)
    environment = {
        **surroundings_removed(os.environ),
        "PATH": f"{tools}:{os.environ['PATH']}",
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "PYTHONPATH": str(ROOT),
    }

    def said(*command: str) -> str:
        return subprocess.run(
            command,
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ).stdout

    kinds = []
    for kind, text in _BLOCK.findall(PAGE):
        kinds.append(kind)
        if kind == "python":
            assert said(sys.executable, "-c", text) == ""
            continue
        for command, output in commands(text):
            assert said("sh", "-c", command) == output, command
    assert kinds.count("python") == 2 and kinds.count("console") == 5
