"""fdb/_governed_transactions.py: transactions that set options and refuse writes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import fdb
import fdb.testing
from fdb.testing._tracing import trace
from helpers.policies import Calls

READ_ONLY = 2023

WRITES = [
    lambda tr: tr.set(b"a", b"1"),
    lambda tr: tr.__setitem__(b"a", b"1"),
    lambda tr: tr.clear(b"a"),
    lambda tr: tr.__delitem__(b"a"),
    lambda tr: tr.__delitem__(slice(b"a", b"b")),
    lambda tr: tr.clear_range(b"a", b"b"),
    lambda tr: tr.clear_range_startswith(b"a"),
    lambda tr: tr.add(b"a", b"1"),
    lambda tr: tr.set_versionstamped_value(b"a", b"\0" * 14),
    lambda tr: tr.add_write_conflict_key(b"a"),
    lambda tr: tr.add_write_conflict_range(b"a", b"b"),
    lambda tr: tr.watch(b"a"),
    lambda tr: tr.get_versionstamp(),
    lambda tr: tr.commit(),
]


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("tags", [None, "tag"])
def test_read_only_refuses_every_write(write: Any, tags: Any, memory_db: fdb.Database) -> None:
    memory_db[b"a"] = b"before"
    tracer = Calls()
    with trace(memory_db, tracer), pytest.raises(fdb.FDBError, match="read_only=True") as caught:
        memory_db.run(write, read_only=True, tags=tags)
    assert caught.value.code == READ_ONLY
    assert {*tracer.names} <= {"set_option", "on_error"}
    assert memory_db[:] == [(b"a", b"before")]


def test_read_only_reads_and_never_commits(memory_db: fdb.Database) -> None:
    memory_db[b"a"] = b"1"
    tracer = Calls()
    with trace(memory_db, tracer):
        assert memory_db.run(lambda tr: bytes(tr[b"a"]), read_only=True) == b"1"
    assert tracer.names == ["get"]


def test_read_only_in_asyncio(async_memory_db: fdb.AsyncDatabase) -> None:
    tracer = Calls()

    async def write(tr: fdb.Transaction) -> None:
        tr[b"a"] = b"1"

    async def read(tr: fdb.Transaction) -> bytes | None:
        return (await tr[b"a"]).value

    async def main() -> None:
        with pytest.raises(fdb.FDBError, match="read_only=True"):
            await async_memory_db.run(write, read_only=True)
        assert await async_memory_db.run(read, read_only=True) is None

    with trace(async_memory_db, tracer):
        asyncio.run(main())
    assert tracer.names == ["on_error", "get"]
