"""fdb/_browse/trees.py: directories level by level, and their names in keys."""

from __future__ import annotations

import pytest

import fdb
from browse.asking import asked, refused
from fdb._browse.trees import NameCache, directories
from fdb.directory_impl import DirectoryVersionError


def names_of(answer):
    return [child["name"] for child in answer["children"]]


def test_levels_layers_and_partitions(session):
    db = session.db
    users = fdb.directory.create_or_open(db, ("app", "users"), layer=b"table")
    part = fdb.directory.create_or_open(db, ("part",), layer=b"partition")
    inner = part.create_or_open(db, ("x", "y z"))
    for number in range(100):
        db[users.pack((number,))] = bytes(100)
    top = directories(session, asked())
    assert names_of(top) == ["app", "part"] and top["path"] == [] and top["next"] is None
    app, partition = top["children"]
    assert app["has_children"] and not app["partition"]
    assert partition["has_children"] and partition["partition"]
    (found,) = directories(session, asked(path='["app"]'))["children"]
    assert found["layer"] == "table" and found["prefix_hex"] == users.key().hex()
    assert found["path"] == ["app", "users"] and not found["has_children"]
    assert found["bytes"] >= 0
    (below,) = directories(session, asked(path='["part", "x"]'))["children"]
    assert below["prefix_hex"] == inner.key().hex() and below["path_shown"] == "/part/x/'y z'"


def test_an_empty_database_has_no_directories(session):
    assert directories(session, asked())["children"] == []


def test_many_children_come_in_pages(session):
    for number in range(7):
        fdb.directory.create(session.db, (f"d{number}",))
    first = directories(session, asked(limit="5"))
    assert names_of(first) == [f"d{number}" for number in range(5)] and first["next"] == "d4"
    second = directories(session, asked(limit="5", after=first["next"]))
    assert names_of(second) == ["d5", "d6"] and second["next"] is None


def test_refused(session):
    fdb.directory.create(session.db, ("a",))
    assert refused(directories, session, asked(path='["a", "b"]')) == (
        404,
        "there is no directory /a/b",
    )
    for path in ("a", "{}", "[1]", "[[]]", "[" * 10_000, '["\\ud800"]'):
        assert refused(directories, session, asked(path=path))[0] == 400


def test_directories_of_a_later_format_are_refused_and_their_keys_shown_all_the_same(session):
    fdb.directory.create(session.db, ("a",))
    session.db[b"\xfe\x01\xfe\x00\x01version\x00"] = (9).to_bytes(4, "little") * 3
    with pytest.raises(DirectoryVersionError):
        directories(session, asked())
    assert len(session.db.run(lambda tr: NameCache().get("", tr))) == 0


def test_names_are_kept_for_a_while_by_tenant(memory_db):
    fdb.directory.create(memory_db, ("a",))
    cache = NameCache()
    names = memory_db.run(lambda tr: cache.get("", tr))
    fdb.directory.create(memory_db, ("b",))
    assert memory_db.run(lambda tr: cache.get("", tr)) is names
    assert len(memory_db.run(lambda tr: cache.get("another", tr))) == 2
