"""Which database a tool works on (fdb/testing/_engine.py)."""

from __future__ import annotations

import pytest

import fdb
from fdb.testing._engine import database_of, embedded_database


def test_tenants_stand_for_their_database(memory_db: fdb.Database) -> None:
    assert embedded_database(memory_db, "tool()") is memory_db
    assert embedded_database(memory_db.open_tenant(b"t"), "tool()") is memory_db


def test_a_database_in_an_event_loop(memory_name: str) -> None:
    adb = fdb.open(memory_name, event_model="asyncio")
    assert embedded_database(adb, "tool()") is adb
    assert embedded_database(adb.open_tenant(b"t"), "tool()") is adb


@pytest.mark.parametrize("other", [None, "memory:", b"k", 1])
def test_nothing_else_is_taken(other: object) -> None:
    with pytest.raises(
        TypeError, match=r"tool\(\) takes a database .*, not " + type(other).__name__
    ):
        database_of(other, "tool()")


def test_a_transaction_is_no_database(memory_db: fdb.Database) -> None:
    with pytest.raises(TypeError, match="not Transaction"):
        database_of(memory_db.create_transaction(), "tool()")


def test_what_is_possible_on_a_cluster(stub_db: fdb.Database) -> None:
    assert database_of(stub_db, "tool()") is stub_db
    with pytest.raises(RuntimeError, match=r"tool\(\) is for .*set_client_buggify_enable\(\)"):
        embedded_database(stub_db, "tool()")
