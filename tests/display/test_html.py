"""fdb/_display/html.py: what objects look like in a notebook, also of databases that do not answer and values that mean harm."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
import re
import time
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fdb
import fdb.embedded
import fdb.testing
from fdb._display import glimpse
from fdb._display.html import MOST_ROWS, html_of
from helpers.databases import fill

#: Much more than anything here takes.
LONG = 30.0

users = fdb.Subspace(("users",))


def picture(shown: Any) -> ElementTree.Element:
    """Returns the HTML of an object, which has to be well formed."""
    return ElementTree.fromstring(shown._repr_html_())


def text(shown: Any) -> str:
    """Returns the text of the picture of an object: its parts with blanks between."""
    return " ".join(part for part in picture(shown).itertext())


def rows_in(shown: Any) -> list[list[str]]:
    """Returns the cells of all tables in the picture of an object, without their heads."""
    return [
        ["".join(cell.itertext()) for cell in row] for row in picture(shown).iterfind(".//tbody/tr")
    ]


@pytest.fixture
def db(memory_db: fdb.Database) -> fdb.Database:
    fill(memory_db, [(users.pack((n,)), json.dumps({"n": n}).encode()) for n in range(100)])
    return memory_db


@pytest.fixture
def silent(memory_name: str, db: fdb.Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A database that does not answer, and pictures that do not wait long for it."""
    monkeypatch.setattr(glimpse, "SECONDS", 0.02)
    fdb.embedded.set_latency(db, 60, 60)
    started = time.monotonic()
    yield db
    assert time.monotonic() - started < LONG
    fdb.embedded.set_latency(db, None)


# ---- rows, ranges, scans ----


def test_a_row() -> None:
    assert rows_in(fdb.KeyValue(users.pack((1,)), b"one")) == [["('users', 1)", "one"]]
    assert rows_in(fdb.KeyValue(b"\x00", b"")) == [["(None,)", "''"]]


def test_a_list_shows_its_first_rows(db: fdb.Database) -> None:
    assert len(rows_in(db[:])) == MOST_ROWS
    assert "100 rows" in text(db[:]) and f"the first {MOST_ROWS} of them" in text(db[:])
    few = db[users.pack((1,)) : users.pack((3,))]
    assert rows_in(few) == [["('users', 1)", '{"n": 1}'], ["('users', 2)", '{"n": 2}']]
    assert "2 rows" in text(few) and "first" not in text(few)
    assert "0 rows" in text(db[b"x":b"y"]) and "1 row" in text(
        db[users.pack((1,)) : users.pack((2,))]
    )


def test_a_range_shows_its_first_rows_and_how_to_see_more(db: fdb.Database) -> None:
    rows = db.create_transaction()[users.range()]
    assert "FDBRange in  ('users',)" in text(rows)
    assert rows_in(rows)[0] == ["('users', 0)", '{"n": 0}'] and len(rows_in(rows)) == MOST_ROWS
    assert "the first 20 rows. More: " in text(rows) and "rows.to_frame()" in text(rows)
    assert len(rows.to_list()) == 100


def test_how_a_range_is_named(db: fdb.Database) -> None:
    tr = db.create_transaction()
    assert text(tr[b"a":b"b"]).startswith("FDBRange from  a  to  b 0 rows")
    shown = text(tr.get_range(b"a", fdb.KeySelector.first_greater_than(b"b"), 3, True))
    assert shown.startswith("FDBRange from  a  to  after b , limit 3, in reverse")
    assert "KeySelector(b'a', False, 7)" in text(tr[fdb.KeySelector(b"a", False, 7) : b"z"])


def test_the_picture_of_a_range_reads_nothing_anew(db: fdb.Database) -> None:
    rows = db.create_transaction()[users.range()]
    rows.to_list()
    fdb.embedded.set_latency(db, 60, 60)
    try:
        assert len(rows_in(rows)) == MOST_ROWS
    finally:
        fdb.embedded.set_latency(db, None)


def test_a_picture_of_a_scan_does_not_move_it(db: fdb.Database) -> None:
    scan = db.scan(users, page_size=7)
    assert [row.key for row in scan.page()] == [users.pack((n,)) for n in range(7)]
    next(iter(scan))
    before = scan.continuation
    assert rows_in(scan)[0] == ["('users', 8)", '{"n": 8}']
    assert "These rows come next" in text(scan) and "the first 20 rows" in text(scan)
    assert scan.continuation == before
    assert len(list(scan)) == 92
    assert "0 rows" in text(scan)
    assert rows_in(db.scan(users, reverse=True))[0][0] == "('users', 99)"
    scan.close()
    assert "closed" in text(scan)


# ---- databases and directories ----


def test_a_database_without_directories_shows_rows(db: fdb.Database) -> None:
    assert text(db).startswith("Database")
    assert len(rows_in(db)) == MOST_ROWS


