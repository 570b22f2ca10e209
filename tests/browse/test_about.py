"""fdb/_browse/about.py: what a page shows, its tenants, its status."""

from __future__ import annotations

import fdb
import fdb.tenant_management
from browse.asking import asked, refused
from fdb._browse.about import about, estimate, status
from fdb._browse.requests import Session


def test_about_a_database_with_tenants(session):
    for name in (b"one", b"\x00two"):
        fdb.tenant_management.create_tenant(session.db, name)
    answer = about(session, asked())
    assert answer["tenants"] == ["\\x00two", "one"] and not answer["more_tenants"]
    assert answer["write"] and answer["api_version"] == 740 and answer["tenant"] is None
    assert answer["version_of_fdb"] == fdb.__version__


def test_about_a_tenant(session):
    fdb.tenant_management.create_tenant(session.db, b"one")
    own = Session(session.db.open_tenant(b"one"), False, 10, "a tenant")
    answer = about(own, asked())
    assert answer["tenants"] == [] and answer["tenant"] == "one"
    assert refused(own.source, "one")[0] == 400
    assert refused(status, own, asked())[0] == 404


def test_status(session):
    answer = status(session, asked())
    assert answer["available"] is True and answer["processes"] == 1 and answer["messages"] == []


def test_estimate(session):
    for number in range(100):
        session.db[b"k%d" % number] = bytes(1000)
    assert estimate(session, asked(within="k"))["bytes"] > 10_000
    assert estimate(session, asked(within="nothing"))["bytes"] == 0


def test_a_database_that_does_not_answer_has_a_page(session, monkeypatch):
    def late(*_):
        raise fdb.FDBError(1031)

    monkeypatch.setattr(session, "read", late)
    answer = about(session, asked())
    assert answer["tenants"] == [] and "did not answer in time" in answer["trouble"]
