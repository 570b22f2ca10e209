"""Directories that are partitions, and what is in them."""

from __future__ import annotations

import pytest

from fdb.directory_impl import (
    DirectoryNotFoundError,
    DirectoryPartition,
    DirectoryPartitionError,
    DirectoryPathError,
    DirectoryRemovedError,
)
from helpers.directories import fails


def test_directories_in_a_partition(db, layer, partition):
    directory = partition.create(db, ("a", "b"), b"x")
    assert directory.get_path() == ("top", "p", "a", "b")
    for opened in (
        layer.open(db, ("top", "p", "a", "b")),
        layer.open(db, "top").open(db, ("p", "a", "b")),
        layer.open(db, ("top", "p")).open(db, "a").open(db, "b"),
    ):
        assert opened.get_path() == directory.get_path()
        assert opened.key() == directory.key()
        assert opened.get_layer() == b"x"
    assert partition.get_layer() == b"partition"
    assert layer.list(db, ("top", "p")) == partition.list(db) == ["a"]
    assert partition.list(db, "a") == layer.open(db, ("top", "p", "a")).list(db) == ["b"]
    assert partition.exists(db, ("a", "b"))
    assert layer.exists(db, ("top", "p", "a"))
    assert not layer.exists(db, ("top", "p", "x", "y"))
    assert partition.exists(db)
    assert layer.move(db, ("top", "p", "a"), ("top", "p", "c")).get_path() == ("top", "p", "c")
    assert (
        layer.open(db, ("top", "p", "c", "b")).move_to(db, ("top", "p", "d")).key()
        == directory.key()
    )
    assert layer.remove(db, ("top", "p", "c"))
    assert partition.remove_if_exists(db, "d")
    assert partition.list(db) == []


def test_partitions_in_a_partition(db, layer, partition):
    inner = partition.create(db, "q", b"partition")
    directory = inner.create(db, "a")
    assert layer.open(db, ("top", "p", "q", "a")).key() == directory.key()
    assert repr(inner).startswith("DirectoryPartition(path=('top', 'p', 'q'), prefix=")
    layer.move(db, ("top", "p", "q"), ("top", "p", "r"))
    assert layer.open(db, ("top", "p", "r", "a")).key() == directory.key()
    # Opened before, so it does not mind that it was moved.
    assert inner.list(db) == ["a"]
    layer.remove(db, "top")
    with pytest.raises(DirectoryRemovedError):
        inner.create(db, "b")


def test_nothing_moves_between_partitions(db, layer, partition):
    directory = partition.create(db, "a")
    layer.create(db, "outside")
    text = "Cannot move between partitions."
    outside, inside = ("outside",), ("top", "p", "x")
    fails(DirectoryPathError, text, inside, layer.move, db, outside, inside)
    fails(DirectoryPathError, text, ("x",), layer.move, db, ("top", "p", "a"), ("x",))
    fails(DirectoryPathError, text, ("x",), directory.move_to, db, "x")
    fails(DirectoryPathError, text, inside, layer.open(db, outside).move_to, db, inside)
    assert layer.move(db, ("top", "p"), "p2").list(db) == ["a"]
    assert partition.list(db) == ["a"]


def test_a_partition_can_be_moved_and_removed(db, layer, partition):
    directory = partition.create(db, "a")
    db[directory["key"]] = b"value"
    moved = partition.move_to(db, "p")
    assert isinstance(moved, DirectoryPartition)
    assert moved.get_path() == ("p",)
    assert moved.list(db) == ["a"]
    assert moved.remove(db) is True
    assert db[directory["key"]] is None
    assert moved.remove_if_exists(db) is False
    assert moved.exists(db) is False
    assert layer.list(db) == ["top"]


def test_a_removed_partition_refuses_to_be_used(db, layer, partition):
    inside = partition.create(db, "a")
    partition.remove(db)
    for operation in (
        lambda: partition.create(db, "b"),
        lambda: partition.create_or_open(db, "b"),
        lambda: partition.open(db, "a"),
        lambda: partition.list(db),
        lambda: partition.list(db, "a"),
        lambda: partition.move(db, "a", "b"),
        lambda: partition.remove(db, "a"),
        lambda: inside.create(db, "b"),
        lambda: inside.list(db),
        lambda: inside.remove(db),
        lambda: inside.move_to(db, ("top", "p", "b")),
    ):
        fails(
            DirectoryRemovedError,
            "The directory does not exist. This partition has been removed.",
            ("top", "p"),
            operation,
        )
    assert not partition.exists(db, "a")
    assert not partition.remove_if_exists(db, "a")
    fails(
        DirectoryNotFoundError, "The directory does not exist.", ("top", "p"), partition.remove, db
    )


def test_a_removed_partition_whose_path_is_in_use_again(db, layer, partition):
    partition.create(db, "a")
    partition.remove(db)
    successor = layer.create(db, ("top", "p"), b"partition")
    successor.create(db, "b")
    assert partition.exists(db)
    assert partition.list(db) == []
    with pytest.raises(DirectoryRemovedError):
        partition.create(db, "c")
    assert successor.list(db) == ["b"]


def test_a_partition_made_and_used_in_one_transaction(db, layer):
    tr = db.create_transaction()
    partition = layer.create(tr, "p", b"partition")
    partition.create(tr, "a")
    layer.remove(tr, "p")
    with pytest.raises(DirectoryRemovedError):
        partition.create(tr, "b")


@pytest.mark.parametrize(
    ("use", "text"),
    [
        (lambda p: p["a"], "Cannot open subspace in the root of a directory partition."),
        (
            lambda p: p.subspace(("a",)),
            "Cannot open subspace in the root of a directory partition.",
        ),
        (lambda p: p.key(), "Cannot get key for the root of a directory partition."),
        (lambda p: p.pack((1,)), "Cannot pack keys using the root of a directory partition."),
        (
            lambda p: p.pack_with_versionstamp((1,)),
            "Cannot pack keys using the root of a directory partition.",
        ),
        (lambda p: p.unpack(b""), "Cannot unpack keys using the root of a directory partition."),
        (lambda p: p.range(), "Cannot get range for the root of a directory partition."),
        (
            lambda p: p.contains(b""),
            "Cannot check whether a key belongs to the root of a directory partition.",
        ),
        (
            lambda p: p.as_foundationdb_key(),
            "Cannot use the root of a directory partition as a key.",
        ),
    ],
)
def test_a_partition_is_no_subspace(partition, use, text):
    fails(DirectoryPartitionError, text, ("top", "p"), use, partition)


def test_a_partition_cannot_be_used_as_a_key(db, partition):
    tr = db.create_transaction()
    with pytest.raises(DirectoryPartitionError):
        tr[partition] = b"value"
