"""fdb/_browse/page.py and fdb/_browse/__init__.py: the server of a page, its port, its end."""

from __future__ import annotations

import socket
import threading

import pytest

import fdb
from fdb._browse import browse


def test_a_page_begins_and_ends(memory_db, client):
    with browse(memory_db) as page:
        assert client(page).get("api/about").status_code == 200
        token = page.url.split("/")[3]
        assert len(token) >= 43 and token not in repr(page)
    page.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", page.port), timeout=5).close()
    assert "closed" in repr(page)
    assert not any(thread.name == "fdb-browse" for thread in threading.enumerate())


def test_two_pages_have_two_tokens(memory_db, serve):
    one, other = serve(memory_db), serve(memory_db)
    assert one.url.split("/")[3] != other.url.split("/")[3]


def test_it_is_on_the_loopback_address_only(memory_db, serve):
    page = serve(memory_db)
    assert page._socket.getsockname()[0] == "127.0.0.1"


def test_a_port_that_is_taken(memory_db, serve):
    page = serve(memory_db)
    with pytest.raises(OSError, match=f"port {page.port} of 127.0.0.1 cannot be used"):
        browse(memory_db, port=page.port)


def test_what_cannot_be_served(memory_db, async_memory_db):
    for db in (None, "memory:", 5):
        with pytest.raises(TypeError, match="blocks"):
            browse(db)
    with pytest.raises(TypeError, match="without event_model"):
        browse(async_memory_db)
    for port in (-1, 65_536, "80", True):
        with pytest.raises(ValueError, match="port"):
            browse(memory_db, port=port)  # type: ignore[arg-type]
    for timeout in (0, -1, float("inf"), float("nan")):
        with pytest.raises(ValueError, match="timeout"):
            browse(memory_db, timeout=timeout)


def test_a_tenant(memory_db, serve, client):
    fdb.tenant_management.create_tenant(memory_db, b"one")
    tenant = memory_db.open_tenant(b"one")
    tenant[b"inside"] = b"v"
    asking = client(serve(tenant))
    assert asking.get("api/about").json()["tenant"] == "one"
    assert [row["key"]["shown"] for row in asking.get("api/rows").json()["rows"]] == ["inside"]
