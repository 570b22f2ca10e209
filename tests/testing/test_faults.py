"""fdb/testing/_faults.py: faults from Python. What each does is the engine's, and tested there."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

import fdb
import fdb.embedded
from fdb.testing import _engine, faults
from fdb.testing._faults import Faults
from helpers.databases import code_of


def commit_code(db: fdb.Database | fdb.Tenant, key: bytes = b"k") -> int:
    """Writes, once; returns the error of the commit, 0 if there was none."""
    tr = db.create_transaction()
    tr[key] = b"v"
    try:
        tr.commit().wait()
    except fdb.FDBError as error:
        return error.code
    return 0


def test_a_fault_happens_and_is_counted(memory_db: fdb.Database) -> None:
    with faults(memory_db) as kit:
        kit.add("not_committed", times=2)
        kit.add("process_behind", at="read", nth=1)
        assert [commit_code(memory_db) for _ in range(3)] == [1020, 1020, 0]
        assert code_of(memory_db.create_transaction().get(b"x").wait) == 1037
        assert kit.injected == {"not_committed": 2, "process_behind": 1}
    assert commit_code(memory_db) == 0


def test_a_rule_that_is_added_does_not_begin_the_others_anew(memory_db: fdb.Database) -> None:
    with faults(memory_db) as kit:
        kit.add("not_committed", nth=3)
        assert [commit_code(memory_db) for _ in range(2)] == [0, 0]
        kit.add("slow_read", delay=0.000001)
        assert [commit_code(memory_db) for _ in range(2)] == [1020, 0]
        assert kit.injected == {"not_committed": 1}


def test_keys_limit_it(memory_db: fdb.Database) -> None:
    space = fdb.Subspace(("space",))
    with faults(memory_db) as kit:
        kit.add("not_committed", keys=space)
        assert commit_code(memory_db) == 0
        assert commit_code(memory_db, space.pack((1,))) == 1020
        assert commit_code(memory_db, space.key()) == 1020


def test_the_effects_of_an_unknown_result(memory_db: fdb.Database) -> None:
    with faults(memory_db) as kit:
        kit.add("commit_unknown_result", nth=1, effect="applied")
        kit.add("commit_unknown_result", nth=2, effect="lost")
        assert commit_code(memory_db, b"applied") == commit_code(memory_db, b"lost") == 1021
    assert [bytes(row.key) for row in memory_db[:]] == [b"applied"]


def test_the_seed_and_its_replay(memory_db: fdb.Database) -> None:
    def codes(**arguments: Any) -> tuple[list[int], str, int]:
        with faults(memory_db, **arguments) as kit:
            if "rules" not in arguments:
                kit.add("not_committed", probability=0.5)
            return [commit_code(memory_db) for _ in range(40)], kit.replay, kit.seed

    first, text, seed = codes()
    assert text == f"not_committed:p=0.5;seed={seed}"
    assert codes(seed=seed)[0] == first
    assert codes(rules=text) == (first, text, seed)
    assert codes(rules=text, seed=seed + 1)[0] != first
    assert codes()[0] != first


def test_what_was_before_comes_back(memory_db: fdb.Database) -> None:
    outer = faults(memory_db, seed=1, rules="not_committed")
    with faults(memory_db) as inner:
        assert commit_code(memory_db) == 0
        inner.add("commit_unknown_result")
        assert commit_code(memory_db) == 1021
    assert commit_code(memory_db) == 1020
    assert outer.replay == "not_committed;seed=1"
    outer.close()
    outer.close()
    assert commit_code(memory_db) == 0


def test_what_was_before_comes_back_after_an_error(memory_db: fdb.Database) -> None:
    with pytest.raises(KeyError), faults(memory_db, rules="not_committed"):
        raise KeyError
    assert commit_code(memory_db) == 0


def test_clear(memory_db: fdb.Database) -> None:
    with faults(memory_db, rules="not_committed") as kit:
        kit.add("commit_unknown_result", when=lambda operation: True)
        assert commit_code(memory_db) != 0
        kit.clear()
        assert commit_code(memory_db) == 0
        assert sum(kit.injected.values()) == 1
        kit.add("not_committed", nth=2)
        assert [commit_code(memory_db) for _ in range(2)] == [0, 1020]
        assert sum(kit.injected.values()) == 2


def test_what_was_before_is_not_what_is_counted(memory_db: fdb.Database) -> None:
    with faults(memory_db, rules="not_committed"):
        assert commit_code(memory_db) == 1020
        with faults(memory_db) as kit:
            assert kit.injected == {}


def test_all_objects_of_a_database_meet_them(memory_name: str, memory_db: fdb.Database) -> None:
    async_db = fdb.open(memory_name, event_model="asyncio")
    fdb.tenant_management.create_tenant(memory_db, b"t")
    tenant = memory_db.open_tenant(b"t")
    for db in (memory_db, async_db, tenant, async_db.open_tenant(b"t")):
        with faults(db, rules="not_committed") as kit:
            assert commit_code(memory_db) == commit_code(tenant) == 1020
            assert kit.injected == {"not_committed": 2}


def test_with_asyncio(memory_name: str) -> None:
    db = fdb.open(memory_name, event_model="asyncio")

    async def use() -> None:
        with faults(db) as kit:
            kit.add("not_committed", times=1)
            kit.add("commit_unknown_result", times=1, when=lambda operation: True)
            await db.set(b"k", b"v")
            assert kit.injected == {"commit_unknown_result": 1, "not_committed": 1}

    asyncio.run(use())


def test_another_object_of_the_database_may_be_included(
    memory_name: str, memory_db: fdb.Database
) -> None:
    async_db = fdb.open(memory_name, event_model="asyncio")
    with faults(async_db) as kit:
        kit.add("not_committed", when=lambda operation: True)
        assert commit_code(memory_db) == 0
        kit.include(memory_db)
        assert commit_code(memory_db) == 1020
    assert commit_code(memory_db) == 0
    with faults(async_db) as kit:
        kit.include(memory_db)
        kit.add("not_committed", when=lambda operation: True)
        assert commit_code(memory_db) == 1020


def test_from_several_threads(memory_db: fdb.Database) -> None:
    with faults(memory_db) as kit:
        kit.add("not_committed", probability=0.3, when=lambda operation: True)
        kit.add("not_committed", probability=0.3)

        def write(number: int) -> None:
            for turn in range(50):
                memory_db.set(b"%d.%d" % (number, turn), b"v")

        threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert kit.injected["not_committed"] > 50
    assert len(memory_db[:]) == 200


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (("flood",), ValueError, "unknown fault 'flood'; known are not_committed, "),
        (("slow_read",), ValueError, "slow_read needs a delay"),
        ((1020,), TypeError, "name must be the name of a fault"),
    ],
)
def test_faults_that_are_none(
    memory_db: fdb.Database, arguments: tuple[Any, ...], error: type[Exception], text: str
) -> None:
    with faults(memory_db, seed=1, rules="not_committed") as kit:
        with pytest.raises(error, match=text):
            kit.add(*arguments)
        assert kit.replay == "not_committed;seed=1"


def test_a_parameter_of_another_fault(memory_db: fdb.Database) -> None:
    with (
        faults(memory_db) as kit,
        pytest.raises(ValueError, match="not_committed has no parameter"),
    ):
        kit.add("not_committed", rows=1)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"rules": "flood"}, ValueError, "unknown fault 'flood'"),
        ({"rules": 1}, TypeError, "rules must be a str"),
        ({"seed": -1}, ValueError, "seed must be at least 0"),
        ({"seed": True}, TypeError, "seed must be an int or None, not bool"),
    ],
)
def test_arguments_of_no_use(
    memory_db: fdb.Database, arguments: dict[str, Any], error: type[Exception], text: str
) -> None:
    with faults(memory_db, rules="not_committed"):
        with pytest.raises(error, match=text):
            faults(memory_db, **arguments)
        assert commit_code(memory_db) == 1020


def test_databases_of_no_use(memory_db: fdb.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TypeError, match=r"faults\(\) takes a database .* not Transaction"):
        faults(memory_db.create_transaction())
    with pytest.raises(TypeError, match="not str"):
        faults("memory:")
    monkeypatch.setattr(_engine, "is_embedded", lambda database: False)
    with pytest.raises(RuntimeError, match="one of a cluster. There .*set_client_buggify_enable"):
        faults(memory_db)
    monkeypatch.undo()
    memory_db.close()
    with pytest.raises(RuntimeError, match="closed"):
        faults(memory_db)


def test_a_database_that_is_closed_meanwhile(memory_name: str) -> None:
    db = fdb.open(memory_name)
    with faults(db, rules="not_committed") as kit:
        db.close()
        with pytest.raises(RuntimeError, match="closed"):
            kit.add("not_committed")
        with pytest.raises(RuntimeError, match="closed"):
            _ = kit.injected
        assert "closed" in repr(kit) and kit.replay.startswith("not_committed;")


def test_the_repr(memory_db: fdb.Database) -> None:
    with faults(memory_db, seed=3) as kit:
        assert isinstance(kit, Faults)
        assert repr(kit) == f"<Faults of {memory_db!r}: seed=3>"
