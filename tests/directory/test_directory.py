"""The directory layer. The stored bytes in these tests are those that every other binding writes."""

from __future__ import annotations

import pickle
import random
import struct
import threading

import pytest

import fdb
from fdb.directory_impl import (
    DirectoryAllocationError,
    DirectoryError,
    DirectoryExistsError,
    DirectoryLayer,
    DirectoryLayerMismatchError,
    DirectoryNotFoundError,
    DirectoryPartition,
    DirectoryPartitionError,
    DirectoryPathError,
    DirectoryPrefixError,
    DirectoryRemovedError,
    DirectorySubspace,
    DirectoryVersionError,
    HighContentionAllocator,
)
from fdb.subspace_impl import Subspace
from fdb.tuple import pack


@pytest.fixture
def nodes(test_prefix):
    return Subspace(rawPrefix=test_prefix + b"\xfe")


@pytest.fixture
def content(test_prefix):
    return Subspace(rawPrefix=test_prefix)


@pytest.fixture
def layer(nodes, content):
    """A directory layer of this test's own. Its contents are around its nodes, as by default."""
    return DirectoryLayer(nodes, content)


@pytest.fixture
def manual(test_prefix):
    """A directory layer in which prefixes can be given."""
    return DirectoryLayer(
        Subspace(rawPrefix=test_prefix + b"manual-nodes"),
        Subspace(rawPrefix=test_prefix),
        allow_manual_prefixes=True,
    )


def dump(db, prefix):
    """Everything stored below a prefix, with the prefix removed from the keys."""
    return {row.key[len(prefix) :]: row.value for row in db.get_range_startswith(prefix)}


def fails(error, text, path, function, *arguments, **keywords):
    """Checks what a call raises: the class, the text, and the path in it."""
    with pytest.raises(error) as caught:
        function(*arguments, **keywords)
    assert type(caught.value) is error
    assert str(caught.value).startswith(text)
    assert str(caught.value).endswith(f" (path: {path!r})")
    assert caught.value.path == path


# -- the stored form -----------------------------------------------------------------------------------


def test_stored_form(db, layer, nodes):
    child = layer.create(db, ("app", "users"), layer=b"table")
    parent = layer.open(db, "app")
    node, root = nodes.key(), nodes.key() + pack((nodes.key(),))
    stored = dump(db, node)
    allocator = {key for key in stored if key.startswith(pack((nodes.key(), b"hca")))}
    for key in allocator:
        del stored[key]
    assert stored == {
        pack((nodes.key(), b"version")): struct.pack("<III", 1, 0, 0),
        pack((nodes.key(), 0, "app")): parent.key(),
        pack((parent.key(), b"layer")): b"",
        pack((parent.key(), 0, "users")): child.key(),
        pack((child.key(), b"layer")): b"table",
    }
    numbers = {fdb.tuple.unpack(d.key(), len(node) - 1) for d in (parent, child)}
    assert {node + key for key in allocator} == {
        root + pack((b"hca", 0, 0)),
        *(root + pack((b"hca", 1, number)) for (number,) in numbers),
    }
    assert db[root + pack((b"hca", 0, 0))] == struct.pack("<q", 2)
    assert all(0 <= number < 64 for (number,) in numbers)


def test_the_default_layer_is_at_fe(memory_db):
    directory = fdb.directory.create(memory_db, "a")
    assert isinstance(fdb.directory, fdb.DirectoryLayer)
    root = b"\xfe" + pack((b"\xfe",))
    assert memory_db[root + pack((0, "a"))] == directory.key()
    assert memory_db[root + pack((b"version",))] == struct.pack("<III", 1, 0, 0)
    assert memory_db[b"\xfe" + pack((directory.key(), b"layer"))] == b""


def test_reading_writes_nothing(db, layer, test_prefix):
    assert layer.list(db) == []
    assert not layer.exists(db, "a")
    assert layer.exists(db)
    with pytest.raises(DirectoryNotFoundError):
        layer.open(db, "a")
    assert dump(db, test_prefix) == {}


