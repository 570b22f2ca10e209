"""fdb/_directory/store.py: an operation that fails has written nothing; what a snapshot is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import fdb
from fdb import directory_impl as errors
from fdb.directory_impl import HighContentionAllocator


@pytest.fixture
def layer(test_prefix: bytes) -> fdb.DirectoryLayer:
    return fdb.DirectoryLayer(
        fdb.Subspace(rawPrefix=test_prefix + b"n"),
        fdb.Subspace(rawPrefix=test_prefix + b"c"),
        allow_manual_prefixes=True,
    )


@pytest.fixture
def unversioned(db: fdb.Database, layer: fdb.DirectoryLayer) -> fdb.DirectoryLayer:
    """Directories a, a/b, c and a partition p with x and y, in stores that have no version yet."""
    for path in (("a", "b"), "c"):
        layer.create(db, path)
    partition = layer.create(db, "p", b"partition")
    for name in ("x", "y"):
        partition.create(db, name)
    for store in (layer._store, partition._directory_layer._store):
        db.clear(store._version_key)
    return layer


#: Operations that fail, on the layer or on the partition in it.
FAILING: dict[str, tuple[type[Exception], Callable[[Any, Any], Any]]] = {
    "move what is missing": (
        errors.DirectoryNotFoundError,
        lambda layer, tr: layer.move(tr, "none", "new"),
    ),
    "move onto another": (
        errors.DirectoryExistsError,
        lambda layer, tr: layer.move(tr, "a", "c"),
    ),
    "move below itself": (
        errors.DirectoryPathError,
        lambda layer, tr: layer.move(tr, "a", ("a", "b", "c")),
    ),
    "move below what is missing": (
        errors.DirectoryNotFoundError,
        lambda layer, tr: layer.move(tr, "a", ("none", "a")),
    ),
    "move into a partition": (
        errors.DirectoryPathError,
        lambda layer, tr: layer.move(tr, "a", ("p", "a")),
    ),
    "move within a partition onto another": (
        errors.DirectoryExistsError,
        lambda layer, tr: layer.move(tr, ("p", "x"), ("p", "y")),
    ),
    "move within a partition below what is missing": (
        errors.DirectoryNotFoundError,
        lambda layer, tr: layer.move(tr, ("p", "x"), ("p", "none", "x")),
    ),
    "remove what is missing": (
        errors.DirectoryNotFoundError,
        lambda layer, tr: layer.remove(tr, "none"),
    ),
    "remove the root": (errors.DirectoryPathError, lambda layer, tr: layer.remove(tr)),
    "remove what is missing in a partition": (
        errors.DirectoryNotFoundError,
        lambda layer, tr: layer.remove(tr, ("p", "none")),
    ),
    "create what exists": (
        errors.DirectoryExistsError,
        lambda layer, tr: layer.create(tr, "a"),
    ),
    "create with a prefix in use": (
        errors.DirectoryPrefixError,
        lambda layer, tr: layer.create(tr, "new", prefix=layer.open(tr, "a").key() + b"x"),
    ),
    "create with a prefix in a partition": (
        errors.DirectoryPrefixError,
        lambda layer, tr: layer.create(tr, ("p", "new"), prefix=b"x"),
    ),
    "create with a prefix that has no end": (
        ValueError,
        lambda layer, tr: layer.create(tr, "new", prefix=b"\xff"),
    ),
    "open as another layer": (
        errors.DirectoryLayerMismatchError,
        lambda layer, tr: layer.create_or_open(tr, "p", b"other"),
    ),
    "open what is missing": (
        errors.DirectoryNotFoundError,
        lambda layer, tr: layer.open(tr, "none"),
    ),
}


@pytest.mark.parametrize("failing", FAILING)
def test_a_failed_operation_has_written_nothing(
    db: fdb.Database, unversioned: fdb.DirectoryLayer, test_prefix: bytes, failing: str
) -> None:
    kind, operate = FAILING[failing]
    before = [tuple(row) for row in db.get_range_startswith(test_prefix)]
    tr = db.create_transaction()
    with pytest.raises(kind):
        operate(unversioned, tr)
    tr.commit().wait()
    assert tr.get_committed_version() == -1, "the transaction has writes"
    assert [tuple(row) for row in db.get_range_startswith(test_prefix)] == before


def test_nothing_to_remove_is_nothing_to_write(
    db: fdb.Database, unversioned: fdb.DirectoryLayer
) -> None:
    for path in ("none", ("p", "none")):
        tr = db.create_transaction()
        assert unversioned.remove_if_exists(tr, path) is False
        tr.commit().wait()
        assert tr.get_committed_version() == -1


def test_an_allocation_that_fails_leaves_its_number_only(
    db: fdb.Database, layer: fdb.DirectoryLayer, test_prefix: bytes
) -> None:
    """It stays taken, so that the next attempt draws another one."""
    for number in range(64):
        db[layer._store.content.pack((number,))] = b"in the way"
    allocator = layer._store._root[b"hca"]
    tr = db.create_transaction()
    with pytest.raises(errors.DirectoryAllocationError):
        layer.create(tr, ("a", "b"))
    tr.commit().wait()
    nodes = db.get_range_startswith(test_prefix + b"n")
    assert nodes and all(row.key.startswith(allocator.key()) for row in nodes)


@pytest.mark.parametrize(
    "operate",
    [
        lambda layer, view: layer.move(view, "a", "z"),
        lambda layer, view: layer.move(view, ("p", "x"), ("p", "z")),
        lambda layer, view: layer.remove(view, "c"),
        lambda layer, view: layer.remove(view, ("p", "x")),
        lambda layer, view: layer.create(view, ("p", "new")),
    ],
)
def test_what_succeeds_gives_the_stores_their_version(
    db: fdb.Database, unversioned: fdb.DirectoryLayer, operate: Callable[[Any, Any], Any]
) -> None:
    assert db[unversioned._store._version_key] is None
    operate(unversioned, db)
    partition = unversioned.open(db, "p")._directory_layer._store
    written = [db[store._version_key] is not None for store in (unversioned._store, partition)]
    assert any(written)


def test_the_root_gets_its_version_with_a_tree(db: fdb.Database, layer: fdb.DirectoryLayer) -> None:
    layer.create(db, ("a", "b", "c"))
    assert db[layer._store._version_key] == b"\x01\x00\x00\x00" + bytes(8)


def test_removing_a_tree(
    db: fdb.Database, unversioned: fdb.DirectoryLayer, test_prefix: bytes
) -> None:
    deep = unversioned.create(db, ("a", "b", "deep", "deeper"))
    db[deep.pack((1,))] = b"content"
    kept = unversioned.open(db, "c")
    db[kept.pack((1,))] = b"kept"
    assert unversioned.remove(db, "a") is True
    assert sorted(unversioned.list(db)) == ["c", "p"]
    assert db[deep.pack((1,))] is None and db[kept.pack((1,))] == b"kept"
    assert db.get_range(unversioned._store.nodes[deep.key()]) == []


SNAPSHOT_WRITES: list[Callable[[Any, Any], Any]] = [
    lambda layer, view: layer.create(view, "new"),
    lambda layer, view: layer.create_or_open(view, "new"),
    lambda layer, view: layer.move(view, "a", "new"),
    lambda layer, view: layer.remove(view, "a"),
    lambda layer, view: layer.remove_if_exists(view, "a"),
    lambda layer, view: HighContentionAllocator(fdb.Subspace(("x",))).allocate(view),
    lambda layer, view: fdb.tenant_management.create_tenant(view, b"t"),
    lambda layer, view: fdb.tenant_management.delete_tenant(view, b"t"),
    lambda layer, view: fdb.tenant_management.list_tenants(view, b"", b"\xff", 0),
]


@pytest.mark.parametrize("operate", SNAPSHOT_WRITES)
def test_a_snapshot_is_told_that_it_only_reads(
    db: fdb.Database, unversioned: fdb.DirectoryLayer, operate: Callable[[Any, Any], Any]
) -> None:
    tr = db.create_transaction()
    with pytest.raises(TypeError, match="a snapshot can only read: .* give that"):
        operate(unversioned, tr.snapshot)
    tr.commit().wait()
    assert tr.get_committed_version() == -1


def test_a_snapshot_reads_directories(db: fdb.Database, unversioned: fdb.DirectoryLayer) -> None:
    view = db.create_transaction().snapshot
    a = unversioned.open(view, "a")
    assert unversioned.create_or_open(view, "a").key() == a.key()
    assert unversioned.exists(view, ("a", "b")) and unversioned.list(view, "a") == ["b"]
