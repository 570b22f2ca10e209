"""Tools that not every machine has: a test without its tool is skipped, but fails in CI."""

from __future__ import annotations

import importlib
import os
import pathlib
import shutil
from typing import Any

import pytest

#: In CI everything is there, or the script that installs it is wrong.
IN_CI = os.environ.get("FDB_TESTS_IN_CI") == "1"
#: Whether pictures of the documentation are taken anew: `make pictures`.
TAKES_PICTURES = os.environ.get("FDB_PICTURES") == "1"
PICTURES = pathlib.Path(__file__).resolve().parents[2] / "docs" / "pictures"


def needs(module: str) -> Any:
    """Returns a module of the extra test-tools; without it the test is skipped, or fails in CI."""
    return importlib.import_module(module) if IN_CI else pytest.importorskip(module)


def chromium() -> str:
    """Returns the path of chromium; without it the test is skipped, or fails in CI."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        if IN_CI:
            pytest.fail("chromium is not installed")
        pytest.skip("chromium is not installed")
    return path


def picture(name: str, tmp_path: pathlib.Path) -> pathlib.Path:
    """Returns where a test is to write a picture of the documentation: only `make pictures` writes into docs/.

    The page shows what is committed, so that has to be there.
    """
    if TAKES_PICTURES:
        PICTURES.mkdir(exist_ok=True)
        return PICTURES / name
    assert (PICTURES / name).exists(), f"docs/pictures/{name} is missing: make pictures"
    return tmp_path / name
