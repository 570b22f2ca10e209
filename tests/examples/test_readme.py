"""examples/README.md: it lists every example, and what it says of all of them is so."""

from __future__ import annotations

import re

from helpers.examples import EXAMPLES

#: What examples share, and what is no program.
BESIDE = {"README.md", "console.py", "__pycache__"}


def test_every_example_is_listed() -> None:
    text = (EXAMPLES / "README.md").read_text()
    listed = {target.rstrip("/") for target in re.findall(r"\]\(([\w./]+)\)", text)}
    there = {path.name for path in EXAMPLES.iterdir()} - BESIDE
    assert {target for target in listed if not target.startswith("..")} == there


def test_every_example_is_short() -> None:
    sizes = {path: len(path.read_text().splitlines()) for path in EXAMPLES.rglob("*.py")}
    assert len(sizes) > 10 and {path: size for path, size in sizes.items() if size >= 200} == {}
