"""examples/tested: the suite passes, alone and under faults, and finds what it is there to find."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys

import pytest

from helpers.examples import EXAMPLES


@pytest.fixture
def suite(tmp_path: pathlib.Path) -> pathlib.Path:
    """The suite in a folder of its own, as somebody has it who begins with it."""
    return shutil.copytree(
        EXAMPLES / "tested", tmp_path / "tested", ignore=shutil.ignore_patterns("__pycache__")
    )


def outcome_of(suite: pathlib.Path, *options: str) -> str:
    """Returns what pytest says of the suite at the end."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio"]
    outcome = subprocess.run([*command, *options, suite], capture_output=True, text=True)
    return outcome.stdout


def test_the_suite_passes(suite: pathlib.Path) -> None:
    options = ("--fdb-faults", "commit_unknown_result:p=0.2;not_committed:p=0.1", "--fdb-seed", "1")
    assert "11 passed" in outcome_of(suite, *options)


def test_the_suite_finds_bugs(suite: pathlib.Path) -> None:
    """One in each method: it counts twice, counts wrong, and reads what may have changed since."""
    program = suite / "inventory.py"
    text = program.read_text()
    for right, wrong in (
        ("if not tr[mark].present():", "if True:"),
        ("+ int(count))", "+ 1)"),
        ("int(tr[self.stock[item]] or", "int(tr.snapshot[self.stock[item]] or"),
    ):
        assert text.count(right) == 1
        text = text.replace(right, wrong)
    program.write_text(text)
    chosen = "what_is_retried or has_its_goods or last_pot"
    told = outcome_of(suite, "-k", chosen)
    failed = {line.split("::")[1].split(" ")[0] for line in told.splitlines() if "FAILED" in line}
    assert failed == {
        "test_an_order_has_its_goods",
        "test_what_is_retried_happens_once[restock-arguments0]",
        "test_the_last_pot_is_sold_once",
    }, told
