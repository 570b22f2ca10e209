"""fdb/_async.py: databases and tenants of the asyncio event model."""

from __future__ import annotations

import pytest

import fdb
from helpers.waiting import RunAsync

pytestmark = pytest.mark.usefixtures("no_unawaited_coroutines")


def test_convenience_methods(
    run_async: RunAsync, async_db: fdb.AsyncDatabase, test_prefix: bytes
) -> None:
    keys = [test_prefix + name for name in (b"a", b"b", b"c")]

    async def main() -> None:
        assert await async_db.get(keys[0]) is None
        for key in keys:
            await async_db.set(key, b"v")
        assert await async_db[keys[0]] == b"v"
        end = test_prefix + b"\xff"
        assert [row.key for row in await async_db[test_prefix:end]] == keys
        assert [row.key for row in await async_db[test_prefix:end:-1]] == keys[::-1]
        assert [row.key for row in await async_db.get_range(test_prefix, end, limit=2)] == keys[:2]
        assert len(await async_db.get_range_startswith(test_prefix)) == 3
        selector = fdb.KeySelector.first_greater_than(keys[0])
        assert await async_db.get_key(selector) == keys[1]
        await async_db.clear(selector)
        assert await async_db[keys[1]] is None
        await async_db.add(keys[1], b"\x05")
        value, watch = await async_db.get_and_watch(keys[1])
        assert value == b"\x05" and value.present()
        second = await async_db.set_and_watch(keys[1], b"x")
        await watch
        third = await async_db.clear_and_watch(keys[1])
        await second
        await async_db.set(keys[1], b"y")
        await third
        await async_db.clear_range(fdb.KeySelector.first_greater_or_equal(keys[0]), keys[1])
        await async_db.clear_range_startswith(test_prefix)
        assert await async_db.get_range_startswith(test_prefix) == []

    run_async(main)


def test_assignments_cannot_be_awaited(async_db: fdb.AsyncDatabase) -> None:
    with pytest.raises(TypeError, match=r"use await db.set\(key, value\)"):
        async_db[b"k"] = b"v"
    with pytest.raises(TypeError, match=r"use await db.clear\(key\)"):
        del async_db[b"k"]


def test_tenants(run_async: RunAsync, memory_name: str) -> None:
    fdb.tenant_management.create_tenant(fdb.open(memory_name), b"t")
    async_db = fdb.open(memory_name, event_model="asyncio")

    async def main() -> None:
        tenant = async_db.open_tenant(b"t")
        assert isinstance(tenant, fdb.AsyncTenant)
        await tenant.set(b"k", b"v")
        assert await tenant[b"k"] == b"v" and await async_db[b"k"] is None
        assert await tenant.get_id() > 0
        async with async_db:
            assert await async_db.get(b"k") is None
        with pytest.raises(RuntimeError, match="the database is closed"):
            await async_db.get(b"k")

    run_async(main)
