"""fdb/_directory/tree.py: all directories in a few reads, as going from one to the next finds them."""

from __future__ import annotations

import random
from typing import Any

import pytest

import fdb
from fdb._directory import tree
from fdb._layers import run
from fdb.directory_impl import DirectoryLayer, DirectoryVersionError
from fdb.subspace_impl import Subspace
from fdb.tuple import pack


def read(layer: DirectoryLayer, source: Any, limit: int = 1000) -> tree.Tree:
    found: tree.Tree = run(source, lambda tr: tree.read(layer._store, tr.snapshot, limit))
    return found


def listed(found: tree.Tree) -> list[tuple[Any, ...]]:
    return [(record.path, record.prefix, record.layer) for record in found.records]


def walked(layer: DirectoryLayer, db: fdb.Database, path: tuple[str, ...] = ()) -> list[Any]:
    """The same by opening every directory."""
    rows: list[Any] = []
    for name in layer.list(db, path):
        below = layer.open(db, (*path, name))
        rows.append((below.get_path(), below.rawPrefix, below.get_layer()))
        rows += walked(layer, db, (*path, name))
    return rows


def test_nothing(db: fdb.Database, layer: DirectoryLayer) -> None:
    found = read(layer, db)
    assert (found.records, found.is_complete) == ([], True)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_as_one_finds_them_by_going_there(
    db: fdb.Database, layer: DirectoryLayer, seed: int
) -> None:
    print(f"seed {seed}")
    chance = random.Random(seed)
    paths: list[tuple[str, ...]] = [()]
    for number in range(40):
        path = (*chance.choice(paths), chance.choice(["a", "b/c", "", "é", "\x00"]) + str(number))
        kind = chance.choice([b"", b"", b"table", b"partition"])
        layer.create(db, path, kind)
        paths.append(path)
    for path in chance.sample(paths[1:], 4):
        layer.remove_if_exists(db, path)
    found = read(layer, db)
    assert found.is_complete
    assert listed(found) == walked(layer, db)
    assert any(len(record.store.path) > 0 for record in found.records)


def test_more_than_one_wants(db: fdb.Database, layer: DirectoryLayer) -> None:
    for name in "abcdef":
        layer.create(db, (name, "below"))
    found = read(layer, db, 5)
    assert not found.is_complete
    assert [record.path for record in found.records][:1] == [("a",)]
    assert len(found.records) <= 5
    assert read(layer, db, 13).is_complete
    assert len(read(layer, db, 13).records) == 12


def test_a_transaction_sees_its_own(db: fdb.Database, layer: DirectoryLayer) -> None:
    tr = db.create_transaction()
    layer.create(tr, "mine")
    assert [record.path for record in read(layer, tr).records] == [("mine",)]
    assert read(layer, db).records == []


def test_with_asyncio(async_db: fdb.AsyncDatabase, db: fdb.Database, layer: DirectoryLayer) -> None:
    import asyncio

    layer.create(db, ("a", "b"))

    async def main() -> Any:
        return await run(async_db, lambda tr: tree.read(layer._store, tr.snapshot, 10))

    assert [record.path for record in asyncio.run(main()).records] == [("a",), ("a", "b")]


def test_nodes_that_contain_each_other_come_to_an_end(
    db: fdb.Database, layer: DirectoryLayer, nodes: Subspace
) -> None:
    outer = layer.create(db, "outer")
    inner = layer.create(db, ("outer", "inner"))
    part = layer.create(db, "part", b"partition")
    db[pack((inner.rawPrefix, 0, "outer"), nodes.key())] = outer.rawPrefix
    # A partition in itself.
    inside = part.rawPrefix + b"\xfe"
    db[pack((inside, 0, "part"), inside)] = part.rawPrefix
    db[pack((part.rawPrefix, b"layer"), inside)] = b"partition"
    # What no directory layer has written.
    db[nodes.key() + b"\x00\x01"] = b""
    db[nodes.key() + b"\x15"] = b""
    db[nodes.key() + b"\x01cut short"] = b""
    paths = [record.path for record in read(layer, db).records]
    assert paths[:3] == [("outer",), ("outer", "inner"), ("outer", "inner", "outer")]
    assert paths[3:] == [("part",), ("part", "part")]


def test_a_form_that_cannot_be_read(
    db: fdb.Database, layer: DirectoryLayer, nodes: Subspace
) -> None:
    layer.create(db, "a")
    db[pack((nodes.key(), b"version"), nodes.key())] = b"\x02" + bytes(11)
    with pytest.raises(DirectoryVersionError):
        read(layer, db)
