"""The page about client options knows all network options, and names none that there is not."""

from __future__ import annotations

import re

import fdb.fdboptions
from helpers.paths import ROOT

PAGE = (ROOT / "docs" / "guides" / "client-options.md").read_text(encoding="utf-8")


def test_every_network_option_is_on_the_page() -> None:
    missing = [name for name in fdb.fdboptions.NetworkOption if f"`{name}`" not in PAGE]
    assert not missing


def test_every_option_of_its_tables_exists() -> None:
    known = {*fdb.fdboptions.NetworkOption, *fdb.fdboptions.DatabaseOption}
    tables = re.findall(r"^\| option.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    named = [
        name
        for row in "".join(tables).splitlines()
        for name in re.findall(r"`([^`]+)`", row.split("|")[1])
        if not name.endswith("...")
    ]
    assert len(named) > 40
    assert [name for name in named if name not in known] == []