def test_the_layer_entry_of_a_partition(db, layer, nodes):
    partition = layer.create(db, "p", layer=b"partition")
    inner = partition.create(db, "a")
    prefix = nodes.unpack(
        next(iter(db.get_range(nodes.pack((b"",)), nodes.pack((nodes.key(),))))).key
    )[0]
    inner_nodes = Subspace(rawPrefix=prefix + b"\xfe")
    assert db[nodes.pack((prefix, b"layer"))] == b"partition"
    assert db[inner_nodes[inner_nodes.key()].pack((0, "a"))] == inner.key()
    assert inner.key().startswith(prefix)


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


def test_errors_are_value_errors_where_they_were(db, layer):
    for error in (
        DirectoryExistsError,
        DirectoryLayerMismatchError,
        DirectoryNotFoundError,
        DirectoryPathError,
        DirectoryPrefixError,
        DirectoryRemovedError,
    ):
        assert issubclass(error, ValueError)
        assert issubclass(error, DirectoryError)
    for error in (DirectoryAllocationError, DirectoryPartitionError, DirectoryVersionError):
        assert issubclass(error, DirectoryError)
        assert not issubclass(error, ValueError)


def test_errors_can_be_pickled():
    error = pickle.loads(pickle.dumps(DirectoryNotFoundError("Gone.", ("a", "b"))))
    assert str(error) == "Gone. (path: ('a', 'b'))"
    assert error.path == ("a", "b")


@pytest.mark.parametrize("path", ["\u00fc", b"\xc3\xbc", ("\u00fc",), (b"\xc3\xbc",), ["\u00fc"]])
def test_forms_of_a_path(db, layer, path):
    created = layer.create(db, path)
    assert created.get_path() == ("\u00fc",)
    assert layer.list(db) == ["\u00fc"]
    assert layer.open(db, "\u00fc").key() == created.key()
    assert layer.exists(db, path)
    assert created.create(db, path).get_path() == ("\u00fc", "\u00fc")


@pytest.mark.parametrize("path", [5, None, ("a", 5), (("a",),), object()])
def test_malformed_paths(db, layer, path):
    directory = layer.create(db, "a")
    for where in (layer, directory):
        for operation in (
            where.create,
            where.open,
            where.create_or_open,
            where.list,
            where.exists,
            where.remove,
        ):
            with pytest.raises(ValueError) as caught:
                operation(db, path)
            assert str(caught.value).startswith(
                "Invalid path: must be a unicode string or a tuple of unicode strings, not "
            )
    with pytest.raises(ValueError):
        layer.open(db, b"\xff")


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


# -- partitions --------------------------------------------------------------------------------------------


@pytest.fixture
def partition(db, layer):
    created = layer.create(db, ("top", "p"), layer=b"partition")
    assert isinstance(created, DirectoryPartition)
    return created


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


# -- versions ----------------------------------------------------------------------------------------------


@pytest.fixture
def version_key(nodes):
    return nodes[nodes.key()].pack((b"version",))


def test_a_newer_minor_version_can_only_be_read(db, layer, version_key):
    layer.create(db, "a")
    db[version_key] = struct.pack("<III", 1, 1, 2)
    assert layer.list(db) == ["a"]
    assert layer.open(db, "a").exists(db)
    text = "Directory with version 1.1.2 is read-only when opened using directory layer 1.0.0"
    for operation in (
        lambda: layer.create(db, "b"),
        lambda: layer.move(db, "a", "b"),
        lambda: layer.remove(db, "a"),
        lambda: layer.remove_if_exists(db, "a"),
    ):
        fails(DirectoryVersionError, text, (), operation)


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        (
            struct.pack("<III", 2, 0, 0),
            "Cannot load directory with version 2.0.0 using directory layer 1.0.0",
        ),
        (b"\x01", "Malformed directory version b'\\x01'."),
    ],
)
def test_other_versions_cannot_be_used(db, layer, version_key, stored, text):
    db[version_key] = stored
    for operation in (
        lambda: layer.create(db, "a"),
        lambda: layer.open(db, "a"),
        lambda: layer.list(db),
        lambda: layer.exists(db, "a"),
        lambda: layer.remove(db, "a"),
    ):
        fails(DirectoryVersionError, text, (), operation)


