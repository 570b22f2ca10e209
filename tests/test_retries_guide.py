"""The programs of docs/guides/retries.md are run, the complete one under faults."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import fdb
from helpers.pages import blocks_of
from helpers.paths import ROOT

_PROGRAMS = [block.text for block in blocks_of("docs/guides/retries.md", "python")]
_PAGE = (ROOT / "docs" / "guides" / "retries.md").read_text()
_COMPLETE = "# transfers.py\n"


def test_the_examples_do_what_the_page_says(memory_db: fdb.Database) -> None:
    names: dict[str, Any] = {"fdb": fdb, "db": memory_db}
    blocks = [block for block in _PROGRAMS if not block.startswith(_COMPLETE)]
    assert len(blocks) == 6
    try:
        for block in blocks:
            exec(compile(block, "docs/guides/retries.md", "exec"), names)
    finally:
        fdb.embedded.drop("shop")


@pytest.mark.parametrize(
    "faults", ["", "on;seed=7", "commit_unknown_result:p=0.3,effect=either;seed=11"]
)
def test_the_complete_program(tmp_path: Path, faults: str) -> None:
    (program,) = (block for block in _PROGRAMS if block.startswith(_COMPLETE))
    path = tmp_path / "transfers.py"
    path.write_text(program)
    environment = {**os.environ, "FDB_EMBEDDED_FAULTS": faults or "off"}
    outcome = subprocess.run(
        [sys.executable, str(path)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (outcome.returncode, outcome.stderr) == (0, "")
    said = re.fullmatch(r"ada 1, bob 99 in 33 transfers; (\d+) retries\n", outcome.stdout)
    assert said
    assert not faults or int(said[1]) > 0


def test_every_keyword_is_in_the_table() -> None:
    from fdb._policy import NAMES

    table = _PAGE.split("| keyword | says |")[1].split("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(NAMES)
