"""fdb/_browse/page.py and fdb/_browse/__init__.py: the server of a page, its port, its end."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

import fdb
import fdb.embedded
from fdb._browse import browse
from helpers.waiting import WAIT_SECONDS, wait_until


def test_a_page_begins_and_ends(memory_db, client):
    with browse(memory_db) as page:
        assert client(page).get("api/about").status_code == 200
        token = page.url.split("/")[3]
        assert len(token) >= 43 and token not in repr(page)
    page.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", page.port), timeout=5).close()
    assert "closed" in repr(page)
    wait_until(lambda: not page._thread.is_alive())


def test_two_pages_have_two_tokens(memory_db, serve):
    one, other = serve(memory_db), serve(memory_db)
    assert one.url.split("/")[3] != other.url.split("/")[3]


def test_it_is_on_the_loopback_address_only(memory_db, serve):
    page = serve(memory_db)
    assert page._socket.getsockname()[0] == "127.0.0.1"


def test_answers_are_sent_at_once(memory_db, serve, client):
    """And not after 40 ms, when what was sent before is acknowledged."""
    page = serve(memory_db)
    assert client(page).get("api/about").status_code == 200
    (connection,) = page._server.server_state.connections
    accepted = connection.transport.get_extra_info("socket")
    assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


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


def test_its_end_does_not_wait_for_the_database(memory_db, serve, client):
    page = serve(memory_db, timeout=100)
    fdb.embedded.set_latency(memory_db, 1)
    try:
        with ThreadPoolExecutor(1) as pool:
            pending = pool.submit(client(page).get, "api/rows", timeout=WAIT_SECONDS)
            wait_until(lambda: page._session._running)
            page.close()
            assert page._ended.is_set()
            error = pending.exception(timeout=WAIT_SECONDS)
            if error is None:
                assert pending.result().status_code == 503
            else:
                assert isinstance(error, httpx.TransportError)
            wait_until(lambda: not page._session._running)
    finally:
        fdb.embedded.set_latency(memory_db, None)


def test_wait_ends_with_the_page(memory_db, serve):
    page = serve(memory_db)
    waiting = threading.Thread(target=page.wait)
    waiting.start()
    page.close()
    waiting.join(WAIT_SECONDS)
    assert not waiting.is_alive()


def test_without_the_extra(run_python):
    outcome = run_python(
        """
        import sys
        sys.modules["starlette"] = sys.modules["uvicorn"] = None
        import fdb
        fdb.api_version(740)
        try:
            fdb.browse(fdb.open("memory:"))
        except ImportError as error:
            print(error)
        """
    )
    assert "pip install 'foundationdb-cffi[cli]'" in outcome.stdout


def test_a_tenant(memory_db, serve, client):
    fdb.tenant_management.create_tenant(memory_db, b"one")
    tenant = memory_db.open_tenant(b"one")
    tenant[b"inside"] = b"v"
    asking = client(serve(tenant))
    assert asking.get("api/about").json()["tenant"] == "one"
    assert [row["key"]["shown"] for row in asking.get("api/rows").json()["rows"]] == ["inside"]


def test_a_file_whose_name_is_no_text(tmp_path, serve, client):
    with fdb.open(b"file:" + bytes(tmp_path) + b"/\xff.fdb") as db:
        about = client(serve(db)).get("api/about")
        assert about.status_code == 200 and about.json()["database"].endswith("?.fdb")