# -- the allocator -----------------------------------------------------------------------------------------


@pytest.fixture
def allocator(test_prefix):
    return HighContentionAllocator(Subspace(rawPrefix=test_prefix + b"hca"))


def test_allocated_integers_are_unique(db, allocator):
    allocated = [allocator.allocate(db) for _ in range(400)]
    assert len(set(allocated)) == len(allocated)
    assert all(fdb.tuple.unpack(key)[0] < 2048 for key in allocated)
    assert max(map(len, allocated)) <= 3


def test_unique_in_one_transaction(db, allocator):
    tr = db.create_transaction()
    assert len({allocator.allocate(tr) for _ in range(100)}) == 100


@pytest.mark.parametrize(
    ("start", "size"),
    [(0, 64), (192, 64), (255, 1024), (64_511, 1024), (65_535, 8192), (10**6, 8192)],
)
def test_windows(db, allocator, start, size):
    """A window is left when half of it is counted, and what is kept about it is cleared then."""
    counter = allocator.counters.pack((start,))
    db[counter] = struct.pack("<q", size // 2 - 2)
    db[allocator.recent.pack((start,))] = b""
    (within,) = fdb.tuple.unpack(allocator.allocate(db))
    assert start < within < start + size
    assert db[counter] == struct.pack("<q", size // 2 - 1)
    (beyond,) = fdb.tuple.unpack(allocator.allocate(db))
    assert beyond >= start + size
    assert [allocator.counters.unpack(row.key) for row in db[allocator.counters.range()]] == [
        (start + size,)
    ]
    assert [allocator.recent.unpack(row.key) for row in db[allocator.recent.range()]] == [(beyond,)]


def test_a_candidate_that_is_taken_is_not_used(db, allocator, monkeypatch):
    candidates = iter([5, 5, 6])
    monkeypatch.setattr(random, "randrange", lambda start, stop: next(candidates))
    assert allocator.allocate(db) == pack((5,))
    assert allocator.allocate(db) == pack((6,))


def test_a_window_that_was_left_meanwhile_is_not_used(db, allocator, monkeypatch):
    """Between the choice of the window and that of the candidate, the transaction moves on to the next."""
    windows = []

    def randrange(start, stop):
        windows.append((start, stop))
        if len(windows) == 1:
            tr.add(allocator.counters.pack((64,)), struct.pack("<q", 1))
        return start

    monkeypatch.setattr(random, "randrange", randrange)
    tr = db.create_transaction()
    assert allocator.allocate(tr) == pack((64,))
    assert windows == [(0, 64), (64, 128)]


def test_transactions_that_draw_the_same_candidate_conflict(db, allocator, monkeypatch):
    candidates = iter([5, 5, 9])
    monkeypatch.setattr(random, "randrange", lambda start, stop: next(candidates))
    first, second = db.create_transaction(), db.create_transaction()
    for tr in (first, second):
        assert allocator.allocate(tr) == pack((5,))
    first.commit().wait()
    with pytest.raises(fdb.FDBError) as caught:
        second.commit().wait()
    assert caught.value.code == 1020


def test_transactions_that_draw_different_candidates_do_not(db, allocator, monkeypatch):
    candidates = iter([5, 6])
    monkeypatch.setattr(random, "randrange", lambda start, stop: next(candidates))
    transactions = [db.create_transaction() for _ in range(2)]
    allocated = [allocator.allocate(tr) for tr in transactions]
    for tr in transactions:
        tr.commit().wait()
    assert allocated == [pack((5,)), pack((6,))]


# -- concurrency -------------------------------------------------------------------------------------------


def in_threads(count, function):
    """Runs function(0) ... function(count - 1) at the same time; returns their results."""
    results: list = [None] * count
    errors = []
    barrier = threading.Barrier(count)

    def body(number):
        try:
            barrier.wait()
            results[number] = function(number)
        except Exception as error:  # noqa: BLE001 - raised below, in the test's thread
            errors.append(error)

    threads = [threading.Thread(target=body, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results


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


# -- tenants and event models ------------------------------------------------------------------------------


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


def test_asyncio(database_name, db, layer):
    import asyncio

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
