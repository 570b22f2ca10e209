"""The page about clusters shows the server that the repository's own tests use."""

from __future__ import annotations

import re

import yaml

from helpers.pages import blocks
from helpers.paths import ROOT

PAGE = (ROOT / "docs" / "guides" / "cluster.md").read_text(encoding="utf-8")
COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")


def test_its_container_is_that_of_the_repository() -> None:
    (shown,) = (block.text for block in blocks(PAGE) if block.language == "yaml")
    with_default = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", COMPOSE)
    assert yaml.safe_load(shown) == yaml.safe_load(with_default)


def test_its_commands_are_those_of_the_repository() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.findall(r"cp fdb:(\S+)", PAGE) == re.findall(r"cp fdb:(\S+)", makefile)
    (address,) = re.findall(r"the line `([^`]+)`", PAGE)
    assert f'echo "{address}"' in makefile and address in COMPOSE
