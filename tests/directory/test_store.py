"""fdb/_directory/store.py: the stored form, which every other binding writes too, and its version."""

from __future__ import annotations

import struct

import pytest

import fdb
from fdb.directory_impl import DirectoryNotFoundError, DirectoryVersionError
from fdb.subspace_impl import Subspace
from fdb.tuple import pack
from helpers.directories import dump, fails


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
