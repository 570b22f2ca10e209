"""fdb/directory_impl.py: directories are made, opened, listed, moved and removed."""

from __future__ import annotations

import random

import pytest

import fdb
from fdb.directory_impl import (
    DirectoryAllocationError,
    DirectoryError,
    DirectoryExistsError,
    DirectoryLayerMismatchError,
    DirectoryNotFoundError,
    DirectoryPathError,
    DirectoryPrefixError,
    DirectorySubspace,
)
from fdb.subspace_impl import Subspace
from fdb.tuple import pack
from helpers.directories import dump, fails

# -- create, open ----------------------------------------------------------------------------------------


def test_create_and_open(db, layer):
    created = layer.create(db, ("a", "b"), b"x")
    assert isinstance(created, DirectorySubspace)
    assert isinstance(created, Subspace)
    assert created.get_path() == ("a", "b")
    assert created.get_layer() == b"x"
    assert repr(created) == f"DirectorySubspace(path=('a', 'b'), prefix={created.key()!r})"
    for opened in (
        layer.open(db, ("a", "b")),
        layer.open(db, ("a", "b"), layer=b"x"),
        layer.open(db, ("a", "b"), b""),
        layer.create_or_open(db, ("a", "b")),
        layer.create_or_open(db, ("a", "b"), layer=b"x"),
        layer.open(db, "a").open(db, "b"),
        created.create_or_open(db, "c") and layer.open(db, "a").create_or_open(db, ("b",)),
    ):
        assert opened.key() == created.key()
        assert opened.get_path() == ("a", "b")
        assert opened.get_layer() == b"x"


def test_errors_of_create_and_open(db, layer):
    layer.create(db, "a", b"x")
    mismatch = "The directory was created with an incompatible layer."
    fails(
        DirectoryExistsError, "The directory already exists.", ("a",), layer.create, db, "a", b"x"
    )
    fails(DirectoryNotFoundError, "The directory does not exist.", ("b",), layer.open, db, "b")
    fails(DirectoryLayerMismatchError, mismatch, ("a",), layer.open, db, "a", b"y")
    fails(DirectoryLayerMismatchError, mismatch, ("a",), layer.create_or_open, db, "a", b"y")
    for operation in (layer.create, layer.open, layer.create_or_open):
        fails(DirectoryPathError, "The root directory cannot be opened.", (), operation, db, ())
    opened = layer.open(db, "a")
    fails(
        DirectoryNotFoundError,
        "The directory does not exist.",
        ("a", "b", "c"),
        opened.open,
        db,
        ("b", "c"),
    )


def test_layers_and_prefixes_must_be_bytes(db, manual):
    with pytest.raises(TypeError, match="Directory layer must be of type bytes, not str"):
        manual.create(db, "a", layer="x")
    with pytest.raises(TypeError, match="Directory prefix must be of type bytes, not str"):
        manual.create(db, "a", prefix="x")
    assert not manual.exists(db, "a")


def test_in_a_transaction_of_the_program(db, layer):
    tr = db.create_transaction()
    directory = layer.create(tr, "a")
    tr[directory["key"]] = b"value"
    assert layer.exists(tr, "a")
    assert layer.list(tr) == ["a"]
    assert layer.exists(tr.snapshot, "a")
    assert layer.open(tr.snapshot, "a").key() == directory.key()
    assert not layer.exists(db, "a")
    tr.commit().wait()
    assert layer.exists(db, "a")
    assert db[directory["key"]] == b"value"


def test_in_a_transactional_function(db, layer):
    @fdb.transactional
    def store(tr, name):
        directory = layer.create_or_open(tr, name)
        tr[directory["key"]] = name.encode()
        return directory

    assert db[store(db, "a")["key"]] == b"a"


# -- manual prefixes -------------------------------------------------------------------------------------


def test_manual_prefixes(db, manual):
    assert manual.create(db, "a", prefix=b"pre").key() == b"pre"
    assert manual.open(db, "a").key() == b"pre"
    in_use = "The given prefix is already in use."
    for prefix in (b"pre", b"prefix", b"pr", b"", manual._store.nodes.key() + b"x"):
        fails(DirectoryPrefixError, in_use, ("b",), manual.create, db, "b", prefix=prefix)
    assert manual.create(db, "b", prefix=b"prf").key() == b"prf"


def test_manual_prefixes_where_they_are_not_allowed(db, layer, manual):
    text = "Cannot specify a prefix unless manual prefixes are enabled."
    fails(DirectoryPrefixError, text, ("a",), layer.create, db, "a", prefix=b"pre")
    partition = manual.create(db, "p", b"partition")
    text = "Cannot specify a prefix in a partition."
    fails(DirectoryPrefixError, text, ("p", "a"), partition.create, db, "a", prefix=b"pre")
    fails(DirectoryPrefixError, text, ("p", "a"), manual.create, db, ("p", "a"), prefix=b"pre")


def test_the_allocator_avoids_neither_keys_nor_manual_prefixes(
    db, manual, test_prefix, monkeypatch
):
    monkeypatch.setattr(random, "randrange", lambda start, stop: 7)
    db[test_prefix + pack((7,)) + b"key"] = b""
    text = "The database has keys stored at the prefix chosen by the automatic prefix allocator: "
    fails(
        DirectoryAllocationError,
        text + repr(test_prefix + pack((7,))),
        ("a",),
        manual.create,
        db,
        "a",
    )
    del db[test_prefix + pack((7,)) + b"key"]
    manual.create(db, "taken", prefix=test_prefix + pack((7,)) + b"more")
    text = "The directory layer has manually allocated prefixes that conflict with the automatic prefix allocator."
    fails(DirectoryAllocationError, text, ("a",), manual.create, db, "a")


