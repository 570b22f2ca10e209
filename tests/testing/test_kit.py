"""fdb/testing/_kit.py: what pytest and unittest have in common."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

import fdb
from fdb.testing import _engine, clock
from fdb.testing._isolation import MemorySandbox
from fdb.testing._kit import Kit, open_sandbox, select_api_version
from helpers.paths import ROOT


@pytest.fixture
def sandbox() -> Iterator[MemorySandbox]:
    sandbox = MemorySandbox()
    yield sandbox
    sandbox.close()


def is_closed(sandbox: MemorySandbox) -> bool:
    return not sandbox.sources()


def test_a_kit_that_nobody_uses_opens_nothing(sandbox: MemorySandbox) -> None:
    kit = Kit(sandbox)
    assert not kit.uses_seed and kit.replay_lines() == [] and sandbox.sources() == []
    kit.close()


def test_seeds(sandbox: MemorySandbox) -> None:
    assert Kit(sandbox, 7, "seed=8").seed == 7
    assert Kit(sandbox, None, "seed=8").seed == 8
    drawn = Kit(sandbox)
    assert drawn.seed == drawn.seed != Kit(sandbox).seed and drawn.uses_seed


def test_rules_are_in_force_from_the_beginning(sandbox: MemorySandbox) -> None:
    kit = Kit(sandbox, 1, "not_committed:nth=1;seed=2")
    source: Any = kit.source()
    source[b"k"] = b"v"
    assert kit.replay_lines() == [
        "faults that happened: not_committed 1",
        "FDB_EMBEDDED_FAULTS='not_committed:nth=1;seed=1' gives a program the same, but for those with a predicate",
    ]
    kit.close()
    assert is_closed(sandbox)


def test_what_is_told_of_a_database_that_was_closed(sandbox: MemorySandbox) -> None:
    kit = Kit(sandbox, 1, "not_committed:nth=1")
    kit.source().close()
    (line,) = kit.replay_lines()
    assert line.startswith("FDB_EMBEDDED_FAULTS='not_committed:nth=1;seed=1' gives")
    kit.close()


def test_predicates_see_every_event_model(sandbox: MemorySandbox) -> None:
    kit = Kit(sandbox)
    before: Any = kit.source("asyncio")
    kit.faults.add("not_committed", times=3, when=lambda operation: True)
    later: Any = kit.source("debug")
    blocking: Any = kit.source()
    asyncio.run(before.set(b"k", b"v"))
    assert kit.faults.injected == {"not_committed": 3}
    kit.faults.add("commit_unknown_result", nth=1, when=lambda operation: True)
    later[b"k"] = b"v"
    blocking[b"k"] = b"v"
    assert kit.faults.injected == {"commit_unknown_result": 1, "not_committed": 3}
    kit.close()


def test_the_clock_runs_again(memory_name: str) -> None:
    kit = Kit(open_sandbox(memory_name, "prefix"))
    assert kit.clock is kit.clock
    kit.clock.freeze()
    kit.close()
    assert not clock(fdb.open(memory_name)).is_frozen


def test_the_log(sandbox: MemorySandbox) -> None:
    kit = Kit(sandbox)
    log = kit.log("debug")
    source: Any = kit.source("debug")
    source[b"k"] = b"v"
    assert len(log.transactions) == 1 and kit.log() is log
    kit.close()


def test_rules_of_no_use_close_the_sandbox(sandbox: MemorySandbox) -> None:
    for rules in ("flood", "seed=x"):
        with pytest.raises(ValueError, match="flood|a seed is a number"):
            Kit(sandbox, None, rules)
        assert is_closed(sandbox)


def test_on_a_cluster(sandbox: MemorySandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_engine, "is_embedded", lambda database: False)
    kit = Kit(sandbox)
    assert isinstance(kit.source(), fdb.Database)
    with pytest.raises(RuntimeError, match="of a cluster"):
        _ = kit.faults
    with pytest.raises(RuntimeError, match="of a cluster"):
        _ = kit.clock
    kit.close()
    with pytest.raises(RuntimeError, match="of a cluster"):
        Kit(sandbox, None, "not_committed")
    assert is_closed(sandbox)


def test_the_sandbox_is_closed_whatever_happens(sandbox: MemorySandbox) -> None:
    kit = Kit(sandbox)
    kit.source()
    kit._tools.callback(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        kit.close()
    assert is_closed(sandbox)


def test_sandboxes(memory_name: str) -> None:
    memory = open_sandbox(None, "auto")
    part = open_sandbox(memory_name, "prefix")
    assert isinstance(memory, MemorySandbox) and not isinstance(part, MemorySandbox)
    memory.close()
    part.close()


def test_an_api_version_that_was_selected_stays() -> None:
    select_api_version(710)
    assert fdb.get_api_version() == 740


@pytest.mark.parametrize(("given", "selected"), [("", "740"), ("710", "710")])
def test_an_api_version_is_selected(given: str, selected: str) -> None:
    code = f"import fdb; from fdb.testing._kit import select_api_version as select; select({given}); print(fdb.get_api_version())"
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    assert printed.strip() == selected
