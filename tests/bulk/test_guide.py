"""The programs of docs/guides/scanning.md are run, under faults, and killed here and there."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

import fdb
import fdb.testing
import fdb.tuple
from bulk.conftest import SEEDS
from helpers.pages import blocks_of

NUMBER = 120


class Killed(BaseException):
    """The end of the process, where nothing may catch it."""


@pytest.fixture(scope="module")
def programs() -> dict[str, dict[str, Any]]:
    """The names of each program of the page."""
    found = {}
    for block in blocks_of("docs/guides/scanning.md", "python"):
        name = block.file.removesuffix(".py")
        found[name] = {"__name__": name}
        exec(compile(block.text, f"docs/guides/scanning.md:{name}", "exec"), found[name])
    return found


@pytest.fixture
def target() -> Any:
    name = fdb.embedded.unique()
    yield fdb.open(name)
    fdb.embedded.drop(name)


def lines():
    return (f"{number} name-{number}" for number in range(NUMBER))


def test_all_programs_are_run_here(programs):
    assert {*programs} == {"migrate", "scan"}


def check_migrated(db, accounts):
    expected = [
        (accounts[number].key(), b"\x00" + fdb.tuple.pack((f"name-{number}", "EUR")))
        for number in range(NUMBER)
    ]
    assert db[accounts.range()] == sorted(expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_migration(programs, memory_db, target, seed, monkeypatch, capsys):
    program = programs["migrate"]
    rng = random.Random(seed)
    create = fdb.Database.create_transaction

    left = [rng.randint(1, 8), rng.randint(1, 4)]  # transactions of the runs that are killed

    def create_or_end(db):
        if left:
            left[0] -= 1
            if left[0] < 0:
                raise Killed
        return create(db)

    for db in (memory_db, target):
        db.options.set_transaction_max_retry_delay(1)
    with (
        fdb.testing.faults(memory_db, seed=seed, rules="on"),
        fdb.testing.faults(target, seed=seed, rules="on"),
    ):
        while True:
            monkeypatch.setattr(fdb.Database, "create_transaction", create_or_end)
            try:
                program["main"](memory_db, target, lines())
                break
            except Killed:
                del left[0]
            finally:
                monkeypatch.undo()
    assert left == []
    check_migrated(memory_db, program["accounts"])
    check_migrated(target, program["accounts"])
    assert f"{NUMBER} accounts, {NUMBER} of them copied\n" in capsys.readouterr().out


def test_scans(programs, memory_db, async_memory_db):
    program = programs["scan"]
    for number in range(50):
        memory_db[program["users"][number]] = b"v" * number
    with fdb.testing.faults(memory_db, seed=1, rules="on"):
        assert program["total"](memory_db) == sum(range(50))
        assert asyncio.run(program["total_async"](async_memory_db)) == sum(range(50))
        keys, token = program["page_of"](memory_db, None)
        pages = [keys]
        while token is not None:
            keys, token = program["page_of"](memory_db, token)
            pages.append(keys)
    assert [len(page) for page in pages] == [20, 20, 10]
    assert [key for page in pages for key in page] == sorted(
        program["users"].pack((number,)) for number in range(50)
    )
