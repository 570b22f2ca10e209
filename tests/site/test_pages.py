"""Every block of code on every page is run: here, or by the test of its page."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import gather
import pytest

from helpers.pages import blocks
from helpers.paths import ROOT
from helpers.processes import surroundings_removed

#: Pages whose code only a test of their own runs, and the languages that this test reads: all other pages are run here, too.
OWN = {
    "docs/guides/command-line.md": ("tests/cli/test_guide.py", {"console", "python", "text"}),
    "docs/guides/observing.md": ("tests/observing/test_guide.py", {"python", "text"}),
    "docs/guides/testing.md": ("tests/testing/test_guide.py", {"console", "python", "text"}),
}
#: All pages of the site, and the one that the repository begins with.
PAGES = [
    source
    for source in sorted({*gather.pages(), "README.md"} - {*OWN})
    if blocks((ROOT / source).read_text())
]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A folder with the commands of this environment."""
    folder = tmp_path_factory.mktemp("bin")
    for name, module in (("fdb", "-m fdb"), ("pytest", "-m pytest"), ("python", "")):
        (folder / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n')
        (folder / name).chmod(0o755)
    return folder


@pytest.mark.parametrize("source", PAGES)
def test_the_code_of(source: str, programs: pathlib.Path, tmp_path: pathlib.Path) -> None:
    # The cluster file of pages that name one: the same program, on the embedded engine. Elsewhere a reader has none.
    if "fdb.cluster" in (ROOT / source).read_text(encoding="utf-8"):
        (tmp_path / "fdb.cluster").write_text("memory:page\n")
    environment = {
        **surroundings_removed(os.environ),
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": f"{tmp_path}:{ROOT}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "PYTEST_ADDOPTS": "-p no:randomly -p no:cacheprovider",
        "COLUMNS": "100",
        "TERM": "dumb",
    }
    ended = subprocess.run(
        [sys.executable, ROOT / "tests" / "helpers" / "page_run.py", ROOT / source],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, f"{source}, {ended.stderr}"


@pytest.mark.parametrize("source", OWN)
def test_the_test_of_a_page_reads_all_its_blocks(source: str) -> None:
    test, languages = OWN[source]
    assert pathlib.PurePath(source).name in (ROOT / test).read_text()
    assert {block.language for block in blocks((ROOT / source).read_text())} == languages
