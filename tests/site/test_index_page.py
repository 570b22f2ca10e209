"""docs/index.md: the extras that it lists are those that users may want, and bring what it says."""

from __future__ import annotations

import re

from helpers.paths import ROOT

#: Those for work on the package itself.
OURS = {"test", "test-tools", "docs", "bench", "release", "lint"}


def test_every_extra_for_users_is_on_the_first_page() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = project.split("[project.optional-dependencies]")[1].split("\n[")[0]
    extras = set(re.findall(r"^([a-z-]+) = \[", section, re.MULTILINE))
    page = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)
    assert sorted(listed) == sorted(extras - OURS)
