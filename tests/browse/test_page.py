"""fdb/_browse/page.py and fdb/_browse/__init__.py: the server of a page, its port, its end."""

from __future__ import annotations

import http.client
import json
import os
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
    assert_refused(page.port)
    assert "closed" in repr(page)
    wait_until(lambda: not page._thread.is_alive())


def assert_refused(port):
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS).close()


def test_a_forked_child_keeps_neither_the_port_nor_waits_for_a_thread(memory_db):
    page = browse(memory_db)
    child, parent = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        try:
            parent.close()
            page.close()
            page.wait()
            child.sendall(b"closed")
            child.recv(1)
        finally:
            os._exit(0)
    child.close()
    try:
        parent.settimeout(WAIT_SECONDS)
        assert parent.recv(6) == b"closed"
        assert not page._ended.is_set()
        page.close()
        assert_refused(page.port)
    finally:
        parent.close()
        os.waitpid(pid, 0)


def test_what_is_cut_off_is_not_printed(memory_db, client, capfd):
    """A request that will never be there wholly ends with the page."""
    with browse(memory_db, write=True) as page:
        head = f"POST /{page.url.split('/')[3]}/api/set HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\n"
        body = "Content-Type: application/json\r\nX-FDB-Write: 1\r\nContent-Length: 9\r\n\r\n{"
        with socket.create_connection(("127.0.0.1", page.port)) as connection:
            connection.sendall((head + body).encode())
            wait_until(lambda: page._server.server_state.tasks)
            page.close()
    assert capfd.readouterr() == ("", "")


def test_the_longest_keys_fit_into_an_address(memory_db, serve):
    key = bytes(9_999)
    for last in b"ab":
        memory_db[key + bytes([last])] = b""
    page = serve(memory_db)
    within, following = "%5Cx00" * 9_999, f"n{key.hex()}6100"
    connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=WAIT_SECONDS)
    connection.request(
        "GET", f"/{page.url.split('/')[3]}/api/rows?within={within}&from={following}"
    )
    answer = json.load(connection.getresponse())
    connection.close()
    assert [row["key"]["hex"] for row in answer["rows"]] == [f"{key.hex()}62"]


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
