"""fdb/_browse/writing.py: rows are set and cleared if they are what the person saw."""

from __future__ import annotations

import fdb
from browse.asking import asked, refused
from fdb._browse.rows import rows
from fdb._browse.trees import NameCache
from fdb._browse.writing import clear_row, clear_rows, set_row
from helpers.databases import fill


def test_set_by_notation_and_form(session):
    version = set_row(session, asked(key="('a', 1)", value="5", form="int"))["version"]
    assert session.db[fdb.tuple.pack(("a", 1))] == (5).to_bytes(8, "little")
    assert version > 0
    users = fdb.directory.create(session.db, ("users",))
    set_row(session, asked(key="/users('x')", value='{"a": 1}'))
    assert session.db[users.pack(("x",))] == b'{"a": 1}'
    set_row(session, asked(key_hex="00ff", value="t\\x00"))
    assert session.db[b"\x00\xff"] == b"t\x00"


def test_what_another_has_changed_is_not_overwritten(session):
    set_row(session, asked(key="k", value="1", expected_hex=None))
    assert refused(set_row, session, asked(key="k", value="2", expected_hex=None))[0] == 409
    assert refused(set_row, session, asked(key="k", value="2", expected_hex=b"0".hex()))[0] == 409
    assert refused(clear_row, session, asked(key_hex=b"k".hex(), expected_hex=""))[0] == 409
    assert session.db[b"k"] == b"1"
    set_row(session, asked(key="k", value="2", expected_hex=b"1".hex()))
    clear_row(session, asked(key_hex=b"k".hex(), expected_hex=b"2".hex()))
    assert session.db[b"k"] is None


def first_result_unknown(patched):
    """Has the first commit take place, and then fail with 1021; returns a list that gets an element for each."""
    commit = fdb.Transaction.commit
    calls = []

    def unknown(tr):
        calls.append(tr)
        if len(calls) == 1:
            commit(tr).wait()
            raise fdb.FDBError(1021)
        return commit(tr)

    patched.setattr(fdb.Transaction, "commit", unknown)
    return calls


def test_an_unknown_result_is_no_change_of_somebody_else(session, monkeypatch):
    """The first attempt is committed and says 1021; the second one meets its own value."""
    for act in (
        lambda: set_row(session, asked(key="k", value="1", expected_hex=None)),
        lambda: clear_row(session, asked(key_hex=b"k".hex(), expected_hex=b"1".hex())),
    ):
        with monkeypatch.context() as patched:
            calls = first_result_unknown(patched)
            act()
        assert len(calls) == 2


def test_a_range_is_cleared_if_it_has_no_more_rows_than_were_seen(session):
    for number in range(5):
        session.db[b"k%d" % number] = b""
    session.db[b"l"] = b""
    given = {"begin_hex": b"k".hex(), "end_hex": b"l".hex()}
    assert refused(clear_rows, session, asked(**given, expected_rows=4))[0] == 409
    assert len(session.db[:]) == 6
    clear_rows(session, asked(**given, expected_rows=5))
    assert [row.key for row in session.db[:]] == [b"l"]


def test_a_range_is_cleared_if_its_rows_are_those_that_were_seen(session, monkeypatch):
    fill(session.db, [(b"k1", b"v"), (b"k2", b"v")])
    bounds = {"begin_hex": b"k".hex(), "end_hex": b"l".hex()}
    for reverse in ("0", "1"):
        seen = rows(session, NameCache(), asked(**bounds, reverse=reverse))["digest"]
    given = {**bounds, "expected_rows": 2, "expected_digest": seen}

    def another_value():
        session.db[b"k2"] = b"w"

    def another_key():
        session.db.clear(b"k2")
        session.db[b"k3"] = b"v"

    for change in (another_value, another_key):
        change()
        status, text = refused(clear_rows, session, asked(**given))
        assert status == 409 and "have changed" in text
        assert len(session.db[:]) == 2
    fill(session.db, [(b"k2", b"v")])
    session.db.clear(b"k3")
    with monkeypatch.context() as patched:
        calls = first_result_unknown(patched)
        clear_rows(session, asked(**given))
    assert len(calls) == 2 and session.db[:] == []


def test_in_a_tenant(session):
    import fdb.tenant_management

    fdb.tenant_management.create_tenant(session.db, b"one")
    set_row(session, asked(key="k", value="1", tenant="one"))
    assert session.db.open_tenant(b"one")[b"k"] == b"1"


def test_refused(session):
    session.db[b"k"] = b"1"
    for act, given in (
        (set_row, {"value": "1"}),
        (set_row, {"key": "", "value": "1"}),
        (set_row, {"key": "k"}),
        (set_row, {"key": "k", "value": 1}),
        (set_row, {"key": "k", "value": "('a'", "form": "tuple"}),
        (set_row, {"key": "k", "value": "1", "form": "xml"}),
        (set_row, {"key": "k", "value": "00" * 100_001, "form": "hex"}),
        (set_row, {"key_hex": "ff00", "value": "1"}),
        (set_row, {"key_hex": None, "value": "1"}),
        (clear_row, {}),
        (clear_row, {"key_hex": "0"}),
        (clear_row, {"key_hex": ["6b"]}),
        (clear_range_with, {"begin_hex": "6b", "end_hex": "6c"}),
        (clear_range_with, {"begin_hex": "6b", "end_hex": "6a", "expected_rows": 1}),
        (clear_range_with, {"begin_hex": "6b", "end_hex": "ffff", "expected_rows": 1}),
        (clear_range_with, {"begin_hex": "", "end_hex": "ff", "expected_rows": 10**9}),
        (clear_range_with, {"begin_hex": "", "end_hex": "ff", "expected_rows": True}),
    ):
        assert refused(act, session, asked(**given))[0] == 400, given
    assert session.db[:] == [(b"k", b"1")]


clear_range_with = clear_rows
