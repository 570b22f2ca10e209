"""Directories used by several threads, tasks or greenlets at a time."""

from __future__ import annotations

import asyncio

import pytest

import fdb
from fdb.directory_impl import DirectoryNotFoundError
from helpers.threads import in_threads


def test_twenty_threads_create_directories(db, layer):
    def create(number):
        return [layer.create(db, ("shared", f"{number}-{i}")) for i in range(10)]

    directories = [d for created in in_threads(20, create) for d in created]
    prefixes = sorted(d.key() for d in directories)
    assert len(set(prefixes)) == 200
    for one, next_one in zip(prefixes, prefixes[1:], strict=False):
        assert not next_one.startswith(one)
    assert len(layer.list(db, "shared")) == 200


def test_twenty_threads_create_the_same_directory(db, layer):
    keys = in_threads(20, lambda number: layer.create_or_open(db, ("a", "b", "c")).key())
    assert len(set(keys)) == 1


@pytest.mark.parametrize("repetition", range(5))
def test_threads_that_share_a_transaction_create_one_directory(db, layer, repetition):
    tr = db.create_transaction()
    keys = in_threads(8, lambda number: layer.create_or_open(tr, ("a", "b")).key())
    tr.commit().wait()
    assert set(keys) == {layer.open(db, ("a", "b")).key()}


def test_threads_that_share_a_transaction_create_different_directories(db, layer):
    tr = db.create_transaction()
    keys = in_threads(8, lambda number: layer.create(tr, str(number)).key())
    tr.commit().wait()
    assert len(set(keys)) == 8
    assert len(layer.list(db)) == 8


def test_creation_conflicts_with_removal_of_the_partition(db, layer):
    partition = layer.create(db, "p", b"partition")
    tr = db.create_transaction()
    partition.create(tr, "a")
    partition.remove(db)
    with pytest.raises(fdb.FDBError) as caught:
        tr.commit().wait()
    assert caught.value.code == 1020


def test_asyncio(database_name, db, layer):
    async_db = fdb.open(database_name, event_model="asyncio")

    async def main():
        directory = await layer.create(async_db, ("a", "b"), b"x")
        assert (await layer.open(async_db, ("a", "b"))).key() == directory.key()
        assert (await layer.create_or_open(async_db, ("a", "b"), b"x")).get_layer() == b"x"
        assert await layer.list(async_db, "a") == ["b"]
        assert await directory.exists(async_db)
        moved = await directory.move_to(async_db, "c")
        assert await moved.remove(async_db)
        assert not await moved.remove_if_exists(async_db)
        with pytest.raises(DirectoryNotFoundError):
            await layer.open(async_db, "c")

        tr = async_db.create_transaction()
        created = await asyncio.gather(*(layer.create_or_open(tr, ("t", "u")) for _ in range(10)))
        await tr.commit()
        assert len({d.key() for d in created}) == 1

        concurrent = await asyncio.gather(
            *(layer.create(async_db, ("many", str(i))) for i in range(30))
        )
        assert len({d.key() for d in concurrent}) == 30

    asyncio.run(main())
    assert len(layer.list(db, "many")) == 30

    # In a thread that runs no loop, a transaction of the asyncio model blocks.
    assert layer.list(async_db.create_transaction()) == ["a", "many", "t"]


def test_gevent(database_name, layer, run_python, cluster_file, library_environment):
    pytest.importorskip("gevent")
    name = database_name if cluster_file else "memory:"
    program = f"""
        import fdb, gevent
        fdb.api_version(740)
        db = fdb.open({name!r}, event_model="gevent")
        layer = fdb.DirectoryLayer(
            fdb.Subspace(rawPrefix={layer._store.nodes.key()!r}),
            fdb.Subspace(rawPrefix={layer._store.content.key()!r}),
        )

        def all_of(function, count):
            greenlets = [gevent.spawn(function, i) for i in range(count)]
            gevent.joinall(greenlets, raise_error=True)
            return len({{greenlet.value.key() for greenlet in greenlets}})

        tr = db.create_transaction()
        print(all_of(lambda i: layer.create_or_open(tr, ("a", "b")), 20))
        tr.commit().wait()
        print(all_of(lambda i: layer.create(db, ("many", str(i))), 30))
        print(len(layer.list(db, "many")))
    """
    outcome = run_python(program, environment=library_environment)
    assert outcome.stdout.split() == ["1", "30", "30"]
