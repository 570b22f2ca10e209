"""fdb/_browse/requests.py: parameters are checked, and errors are one line."""

from __future__ import annotations

import pytest

import fdb
from browse.asking import asked, refused
from fdb._browse.requests import Parameters, Refused, Session, is_own, refusal_of
from fdb.directory_impl import DirectoryVersionError


def test_bodies_that_are_no_object():
    for body in (b"", b"[1]", b"1", b"{", b"\xff", b"[" * 100_000):
        assert refused(Parameters.of_body, body)[0] == 400
    assert Parameters.of_body(b'{"a": "1"}').text("a") == "1"


def test_what_the_database_says_has_a_status():
    for code, status in ((1031, 504), (2131, 404), (2102, 400), (1037, 503), (1007, 503)):
        refusal = refusal_of(fdb.FDBError(code))
        assert refusal.status == status and refusal.body["code"] == code
        assert "\n" not in refusal.body["error"]
    refusal = refusal_of(DirectoryVersionError("of a later version", ()))
    assert refusal.status == 400


def test_what_nobody_foresaw_is_for_the_log(caplog):
    refusal = refusal_of(KeyError("secret"))
    assert refusal.status == 500 and "secret" not in refusal.body["error"]
    assert "secret" in caplog.text


def test_a_tenant_that_is_not_there(session):
    with pytest.raises(fdb.FDBError) as failed:
        session.read(session.source("nobody"), lambda tr: tr[b"k"].value)
    assert failed.value.code == 2131


def test_reading_cannot_write(session):
    with pytest.raises(fdb.FDBError) as failed:
        session.read(session.db, lambda tr: tr.set(b"k", b""))
    assert failed.value.code == 2023 and session.db[b"k"] is None


def test_an_own_transaction_is_one_until_it_ends(session):
    assert session.read(session.db, lambda tr: is_own())
    assert not is_own()


def test_numbers():
    assert asked(n="12").number("n", None, 0, 20) == 12
    assert asked(n=-1).number("n", None, -1, 20) == -1
    assert asked().number("n", 7, 0, 20) == 7
    for bad in ("", "1.0", "-", "--1", "²", "1_0", " 1", 1.0, True, None, [], "21"):
        with pytest.raises(Refused):
            asked(n=bad).number("n", None, 0, 20)
    assert asked(within=" ").place("within") is None


def test_a_closed_session_begins_nothing(session):
    session.close()
    with pytest.raises(Refused) as failed:
        session.read(session.db, lambda tr: tr[b"k"].value)
    assert failed.value.status == 503


def test_a_database_that_the_program_has_closed(memory_name):
    with fdb.open(memory_name) as db:
        session = Session(db, False, 10, "closed")
    with pytest.raises(RuntimeError) as failed:
        session.read(db, lambda tr: tr[b"k"].value)
    refusal = refusal_of(failed.value)
    assert refusal.status == 503 and "closed" in refusal.body["error"]
