"""fdb/_browse/app.py: the addresses of a page, over HTTP."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

import fdb
import fdb.embedded
from browse.asking import WRITE
from fdb._browse import app
from fdb._browse.requests import FAULT
from helpers.threads import in_threads
from helpers.waiting import WAIT_SECONDS, wait_until


def test_every_address_answers(asking, page_db):
    page_db[b"k"] = b"v"
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
    assert page_db[:] == []


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
    assert answer.status_code == 500 and answer.json() == {"error": FAULT}
    assert "KeyError" in caplog.text and "Traceback" not in caplog.text
    assert asking.get("api/status").status_code == 200


def test_a_file_of_the_front_end_that_cannot_be_read(
    memory_db, serve, client, monkeypatch, tmp_path, caplog
):
    monkeypatch.setattr(app, "files", lambda: {"gone.js": tmp_path / "gone.js"})
    answer = client(serve(memory_db)).get("gone.js")
    assert answer.status_code == 500 and answer.json() == {"error": FAULT}
    assert "gone.js" in caplog.text


def test_many_at_the_same_time_while_rows_change(page, page_db, client):
    for number in range(300):
        page_db[b"%03d" % number] = b"v"

    def look(number):
        asking = client(page)
        for turn in range(5):
            if number == 0:
                page_db[b"%03d" % turn] = b"w"
            answer = asking.get("api/rows", params={"limit": 50, "at": f"{number * 10:03d}"})
            assert answer.status_code == 200 and len(answer.json()["rows"]) == 50

    in_threads(20, look)


def test_a_slow_database_stops_no_file_and_ends_in_time(memory_db, serve, client, monkeypatch):
    """More requests than there are threads wait for answers that do not come."""
    monkeypatch.setattr(app, "_MOST_READERS", 2)
    page = serve(memory_db, timeout=0.2)
    fdb.embedded.set_latency(memory_db, 0.5)
    try:
        with ThreadPoolExecutor(4) as pool:
            pending = [
                pool.submit(client(page).get, "api/rows", timeout=WAIT_SECONDS) for _ in range(4)
            ]
            wait_until(lambda: len(page._session._running) == 2)
            assert client(page).get("index.html").status_code == 200
            answers = [done.result() for done in pending]
    finally:
        fdb.embedded.set_latency(memory_db, None)
    for answer in answers:
        assert answer.status_code == 504 and answer.json()["code"] == 1031
    assert page._session._running == set()


ODD = (
    "",
    "0",
    "-1",
    "1e9",
    "null",
    "[]",
    "{}",
    "\\",
    "\\x",
    "(",
    "('a'",
    "(1,)*9",
    "/",
    "//",
    "/a",
    "'",
    'b"',
    "n",
    "p0",
    "nff",
)
NAMES = "within begin_hex end_hex limit reverse from at tenant path after key_hex key value form expected_hex expected_rows".split()


def odd(chance):
    """Returns something that nobody meant."""
    kind = chance.randrange(4)
    if kind == 0:
        return chance.choice(ODD)
    if kind == 1:
        return "".join(
            chr(chance.choice((chance.randrange(128), chance.randrange(0xD800))))
            for _ in range(chance.randrange(12))
        )
    if kind == 2:
        return chance.randbytes(chance.randrange(12)).hex()
    return chance.choice(ODD) * chance.choice((2, 50, 3000))


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_asked_has_an_answer(asking, page_db, seed):
    """Nothing is a fault of the page: what makes no sense is refused, in one line."""
    print(f"seed {seed}")
    chance = random.Random(seed)
    fdb.directory.create_or_open(page_db, ("a", "b"))
    page_db[b"k"] = b"v"
    for _ in range(60):
        given = {name: odd(chance) for name in chance.sample(NAMES, chance.randrange(6))}
        path = chance.choice(
            ("rows", "row", "directories", "estimate", "set", "clear", "clear_range")
        )
        if path in ("set", "clear", "clear_range"):
            body = {
                name: chance.choice((value, None, 1, -1, 1.5, True, [], {}, [value], 10**30))
                for name, value in given.items()
            }
            answer = asking.post(f"api/{path}", json=body, headers=WRITE)
        else:
            # What is not to be had in an address is cut, as a browser's would be.
            given = {name: value[:2000] for name, value in given.items()}
            answer = asking.get(f"api/{path}", params=given)
        assert answer.status_code in (200, 400, 404, 409), (path, given, answer.text)
        if answer.status_code != 200:
            text = answer.json()["error"]
            assert text and "\n" not in text and "Traceback" not in text, (path, given)