def test_directories_are_a_tree(db: fdb.Database) -> None:
    deep = fdb.directory.create_or_open(db, ("app", "users", "deep", "deeper"), b"table")
    app = fdb.directory.open(db, "app")
    partition = fdb.directory.create(db, ("app", "part"), b"partition")
    inner = partition.create(db, "a/b")
    fill(db, [(deep.pack(("x",)), b"1")])
    assert [cells[0] for cells in rows_in(db)] == ["/app", "/part/…", "/users/…"]
    assert [cells[:2] for cells in rows_in(app) if cells[0].startswith("/")] == [
        ["/part", "partition"],
        ["/'a/b'", ""],
        ["/users", ""],
        ["/deep", ""],
        ["/deeper", "table"],
    ]
    assert ["/app/users/deep/deeper('x',)", "1"] in rows_in(deep)
    assert "no directories inside" in text(inner)
    assert ["/'a/b'", "", rows_in(partition)[-1][2]] in rows_in(partition)
    assert "fdb.directory.list(db, path)" in text(fdb.directory)


def test_a_tree_is_bounded(db: fdb.Database) -> None:
    @fdb.transactional
    def make(tr: fdb.Transaction) -> None:
        for number in range(30):
            fdb.directory.create(tr, ("many", f"{number:02}"))

    make(db)
    many = fdb.directory.open(db, "many")
    names = [cells[0] for cells in rows_in(many) if len(cells) == 3]
    assert names == [*(f"/{number:02}" for number in range(20)), "…"]


def test_a_directory_of_a_closed_database_shows_itself(memory_name: str) -> None:
    with fdb.open(memory_name) as database:
        folder = fdb.directory.create_or_open(database, "folder")
    assert ["layer", ""] not in rows_in(folder) and rows_in(folder)[0][0] == "prefix"
    assert "fdb.directory.list(db, path)" in text(folder)
    assert "closed" in text(database)


def test_a_tenant_that_is_not_there(db: fdb.Database) -> None:
    assert "tenant_not_found" in text(db.open_tenant(b"nobody"))


# ---- trouble ----


def test_a_database_that_does_not_answer(silent: fdb.Database) -> None:
    for shown in (silent, silent.create_transaction()[:], silent.scan(users)):
        assert "⚠ transaction_timed_out" in text(shown)
        assert "did not answer within 0.02 s" in text(shown)


def test_directories_of_a_database_that_does_not_answer(
    db: fdb.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fdb.directory.create_or_open(db, "folder")
    monkeypatch.setattr(glimpse, "SECONDS", 0.02)
    fdb.embedded.set_latency(db, 60, 60)
    try:
        assert "⚠ transaction_timed_out" in text(folder)
    finally:
        fdb.embedded.set_latency(db, None)


def test_what_fails_is_shown(db: fdb.Database) -> None:
    too_old = db.create_transaction()
    too_old.set_read_version(1)
    assert "⚠ transaction_too_old" in text(too_old[:])
    scan = db.scan(users)
    db.close()
    assert "⚠ RuntimeError: the database is closed" in text(scan)
    assert "closed" in text(db)


def test_pictures_in_a_storm_of_errors(db: fdb.Database) -> None:
    folder = fdb.directory.create_or_open(db, "folder")
    with fdb.testing.faults(db, seed=1, rules="on"):
        for _ in range(30):
            tr = db.create_transaction()
            for shown in (db, folder, db.scan(users), tr[:]):
                assert shown._repr_html_()


def test_a_library_that_answers_nonsense(stub_db: fdb.Database) -> None:
    for shown in (stub_db, stub_db.create_transaction()[:], stub_db.scan(users)):
        assert "⚠" in text(shown) or "rows" in text(shown)


def test_an_object_of_ours_that_cannot_be_drawn_shows_why() -> None:
    class Broken(fdb.Collector):
        def _table(self) -> Any:
            raise KeyError("<lost>")

    assert "⚠ KeyError: '<lost>'" in text(Broken())
    assert "object" in html_of(object())


# ---- asyncio ----


def test_what_must_be_awaited_says_so(db: fdb.Database, memory_name: str) -> None:
    async def main() -> None:
        database = fdb.open(memory_name, event_model="asyncio")
        rows = database.create_transaction()[users.range()]
        folder = await fdb.directory.create_or_open(database, "folder")
        for shown in (database, rows, database.scan(users), folder, database.open_tenant(b"t")):
            assert "Asynchronous: " in text(shown) and "await" in text(shown)
        assert len(await rows) == 100
        assert len(rows_in(rows)) == MOST_ROWS  # of what was awaited
        assert "100 rows" in text(await rows)

    asyncio.run(main())


def test_a_blocking_database_is_read_where_a_loop_runs(db: fdb.Database) -> None:
    async def main() -> list[list[str]]:
        return rows_in(db.create_transaction()[users.range()])

    assert len(asyncio.run(main())) == MOST_ROWS


# ---- what is measured ----


def test_a_collector(db: fdb.Database) -> None:
    with fdb.observe(fdb.Collector()) as collector:
        db[b"key"] = b"value"
    assert "Collector of 1 transaction" in text(collector)
    assert [cells[1] for cells in rows_in(collector)] == ["1", "1"]


def test_a_collector_of_many_functions_is_cut() -> None:
    class Many(fdb.Collector):
        def _table(self) -> Any:
            return [("function", "count"), *((f"f{n}", "1") for n in range(40)), ("all", "40")]

    assert len(rows_in(Many())) == 31 and rows_in(Many())[-1] == ["all", "40"]
    assert "10 functions not shown" in text(Many())


def test_status_and_ping(db: fdb.Database) -> None:
    facts = dict(row for row in rows_in(db.status()) if len(row) == 2)
    assert facts["available"] == "yes" and facts["data"] == "healthy"
    assert any(cells[0] == "127.0.0.1:4500" for cells in rows_in(db.status()))
    assert "round trip" in text(db.ping()) and " ms" in text(db.ping())
    assert ["state", "healthy"] in rows_in(db.status().data)


@pytest.mark.parametrize("document", ["{}", '{"client": 5}', '{"cluster": {"messages": [{}]}}'])
def test_status_documents_that_say_little(document: str) -> None:
    assert "Status" in text(fdb.Status.parse(document))


def test_messages_of_a_cluster_in_trouble() -> None:
    status = fdb.Status.parse(
        json.dumps(
            {
                "client": {
                    "messages": [{"name": "quorum", "description": "No <quorum>"}],
                    "coordinators": {
                        "coordinators": [{"address": "1.2.3.4:1", "reachable": False}]
                    },
                }
            }
        )
    )
    assert "⚠ No <quorum>" in text(status) and "1.2.3.4:1 (not reachable)" in text(status)


# ---- nothing that was stored is interpreted ----

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "'><b>",
    "</table></div><style>*{display:none}</style>",
    "&lt;script&gt;",
    "javascript:alert(1)",
    "\x00\x1b[31m\u202e",
)
_TAGS = {"div", "b", "span", "code", "table", "thead", "tbody", "tr", "td", "th"}
_ATTRIBUTES = {"style", "scope", "role", "aria-label", "tabindex"}


