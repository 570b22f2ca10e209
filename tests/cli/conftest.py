"""What tests of the command line share."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable

import click
import pytest

from fdb._cli import main

Plant = Callable[[click.Command], None]


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> Plant:
    """Adds a command to the group, under its own name."""

    def plant_command(command: click.Command) -> None:
        module = types.ModuleType("planted")
        module.command = command  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "planted", module)
        monkeypatch.setitem(main._PLACES, str(command.name), ("planted:command", "Planted."))

    return plant_command
