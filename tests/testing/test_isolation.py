"""fdb/testing/_isolation.py: what belongs to one test, and that nothing is left of it."""

from __future__ import annotations

import asyncio
import pathlib
from typing import Any

import pytest

import fdb
import fdb.embedded
from fdb.testing import temporary_database, temporary_directory, temporary_subspace
from fdb.testing._isolation import EVENT_MODELS, FileSandbox, MemorySandbox, new_subspace
from helpers.databases import code_of


def test_a_temporary_database_is_empty_and_goes() -> None:
    with temporary_database() as db:
        assert db[:] == []
        db[b"k"] = b"v"
        with temporary_database() as other:
            assert other[b"k"] is None
    with pytest.raises(RuntimeError, match="closed"):
        db.get(b"k")


def test_a_temporary_database_goes_after_an_error_too() -> None:
    with pytest.raises(KeyError), temporary_database() as db:
        raise KeyError
    with pytest.raises(RuntimeError, match="closed"):
        db.get(b"k")


@pytest.mark.parametrize("model", [*EVENT_MODELS, None])
def test_a_temporary_database_in_every_event_model(model: str | None) -> None:
    if model == "gevent":
        pytest.importorskip("gevent")
    with temporary_database(model) as db:
        if isinstance(db, fdb.AsyncDatabase):
            asyncio.run(db.set(b"k", b"v"))
            assert asyncio.run(db.get(b"k")) == b"v"
        else:
            db[b"k"] = b"v"
            assert db[b"k"] == b"v"
        assert getattr(db._handle.model, "name", None) == EVENT_MODELS.get(model or "threads")


def test_an_unknown_event_model_is_refused() -> None:
    assert code_of(temporary_database("twisted").__enter__) == 2000


def test_temporary_subspaces_do_not_meet_and_are_cleared(db: fdb.Database) -> None:
    with temporary_subspace(db) as first, temporary_subspace(db) as second:
        assert first != second
        for space in (first, second):
            db[space.key()] = b"the prefix itself"
            db[space.pack((1,))] = b"1"
            assert len(db.get_range_startswith(space)) == 2
    for space in (first, second):
        assert db.get_range_startswith(space) == []


def test_a_temporary_subspace_is_cleared_after_an_error(db: fdb.Database) -> None:
    with pytest.raises(KeyError), temporary_subspace(db) as space:
        db[space.pack((1,))] = b"1"
        raise KeyError
    assert db.get_range_startswith(space) == []


def test_a_temporary_subspace_lies_within_another(db: fdb.Database, test_prefix: bytes) -> None:
    outer = fdb.Subspace(rawPrefix=test_prefix)
    db[outer.pack((1,))] = b"stays"
    with temporary_subspace(db, within=outer) as space:
        assert outer.contains(space.key())
        db[space.pack((1,))] = b"goes"
    assert [row.value for row in db.get_range_startswith(outer)] == [b"stays"]


def test_a_temporary_directory_is_its_own_and_leaves_nothing(db: fdb.Database) -> None:
    with temporary_directory(db) as first, temporary_directory(db) as second:
        people = first.create(db, ("people",))
        others = second.create(db, ("people",))
        db[people.pack(("Ada",))] = b"1"
        assert db[others.range()] == []
        assert first.list(db) == second.list(db) == ["people"]
    left = [row.key for row in db.get_range(b"", b"\xff") if b"people" in row.key]
    assert left == [] and db[people.range()] == []
    assert not first.exists(db, ("people",))


def test_in_a_tenant(memory_db: fdb.Database) -> None:
    fdb.tenant_management.create_tenant(memory_db, b"t")
    tenant = memory_db.open_tenant(b"t")
    with temporary_subspace(tenant) as space:
        tenant[space.pack((1,))] = b"1"
    assert tenant[:] == []


def test_with_asyncio(async_db: fdb.AsyncDatabase) -> None:
    async def use() -> None:
        async with temporary_subspace(async_db) as space, temporary_directory(async_db) as layer:
            people = await layer.create(async_db, ("people",))
            await async_db.set(people.pack((1,)), b"1")
            await async_db.set(space.pack((1,)), b"1")
        assert await async_db.get_range_startswith(space) == []
        assert await async_db.get_range_startswith(people) == []

    asyncio.run(use())


def test_the_kind_of_with_has_to_fit(db: fdb.Database, async_db: fdb.AsyncDatabase) -> None:
    with pytest.raises(TypeError, match="write `async with`"):
        temporary_subspace(async_db).__enter__()
    with pytest.raises(TypeError, match="write `with`"):
        asyncio.run(temporary_subspace(db).__aenter__())


@pytest.mark.parametrize("function", [temporary_subspace, temporary_directory])
def test_arguments_of_no_use(function: Any, db: fdb.Database) -> None:
    with pytest.raises(TypeError, match="db must be a database or a tenant, not Transaction"):
        function(db.create_transaction())
    with pytest.raises(
        TypeError, match="within must be a Subspace, a directory or None, not bytes"
    ):
        function(db, b"prefix")


def test_prefixes_are_never_the_same() -> None:
    assert len({new_subspace().key() for _ in range(1000)}) == 1000


def test_a_sandbox_has_one_database_in_all_event_models() -> None:
    sandbox = MemorySandbox()
    sandbox.blocking[b"k"] = b"v"
    assert asyncio.run(sandbox.asynchronous.get(b"k")) == b"v"
    assert sandbox.source("threads") is sandbox.source() is sandbox.blocking
    assert sandbox.space is sandbox.space and sandbox.directory is sandbox.directory
    name = sandbox.name
    sandbox.close()
    sandbox.close()
    with fdb.open(name) as db:  # dropped: another one under the name is empty
        assert db[b"k"] is None
    fdb.embedded.drop(name)


def test_a_file_is_reopened(tmp_path: pathlib.Path) -> None:
    sandbox = FileSandbox(tmp_path / "odd?name.fdb")
    before = sandbox.blocking
    before[b"k"] = b"v"
    after = sandbox.reopen()
    assert isinstance(after, fdb.Database) and after is not before
    assert after[b"k"] == b"v"
    with pytest.raises(RuntimeError, match="closed"):
        before.get(b"k")
    sandbox.close()
    assert fdb.embedded.check(sandbox.path).ok


def test_a_file_that_is_held_open_is_not_reopened(tmp_path: pathlib.Path) -> None:
    sandbox = FileSandbox(tmp_path / "test.fdb")
    held = sandbox.blocking.create_transaction()
    held[b"k"].present()
    with pytest.raises(RuntimeError, match="still open: transactions"):
        sandbox.reopen()
    del held
    sandbox.reopen()
    sandbox.close()


def test_a_file_is_reopened_after_an_error(tmp_path: pathlib.Path) -> None:
    sandbox = FileSandbox(tmp_path / "test.fdb")
    with pytest.raises(fdb.FDBError) as failed:
        sandbox.blocking[b"\xff/not/allowed"] = b"v"
    circle: list[Any] = [failed]  # whose traceback has the transaction
    circle.append(circle)
    del failed, circle
    sandbox.close()
    assert sandbox._is_open()
    sandbox.reopen()
    sandbox.close()
    assert not sandbox._is_open()
