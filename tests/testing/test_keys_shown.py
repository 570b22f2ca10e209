"""How keys are shown (fdb/testing/_keys_shown.py)."""

from __future__ import annotations

import pytest

import fdb
import fdb.tuple
from fdb.testing import _keys_shown
from fdb.testing._actions import KeyRange
from fdb.testing._keys_shown import DirectoryNames, value_text

PACKED = fdb.tuple.pack(("a", 1))


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (b"", "b''"),
        (b"plain", "b'plain'"),
        (PACKED, "('a', 1)"),
        (PACKED + b"\xff", "('a', 1) + b'\\xff'"),
        (b"\xff\xff/status/json", "b'\\xff\\xff/status/json'"),
        (b"\x02cut", "b'\\x02cut'"),
        (b"d1" + PACKED, "/d ('a', 1)"),
        (b"d1", "/d"),
        (b"d1plain", "/d b'plain'"),
        (b"d12" + PACKED, "/d/longer ('a', 1)"),
    ],
)
def test_keys(key: bytes, text: str) -> None:
    assert DirectoryNames({b"d1": "/d", b"d12": "/d/longer"}).key(key) == text


@pytest.mark.parametrize(
    ("begin", "end", "text"),
    [
        (b"k", b"k\x00", "b'k'"),
        (b"k", b"l", "b'k'*"),
        (b"k", b"m", "b'k' .. b'm'"),
        (PACKED + b"\x00", PACKED + b"\xff", "('a', 1) ..."),
        (b"d1\x00", b"d1\xff", "/d ..."),
        (b"d1", b"d2", "/d*"),
        (b"\x00", b"\xff", "() ..."),
        (b"", b"\xff", "b'' .. b'\\xff'"),
    ],
)
def test_ranges(begin: bytes, end: bytes, text: str) -> None:
    assert DirectoryNames({b"d1": "/d"}).range(KeyRange(begin, end)) == text


def test_values() -> None:
    assert value_text(None) == "None"
    assert value_text(b"v") == "b'v'"
    assert value_text(b"v" * 1000) == f"{b'v' * 40!r}... (1000 bytes)"


def test_directories_of_a_database(memory_db: fdb.Database) -> None:
    users = fdb.directory.create(memory_db, ("app", "users"))
    part = fdb.directory.create(memory_db, "part", layer=b"partition")
    inner = part.create(memory_db, ("x", "y"))
    memory_db[b"\xfe\x01\x01"] = b"not of a directory layer"
    names = DirectoryNames.of(memory_db)
    assert names.key(users.pack((1,))) == "/app/users (1,)"
    assert names.key(inner.pack((1,))) == "/part/x/y (1,)"
    metadata = fdb.directory._store._root.pack((b"version",))  # type: ignore[attr-defined]
    assert names.key(metadata) == "/<directories> (b'\\xfe', b'version')"
    fdb.directory.remove(memory_db, ("app", "users"))
    assert DirectoryNames.of(memory_db).key(users.pack((1,))) != "/app/users (1,)"


def test_more_rows_than_come_at_once(
    memory_db: fdb.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_keys_shown, "_ROWS_AT_ONCE", 3)

    @fdb.transactional
    def create(tr: fdb.Transaction) -> list[fdb.DirectorySubspace]:
        return [fdb.directory.create(tr, f"d{i}") for i in range(10)]

    made = create(memory_db)
    names = DirectoryNames.of(memory_db)
    assert [names.key(each.key()) for each in made] == [f"/d{i}" for i in range(10)]


def test_directories_of_a_tenant(memory_db: fdb.Database) -> None:
    fdb.tenant_management.create_tenant(memory_db, b"t")
    tenant = memory_db.open_tenant(b"t")
    there = fdb.directory.create(tenant, "there")
    assert DirectoryNames.of(tenant).key(there.pack(("k",))) == "/there ('k',)"
    assert DirectoryNames.of(memory_db).key(there.pack(("k",))) != "/there ('k',)"


def test_without_a_database_there_are_no_names(memory_name: str) -> None:
    db = fdb.open(memory_name)
    db.close()
    assert DirectoryNames.of(db).key(b"k") == "b'k'"