def assert_harmless(shown: Any) -> None:
    for element in picture(shown).iter():
        assert element.tag in _TAGS and {*element.attrib} <= _ATTRIBUTES
        assert not re.search(r"url|expression|@import", element.get("style", ""))


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_names_and_values(db: fdb.Database, hostile: str) -> None:
    data = hostile.encode()
    folder = fdb.directory.create_or_open(db, (hostile,), data)
    fill(db, [(folder.pack((hostile,)), data), (data or b"x", data)])

    def function() -> None: ...

    function.__qualname__ = hostile
    with fdb.observe(fdb.Collector()) as collector:
        db[data] = data
    raw = {
        "client": {"messages": [{"description": hostile}]},
        "cluster": {"data": {"state": {"name": hostile}}},
    }
    status = fdb.Status.parse(json.dumps(raw))
    for shown in (
        *(db, folder, db[folder.range()], db[folder.range()][0], db.scan(folder)),
        *(db.create_transaction()[data:], fdb.Subspace((hostile,)), collector),
        *(db.open_tenant(data), status, status.data, fdb.Ping(1.0, 2, hostile, hostile, hostile)),
    ):
        assert_harmless(shown)


@given(key=st.binary(max_size=300), value=st.binary(max_size=300))
def test_any_row_is_drawn(key: bytes, value: bytes) -> None:
    assert_harmless(fdb.KeyValue(key, value))


def test_long_keys_and_values_are_cut(db: fdb.Database) -> None:
    (cells,) = rows_in(fdb.KeyValue(b"k" * 5000, b"v" * 90_000))
    assert [len(cell) for cell in cells] == [201, 121] and all(cell.endswith("…") for cell in cells)


def test_copies_of_a_directory_do_not_have_its_database(db: fdb.Database) -> None:
    folder = fdb.directory.create_or_open(db, "folder")
    for copied in (copy.copy(folder), copy.deepcopy(folder), pickle.loads(pickle.dumps(folder))):
        assert copied == folder and "fdb.directory.list(db, path)" in text(copied)
    moved = fdb.directory.move(db, "folder", "moved")
    assert moved != folder and "no directories inside" in text(moved)


def test_a_directory_of_a_transaction_shows_its_database(db: fdb.Database) -> None:
    @fdb.transactional
    def make(tr: fdb.Transaction) -> fdb.DirectorySubspace:
        return fdb.directory.create_or_open(tr, ("outer", "inner")) and fdb.directory.open(
            tr, "outer"
        )

    assert rows_in(make(db))[-1][0] == "/inner"
