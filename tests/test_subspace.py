"""Subspaces."""

from __future__ import annotations

import pytest

import fdb
from fdb.subspace_impl import Subspace
from fdb.tuple import Versionstamp, pack


def test_the_prefix_is_the_raw_prefix_and_the_packed_tuple():
    assert Subspace().key() == b""
    assert Subspace(("a", 1)).key() == pack(("a", 1))
    assert Subspace(("a",), b"raw").key() == b"raw" + pack(("a",))
    assert Subspace(prefixTuple=("a",), rawPrefix=b"raw").rawPrefix == b"raw" + pack(("a",))
    assert Subspace(rawPrefix=b"raw").as_foundationdb_key() == b"raw"
    assert repr(Subspace(rawPrefix=b"\x01r")) == "Subspace(rawPrefix=b'\\x01r')"
    assert fdb.Subspace is Subspace


def test_pack_and_unpack():
    users = Subspace(("users",), b"p")
    key = users.pack(("Smith", 5))
    assert key == b"p" + pack(("users", "Smith", 5))
    assert users.unpack(key) == ("Smith", 5)
    assert users.pack() == users.key()
    assert users.unpack(users.key()) == ()


def test_pack_with_versionstamp():
    log = Subspace(("log",))
    key = log.pack_with_versionstamp((Versionstamp(None, 3),))
    assert key[:-4] == log.key() + b"\x33" + b"\xff" * 10 + b"\x00\x03"
    assert int.from_bytes(key[-4:], "little") == len(log.key()) + 1
    with pytest.raises(ValueError, match="No incomplete versionstamp"):
        log.pack_with_versionstamp((1,))
    with pytest.raises(ValueError, match="Incomplete versionstamp included"):
        log.pack((Versionstamp(),))


def test_children():
    root = Subspace(rawPrefix=b"r")
    assert root["a"][1].key() == b"r" + pack(("a", 1))
    assert root.subspace(("a", 1)).key() == root["a"][1].key()
    assert root[("a", 1)].key() == b"r" + pack((("a", 1),))


def test_range():
    users = Subspace(("users",), b"p")
    keys = users.range((1,))
    assert (keys.start, keys.stop) == (users.pack((1,)) + b"\x00", users.pack((1,)) + b"\xff")
    assert users.range().start == users.key() + b"\x00"


def test_contains():
    users = Subspace(("users",))
    assert users.contains(users.pack((1,)))
    assert users.contains(users.key())
    assert not users.contains(pack(("user",)))


def test_keys_of_other_subspaces_are_refused():
    users = Subspace(("users",))
    for key in (b"", pack(("other",)), users.key()[:-1]):
        with pytest.raises(ValueError) as caught:
            users.unpack(key)
        assert str(caught.value) == "Cannot unpack key that is not in subspace."
    with pytest.raises(ValueError):
        users.unpack(users.key() + b"\x16\x01")


@pytest.mark.parametrize("t", [[1], "a", None])
def test_only_tuples_are_packed(t):
    users = Subspace(("users",))
    for function in (users.pack, users.range, users.subspace, Subspace):
        with pytest.raises(Exception, match=r"fdbtuple pack\(\) expects a tuple, got a"):
            function(t)


def test_a_subspace_is_a_key(db, test_prefix):
    users = Subspace(("users",), test_prefix)
    tr = db.create_transaction()
    tr[users["Smith"]] = b"value"
    assert tr[users.pack(("Smith",))] == b"value"
    assert [users.unpack(row.key) for row in tr[users.range()]] == [("Smith",)]
    del tr[users["Smith"]]
    assert not tr[users["Smith"]].present()


def test_keys_that_are_still_in_the_database(db, test_prefix):
    users = Subspace(("users",), test_prefix)
    tr = db.create_transaction()
    tr[users[7]] = b""
    key = tr.get_key(fdb.KeySelector.first_greater_or_equal(users.key()))
    assert users.contains(key)
    assert users.unpack(key) == (7,)
    tr.cancel()


def test_in_is_contains():
    space = fdb.Subspace(("s",))
    assert space.pack((1,)) in space and space.key() in space
    assert b"" not in space and fdb.Subspace(("t",)).pack((1,)) not in space


def test_the_subspaces_in_it_cannot_be_counted():
    """There are endlessly many: `space[0]`, `space[1]`, ..."""
    space = fdb.Subspace(("s",))
    for use in (iter, list, sorted, set, lambda it: [*it], lambda it: dict.fromkeys(it)):
        with pytest.raises(TypeError, match="not iterable"):
            use(space)
    with pytest.raises(TypeError):
        _first, *_rest = space


def test_directories_as_containers(db, test_prefix):
    layer = fdb.DirectoryLayer(
        fdb.Subspace(rawPrefix=test_prefix + b"n"), fdb.Subspace(rawPrefix=test_prefix + b"c")
    )
    directory = layer.create(db, "d")
    assert directory.pack((1,)) in directory and b"" not in directory
    partition = layer.create(db, "p", b"partition")
    for each in (directory, partition, layer):
        with pytest.raises(TypeError, match="not iterable"):
            sorted(each)
    with pytest.raises(fdb.directory_impl.DirectoryPartitionError, match="belongs to the root"):
        assert b"" in partition
