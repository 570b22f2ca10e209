"""fdb/_browse/app.py: the addresses of a page, over HTTP."""

from __future__ import annotations

import pytest

from browse.asking import WRITE
from fdb._browse import app


@pytest.fixture
def asking(memory_db, serve, client):
    return client(serve(memory_db, write=True))


def test_every_address_answers(asking, memory_db):
    memory_db[b"k"] = b"v"
    for path in ("about", "status", "directories", "rows", "row?key_hex=6b", "estimate"):
        answer = asking.get(f"api/{path}")
        assert answer.status_code == 200 and "error" not in answer.json(), path
    for path, body in (
        ("set", {"key": "a", "value": "b"}),
        ("clear", {"key_hex": "61"}),
        ("clear_range", {"begin_hex": "", "end_hex": "ff", "expected_rows": 1}),
    ):
        answer = asking.post(f"api/{path}", json=body, headers=WRITE)
        assert answer.status_code == 200 and answer.json()["version"] > 0
    assert memory_db[:] == []


def test_errors_are_json(asking):
    for path, status in (
        ("api/rows?limit=x", 400),
        ("api/rows?tenant=nobody", 404),
        ("api/row?key_hex=00", 404),
        ("api/nothing", 404),
        ("nothing", 404),
    ):
        answer = asking.get(path)
        assert answer.status_code == status
        assert answer.json()["error"] and "Traceback" not in answer.text
    assert asking.post("api/about", json={}, headers=WRITE).status_code == 405


def test_bodies_that_are_none(asking):
    for body in (b"", b"{", b"[]", b"\xff\xfe"):
        headers = {"Content-Type": "application/json", **WRITE}
        assert asking.post("api/set", content=body, headers=headers).status_code == 400
    large = {"key": "a", "value": "b" * 2_000_000}
    assert asking.post("api/set", json=large, headers=WRITE).status_code == 413


@pytest.mark.parametrize(
    "path",
    [
        "../../pyproject.toml",
        "..%2f..%2f..%2fpyproject.toml",
        "%2e%2e/app.py",
        "....//app.py",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "static/index.html",
        "index.html%00.js",
        "..\\app.py",
        "app.py",
        "__init__.py",
    ],
)
def test_nothing_but_the_front_end_is_served(asking, path):
    answer = asking.get(
        asking.base_url.copy_with(raw_path=asking.base_url.raw_path + path.encode())
    )
    assert answer.status_code in (403, 404)
    assert b"import" not in answer.content and b"root:" not in answer.content


def test_the_files_of_the_front_end(asking):
    served = app.files()
    assert "" in served and "index.html" in served
    for name in served:
        answer = asking.get(name)
        assert answer.status_code == 200 and answer.content == served[name].read_bytes()
        assert answer.headers["content-type"].split(";")[0] in {
            kind.split(";")[0] for kind in app._TYPES.values()
        }


def test_a_fault_of_ours_is_one_line(memory_db, serve, client, monkeypatch, caplog):
    def fails(*_):
        raise KeyError("secret")

    monkeypatch.setattr(app.about, "about", fails)
    asking = client(serve(memory_db))
    answer = asking.get("api/about")
    assert answer.status_code == 500 and "secret" not in answer.text
    assert "KeyError" in caplog.text and "Traceback" not in caplog.text
    assert asking.get("api/status").status_code == 200
