"""fdb/_display/glimpse.py: short looks into a database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import fdb
import fdb.embedded
from fdb._display import glimpse
from helpers.databases import code_of, fill


@pytest.fixture
def db(memory_db: fdb.Database) -> fdb.Database:
    fill(memory_db, [(b"%02d" % number, b"x") for number in range(10)])
    return memory_db


def test_the_first_rows(db: fdb.Database) -> None:
    rows, more = glimpse.first_rows(db, b"", b"\xff", False, 3)
    assert [row.key for row in rows] == [b"00", b"01", b"02"] and more is True
    rows, more = glimpse.first_rows(db, b"05", b"\xff", True, 5)
    assert [row.key for row in rows] == [b"09", b"08", b"07", b"06", b"05"]
    rows, more = glimpse.first_rows(db, b"05", b"\xff", False, 20)
    assert len(rows) == 5 and more is False


def test_a_look_writes_nothing_and_is_in_nobodys_way(db: fdb.Database) -> None:
    version = db.create_transaction().get_read_version().wait()
    with fdb.observe(fdb.Collector()) as collector:
        glimpse.first_rows(db, b"", b"\xff", False, 3)
        glimpse.tree(fdb.directory, db)
    assert collector.total.keys_written == 0
    assert db.create_transaction().get_read_version().wait() >= version
    assert db[:][0].key == b"00"


@pytest.fixture
def silent(db: fdb.Database) -> Iterator[fdb.Database]:
    fdb.embedded.set_latency(db, 60, 60)
    yield db
    fdb.embedded.set_latency(db, None)


def test_what_does_not_answer_is_given_up(
    silent: fdb.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glimpse, "SECONDS", 0.02)
    assert code_of(glimpse.first_rows, silent, b"", b"\xff", False, 3) == 1031
    assert code_of(glimpse.tree, fdb.directory, silent) == 1031


def test_a_tree_that_takes_too_long_is_given_up(
    db: fdb.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first answer comes in time, and then no other."""
    read_version = fdb.Transaction.get_read_version

    def then_silent(tr: fdb.Transaction) -> fdb.FutureInt64:
        future = read_version(tr)
        future.block_until_ready()
        fdb.embedded.set_latency(db, 60, 60)
        return future

    monkeypatch.setattr(glimpse, "SECONDS", 0.1)
    monkeypatch.setattr(fdb.Transaction, "get_read_version", then_silent)
    try:
        assert code_of(glimpse.tree, fdb.directory, db) == 1031
    finally:
        fdb.embedded.set_latency(db, None)


def test_of_a_tree_that_takes_too_long_the_beginning_is_shown(
    db: fdb.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        fdb.directory.create_or_open(db, name)
    open_directory = fdb.DirectoryLayer.open

    def then_silent(layer: fdb.DirectoryLayer, tr: Any, path: Any) -> Any:
        found = open_directory(layer, tr, path)
        if path == ("b",):
            fdb.embedded.set_latency(db, 60, 60)
        return found

    monkeypatch.setattr(glimpse, "SECONDS", 0.2)
    monkeypatch.setattr(fdb.DirectoryLayer, "open", then_silent)
    try:
        nodes = glimpse.tree(fdb.directory, db, depth=1)
    finally:
        fdb.embedded.set_latency(db, None)
    assert [node.name for node in nodes] == ["a", ""] and nodes[-1].more


def test_a_locked_database_is_looked_into(db: fdb.Database) -> None:
    @fdb.transactional
    def lock(tr: fdb.Transaction) -> None:
        tr.options.set_lock_aware()
        tr.options.set_special_key_space_enable_writes()
        tr[b"\xff\xff/management/db_locked"] = b"0123456789abcdef" * 2

    lock(db)
    assert code_of(db.create_transaction().get(b"00").wait) == 1038
    assert len(glimpse.first_rows(db, b"", b"\xff", False, 3)[0]) == 3
    assert glimpse.tree(fdb.directory, db) == []


def test_a_tree_has_its_depth_and_number(db: fdb.Database) -> None:
    for path in (("a", "b", "c"), ("d",), ("e",)):
        fdb.directory.create_or_open(db, path)

    def shown(**bounds: int) -> list[tuple[int, str, bool]]:
        nodes = glimpse.tree(fdb.directory, db, **bounds)
        return [(node.depth, node.name, node.more) for node in nodes]

    assert shown() == [
        (0, "a", False),
        (1, "b", False),
        (2, "c", False),
        (0, "d", False),
        (0, "e", False),
    ]
    assert shown(depth=2)[:2] == [(0, "a", False), (1, "b", True)]
    assert shown(siblings=2, depth=1) == [(0, "a", True), (0, "d", False), (0, "", True)]
    assert shown(most=2, depth=1) == [(0, "a", True), (0, "d", False), (0, "", True)]


@pytest.mark.parametrize("event_model", [None, "debug", "gevent"])
def test_in_all_event_models_that_block(memory_name: str, event_model: str | None) -> None:
    if event_model == "gevent":
        pytest.importorskip("gevent")
    db = fdb.open(memory_name, event_model=event_model)
    fdb.directory.create_or_open(db, "a")
    assert [node.name for node in glimpse.tree(fdb.directory, db)] == ["a"]
    assert glimpse.first_rows(db, b"", b"\xff", False, 1)[1] is True
