"""What prints the same is equal: rows, selectors, subspaces, directories; rows match patterns."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Sequence
from typing import Any

import pytest

import fdb
from fdb import KeySelector, KeyValue, Subspace


@pytest.fixture
def rows(memory_db: fdb.Database) -> list[KeyValue]:
    memory_db[b"a"], memory_db[b"b"] = b"1", b"2"
    return memory_db[:]


def test_rows_equal_rows_and_tuples(rows: list[KeyValue]) -> None:
    assert rows == [KeyValue(b"a", b"1"), KeyValue(b"b", b"2")]
    assert rows == [(b"a", b"1"), (b"b", b"2")]
    assert [(b"a", b"1"), (b"b", b"2")] == rows
    assert rows[0] != rows[1] and rows[0] != (b"a", b"2") and rows[0] != (b"a",)
    assert rows[0] != [b"a", b"1"] and rows[0] != "b'a': b'1'"


def test_rows_hash_as_they_compare(rows: list[KeyValue]) -> None:
    assert {*rows, (b"a", b"1"), KeyValue(b"b", b"2")} == {*rows}
    assert {(b"a", b"1"): "found"}[rows[0]] == "found"
    with pytest.raises(TypeError, match="unhashable"):
        hash(KeyValue([], b""))  # type: ignore[arg-type]


def test_rows_sort_as_tuples(rows: list[KeyValue]) -> None:
    assert sorted([rows[1], (b"a", b"9"), rows[0]]) == [rows[0], (b"a", b"9"), rows[1]]
    assert rows[0] < rows[1] <= (b"b", b"2") and rows[1] > rows[0] >= (b"a", b"1")
    with pytest.raises(TypeError):
        sorted([rows[0], b""])  # type: ignore[list-item]


def test_a_row_is_a_sequence_of_two(rows: list[KeyValue]) -> None:
    row = rows[0]
    assert isinstance(row, Sequence)
    assert (len(row), row[0], row[-1], row[:]) == (2, b"a", b"1", (b"a", b"1"))
    assert (b"1" in row, list(reversed(row))) == (True, [b"1", b"a"])
    assert (row.index(b"1"), row.count(b"a"), row.count(b"x")) == (1, 1, 0)
    with pytest.raises(IndexError):
        row[2]
    with pytest.raises(ValueError):
        row.index(b"x")


def test_a_row_matches_patterns(rows: list[KeyValue]) -> None:
    found: list[Any] = []
    for row in rows:
        match row:
            case (b"a", value):
                found.append(value)
            case KeyValue(key, _):
                found.append(key)
    assert found == [b"1", b"b"]


def test_rows_without_parts_and_without_end() -> None:
    row = KeyValue(b"a", b"1")
    del row.key
    for operation in (hash, len, list, lambda row: row == (b"a", b"1"), lambda row: row[0]):
        if operation is len:
            assert len(row) == 2
        else:
            with pytest.raises(AttributeError, match="key .* was deleted"):
                operation(row)
    for _ in range(100_000):
        row = KeyValue(row, b"")  # type: ignore[arg-type]
    with pytest.raises(RecursionError):
        hash(row)


def test_selectors_equal_by_their_parts(memory_db: fdb.Database) -> None:
    selector = KeySelector.first_greater_than(b"a") + 1
    assert selector == KeySelector(b"a", True, 2)
    assert selector != KeySelector(b"a", True, 1) and selector != KeySelector(b"b", True, 2)
    assert selector != (b"a", True, 2)
    assert len({selector, KeySelector(b"a", True, 2)}) == 1
    memory_db[b"a"] = b"a"
    read = KeySelector.last_less_than(memory_db.create_transaction()[b"a"])
    assert read == KeySelector.last_less_than(b"a") and hash(read) == hash(
        KeySelector.last_less_than(b"a")
    )


def test_subspaces_equal_by_class_and_prefix() -> None:
    class Own(Subspace):
        pass

    assert Subspace(("a",))["b"] == Subspace(("a", "b"))
    assert Subspace(("a",)) != Subspace(("b",)) and Subspace(("a",)) != Own(("a",))
    assert {Subspace((1,)): "found"}[Subspace(rawPrefix=b"\x15\x01")] == "found"
    assert Subspace((1,)) != b"\x15\x01"


@pytest.mark.parametrize("layer", [b"", b"other", b"partition"])
def test_the_same_directory_opened_twice_is_equal(memory_db: fdb.Database, layer: bytes) -> None:
    first = fdb.directory.create_or_open(memory_db, ("a", "b"), layer)
    again = fdb.directory.open(memory_db, ("a", "b"))
    assert first == again and hash(first) == hash(again) and repr(first) == repr(again)
    assert first != fdb.directory.open(memory_db, "a") and first != Subspace(
        rawPrefix=first.rawPrefix
    )
    child = first.create_or_open(memory_db, "c")
    assert child == again.open(memory_db, "c") and child in {again.open(memory_db, "c")}
    fdb.directory.remove(memory_db, ("a", "b"))
    assert fdb.directory.create(memory_db, ("a", "b"), layer) != first  # it has another prefix


def test_directory_layers_equal_by_where_they_keep_things() -> None:
    own = fdb.DirectoryLayer(Subspace(rawPrefix=b"\xfd"), Subspace((1,)))
    assert fdb.DirectoryLayer() == fdb.directory and hash(fdb.DirectoryLayer()) == hash(
        fdb.directory
    )
    assert own != fdb.directory
    assert repr(own) == (
        "DirectoryLayer(node_subspace=Subspace(rawPrefix=b'\\xfd'), "
        "content_subspace=Subspace(rawPrefix=b'\\x15\\x01'))"
    )


def test_a_pickled_value_is_its_bytes(memory_db: fdb.Database) -> None:
    memory_db[b"k"] = b"v"
    tr = memory_db.create_transaction()
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        loaded = pickle.loads(pickle.dumps([tr[b"k"], tr[b"none"]], protocol))
        assert loaded == [b"v", None] and type(loaded[0]) is bytes
    key = pickle.loads(pickle.dumps(tr.get_key(KeySelector.first_greater_or_equal(b""))))
    assert key == b"k"


def test_values_copy(memory_db: fdb.Database) -> None:
    memory_db[b"k"] = b"v"
    tr = memory_db.create_transaction()
    copied = copy.deepcopy({"value": tr[b"k"], "none": tr[b"none"]})
    assert copied["value"] == b"v" and not copied["none"].present()
    assert copy.copy(tr[b"k"]) == b"v"


def test_dir_of_a_value_lists_what_it_has(memory_db: fdb.Database) -> None:
    value = memory_db.create_transaction()[b"k"]
    assert {"present", "value", "wait", "is_ready", "decode", "as_foundationdb_key"} <= {
        *dir(value)
    }
