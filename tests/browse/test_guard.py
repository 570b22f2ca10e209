"""fdb/_browse/guard.py: who is refused, and that nothing is told to who does not know the token."""

from __future__ import annotations

import pytest

from browse.asking import WRITE
from fdb._browse.guard import HEADERS

JSON = {"Content-Type": "application/json"}


def refused_silently(answer):
    assert answer.status_code == 403
    assert answer.content == b""
    headers_are_there(answer)


def headers_are_there(answer):
    for name, value in HEADERS:
        assert answer.headers[name.decode()] == value.decode()


def test_the_page_itself(asking):
    for path in ("", "api/about", "api/nothing"):
        headers_are_there(asking.get(path))
    assert asking.get("").status_code == 200


def test_no_token_and_a_wrong_one(page, asking):
    base = f"http://127.0.0.1:{page.port}"
    token = page.url.split("/")[3]
    for path in ("/", "/api/about", f"/{token[:-1]}/api/about", f"/{token}x/", f"/x{token}/"):
        refused_silently(asking.get(base + path))
    for path in (f"//{token}/", f"/./{token[:-2]}/", "/%00/", "/" + "x" * 30_000, "/\u00e4/"):
        refused_silently(asking.get(base + path))
    refused_silently(asking.get(f"{base}/?token={token}"))


@pytest.mark.parametrize(
    "host",
    ["evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost.:{port}", "", "[::2]:{port}"],
)
def test_a_host_that_another_may_have(page, asking, host):
    refused_silently(asking.get("api/about", headers={"Host": host.format(port=page.port)}))


@pytest.mark.parametrize("host", ["localhost:{port}", "LOCALHOST:{port}", "[::1]:{port}"])
def test_the_names_of_this_machine(page, asking, host):
    assert asking.get("api/about", headers={"Host": host.format(port=page.port)}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "what?"},
    ],
    ids=str,
)
def test_requests_that_another_site_causes(page, asking, headers):
    given = {name: value.format(port=page.port) for name, value in headers.items()}
    refused_silently(asking.get("api/about", headers=given))
    refused_silently(asking.post("api/clear", json={"key_hex": "00"}, headers={**given, **WRITE}))


def test_the_page_s_own_requests(page, asking):
    own = {"Origin": f"http://127.0.0.1:{page.port}", "Sec-Fetch-Site": "same-origin"}
    assert asking.get("api/about", headers=own).status_code == 200
    typed = {"Sec-Fetch-Site": "none"}
    assert asking.get("", headers=typed).status_code == 200


def test_a_person_may_follow_a_link_to_the_page_and_to_nothing_else(asking):
    """From a notebook at another port (same-site), from a terminal in the browser (cross-site)."""
    followed = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    for site in ("same-site", "cross-site"):
        headers = {"Sec-Fetch-Site": site, **followed}
        assert asking.get("", headers=headers).status_code == 200
        for path in ("api/about", "index.html", "api/rows"):
            refused_silently(asking.get(path, headers=headers))
        refused_silently(asking.post("", headers=headers))
        refused_silently(asking.get("", headers={**headers, "Sec-Fetch-Dest": "iframe"}))
        refused_silently(asking.get("", headers={**headers, "Sec-Fetch-Mode": "no-cors"}))
        refused_silently(asking.get("", headers={**headers, "Origin": "http://evil.example"}))


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "GETX"])
def test_other_methods(asking, method):
    answer = asking.request(method, "api/set")
    assert answer.status_code == 405 and answer.headers["allow"] == "GET, POST"
    assert "access-control-allow-origin" not in answer.headers


def test_get_never_writes(asking, page_db):
    for path in ("api/set?key=a&value=b", "api/clear?key_hex=00", "api/clear_range"):
        assert asking.get(path, headers=WRITE).status_code == 404
    assert page_db[:] == []


def test_posts_that_a_form_could_send(asking, page_db):
    row = b'{"key": "a", "value": "b"}'
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        headers = {"Content-Type": kind, **WRITE}
        assert asking.post("api/set", content=row, headers=headers).status_code == 415
    assert asking.post("api/set", content=row, headers=JSON).status_code == 403
    assert (
        asking.post("api/set", content=row, headers={**JSON, "X-FDB-Write": "0"}).status_code == 403
    )
    assert page_db[:] == []
    assert asking.post("api/set", content=row, headers={**JSON, **WRITE}).status_code == 200
    assert page_db[b"a"] == b"b"


def test_a_page_that_only_reads(memory_db, serve, client):
    asking = client(serve(memory_db))
    for path in ("api/set", "api/clear", "api/clear_range"):
        answer = asking.post(path, json={"key": "a", "value": "b"}, headers=WRITE)
        assert answer.status_code == 403 and "--write" in answer.json()["error"]
    assert memory_db[:] == []


def test_an_address_without_its_slash_leads_to_it(page, asking):
    answer = asking.get(page.url.rstrip("/"))
    assert answer.status_code == 307 and page.url.endswith(answer.headers["location"])
