"""examples/flask_service.py: by the test client, and as a server with threads that is killed."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import fdb
from helpers.examples import EXAMPLES, Start, address_of, kill
from helpers.tools import needs

for module in ("flask", "httpx"):
    needs(module)

DOCS = "https://example.org/docs"


@pytest.fixture
def client(example: Callable[[str], Any], memory_name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("FDB_CLUSTER_FILE", memory_name)
    return example("flask_service").create_app().test_client()


def put(client: Any, name: str, target: Any) -> int:
    status: int = client.put(f"/links/{name}", json={"target": target}).status_code
    return status


def test_a_link(client: Any) -> None:
    assert client.get("/ready").get_json()["round_trip"] > 0
    assert [put(client, "docs", DOCS), put(client, "docs", DOCS)] == [201, 200]
    assert put(client, "docs", "https://example.org/else") == 409
    for _ in range(3):
        followed = client.get("/docs")
        assert followed.status_code == 302 and followed.headers["Location"] == DOCS
    (link,) = client.get("/links").get_json()["links"]
    assert (link["name"], link["target"], link["visits"]) == ("docs", DOCS, 3)
    assert [client.delete("/links/docs").status_code for _ in range(2)] == [204, 204]
    assert client.get("/docs").status_code == 404
    assert put(client, "docs", DOCS) == 201
    assert client.get("/links").get_json()["links"][0]["visits"] == 0


def test_what_is_refused(client: Any) -> None:
    for target in ("", 1, None, "ftp://example.org"):
        assert put(client, "docs", target) == 400
    assert put(client, "UPPER", DOCS) == 400
    assert client.put("/links/docs", json=[]).status_code == 400
    for query in ("size=0", "size=101", "after=x", "after=00"):
        assert client.get(f"/links?{query}").status_code == 400
    assert client.get("/links").get_json() == {"links": [], "after": None}


def test_pages(client: Any) -> None:
    names = [f"name-{number}" for number in range(5)]
    assert {put(client, name, DOCS) for name in names} == {201}
    first = client.get("/links?size=3").get_json()
    second = client.get(f"/links?size=3&after={first['after']}").get_json()
    assert [link["name"] for link in first["links"] + second["links"]] == names
    assert second["after"] is None


def test_a_database_that_fails(client: Any, memory_name: str) -> None:
    with fdb.testing.faults(fdb.open(memory_name)) as faults:
        faults.add("transaction_timed_out", times=2)
        failed = client.get("/links")
        assert failed.status_code == 503 and failed.headers["Retry-After"] == "1"
        assert client.get("/ready").status_code == 503
        faults.add("commit_unknown_result", probability=0.5, effect="applied")
        assert {put(client, "docs", DOCS) for _ in range(3)} <= {200, 201}
        for _ in range(10):
            client.get("/docs")
    assert client.get("/links").get_json()["links"][0]["visits"] == 10


def test_a_server_with_threads_that_is_killed(start: Start, tmp_path: pathlib.Path) -> None:
    import httpx

    command = ("-m", "flask", "--app", EXAMPLES / "flask_service.py", "run", "--port", 0)
    variables = {"FDB_CLUSTER_FILE": "file:links.fdb", "FDB_EMBEDDED_FAULTS": "on"}
    server = start(*command, **variables)
    with httpx.Client(base_url=address_of(server), trust_env=False) as client:

        def visit(number: int) -> int:
            return client.get(f"/name-{number % 3}").status_code

        assert {put(client, f"name-{number}", DOCS) for number in range(3)} <= {200, 201}
        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(visit, range(60))) == {302}
    kill(server)
    server = start(*command, FDB_CLUSTER_FILE="file:links.fdb")
    with httpx.Client(base_url=address_of(server), trust_env=False) as client:
        links = client.get("/links").json()["links"]
        assert [link["visits"] for link in links] == [20, 20, 20]