# -- list, exists, move, remove ----------------------------------------------------------------------------


def test_list(db, layer):
    directory = layer.create(db, "a")
    assert directory.list(db) == []
    for name in ("z", "\U0001f600", "\uffff", "b", "a\x00", "a"):
        directory.create(db, (name, "child"))
    assert (
        directory.list(db)
        == layer.list(db, "a")
        == ["a", "a\x00", "b", "z", "\uffff", "\U0001f600"]
    )
    assert directory.list(db, "b") == ["child"]
    assert layer.list(db) == ["a"]
    fails(DirectoryNotFoundError, "The directory does not exist.", ("x",), layer.list, db, "x")


def test_exists(db, layer):
    directory = layer.create(db, ("a", "b"))
    assert directory.exists(db) is True
    assert layer.exists(db, ("a", "b")) is True
    assert layer.exists(db, ("a", "c")) is False
    assert layer.exists(db, ("c", "d")) is False
    assert directory.exists(db, "c") is False
    assert layer.exists(db) is True


def test_move(db, layer):
    directory = layer.create(db, ("a", "b"), b"x")
    child = directory.create(db, "child")
    moved = layer.move(db, ("a", "b"), "c")
    assert moved.get_path() == ("c",)
    assert moved.get_layer() == b"x"
    assert moved.key() == directory.key()
    assert layer.list(db, "a") == []
    assert layer.open(db, ("c", "child")).key() == child.key()
    again = moved.move_to(db, ("a", "d"))
    assert again.get_path() == ("a", "d")
    assert moved.get_path() == ("c",)
    relative = layer.open(db, "a").move(db, "d", "e")
    assert relative.get_path() == ("a", "e")
    assert layer.list(db) == ["a"]


def test_errors_of_move(db, layer):
    directory = layer.create(db, ("a", "b"))
    layer.create(db, "c")
    below = "The destination directory cannot be a subdirectory of the source directory."
    fails(DirectoryPathError, below, ("a", "b", "c"), layer.move, db, "a", ("a", "b", "c"))
    fails(DirectoryPathError, below, ("a",), layer.move, db, "a", "a")
    fails(DirectoryPathError, below, ("a",), layer.move, db, (), "a")
    fails(
        DirectoryNotFoundError,
        "The source directory does not exist.",
        ("x",),
        layer.move,
        db,
        "x",
        "y",
    )
    exists = "The destination directory already exists. Remove it first."
    fails(DirectoryExistsError, exists, ("c",), layer.move, db, "a", "c")
    fails(DirectoryExistsError, exists, (), layer.move, db, "a", ())
    parent = "The parent of the destination directory does not exist. Create it first."
    fails(DirectoryNotFoundError, parent, ("x", "y"), directory.move_to, db, ("x", "y"))
    fails(DirectoryError, "The root directory cannot be moved.", (), layer.move_to, db, "x")


@pytest.mark.parametrize("operation", ["remove", "remove_if_exists"])
def test_remove(db, layer, test_prefix, operation):
    directory = layer.create(db, ("a", "b"))
    child = directory.create(db, ("c", "d"))
    other = layer.create(db, "other")
    for space in (directory, child, other):
        db[space["key"]] = b"value"
    assert getattr(directory, operation)(db) is True
    assert layer.list(db, "a") == []
    assert db[directory["key"]] is None
    assert db[child["key"]] is None
    assert db[other["key"]] == b"value"
    assert getattr(layer, operation)(db, "a") is True
    assert getattr(layer.open(db, "other"), operation)(db, ()) is True
    left = [key for key in dump(db, test_prefix) if b"hca" not in key and b"version" not in key]
    assert left == []


def test_errors_of_remove(db, layer):
    directory = layer.create(db, "a")
    fails(DirectoryPathError, "The root directory cannot be removed.", (), layer.remove, db)
    fails(
        DirectoryPathError, "The root directory cannot be removed.", (), layer.remove_if_exists, db
    )
    directory.remove(db)
    fails(DirectoryNotFoundError, "The directory does not exist.", ("a",), directory.remove, db)
    assert directory.remove_if_exists(db) is False
    assert layer.remove_if_exists(db, ("x", "y")) is False


def test_deep_trees_are_removed(db, layer):
    # A transaction for each, as one for all would last too long where answers take their time.
    deepest = layer.create(db, "0")
    for depth in range(1, 60):
        deepest = deepest.create(db, str(depth))
    db[deepest["key"]] = b"value"
    layer.remove(db, "0")
    assert layer.list(db) == []
    assert db[deepest["key"]] is None


def test_directories_of_a_tenant(db, test_prefix):
    from fdb import tenant_management

    tenant_management.create_tenant(db, test_prefix)
    tenant = db.open_tenant(test_prefix)
    try:
        directory = fdb.directory.create(tenant, ("a", "b"))
        tenant[directory["key"]] = b"value"
        assert fdb.directory.list(tenant, "a") == ["b"]
        assert tenant[b"\xfe" + pack((b"\xfe", b"version"))] is not None
    finally:
        del tenant[b"":b"\xff"]
        tenant_management.delete_tenant(db, test_prefix)
