"""examples/fastapi_service.py: by the test client, and as a server that is killed."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import fdb
from helpers.examples import EXAMPLES, Start, address_of, end, kill
from helpers.tools import needs

for module in ("fastapi", "uvicorn", "httpx"):
    needs(module)

# Which client starlette would rather have is not what these tests are about.
pytestmark = pytest.mark.filterwarnings("ignore:Using `httpx`")

ADA = {"name": "Ada", "email": "ada@example.org", "tags": ["maths", "poetry"]}


@pytest.fixture
def client(
    example: Callable[[str], Any], memory_name: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    from starlette.testclient import TestClient

    monkeypatch.setenv("FDB_CLUSTER_FILE", memory_name)
    with TestClient(example("fastapi_service").app) as client:
        yield client


def add(client: Any, key: str, **contact: Any) -> Any:
    return client.post("/contacts", json=contact, headers={"Idempotency-Key": key})


def test_a_contact(client: Any) -> None:
    assert client.get("/ready").json()["round_trip"] > 0
    made = add(client, "first", **ADA)
    assert made.status_code == 201
    ada = made.json()
    assert add(client, "first", **ADA).json() == ada  # sent again: the same contact
    assert add(client, "second", **ADA).status_code == 409
    assert add(client, "third", name="", email="no", tags=[]).status_code == 422
    assert client.post("/contacts", json=ADA).status_code == 422
    place = f"/contacts/{ada['number']}"
    assert client.get(place).json() == client.get("/emails/ADA@example.org").json() == ada
    assert client.get("/tags/poetry").json() == {"contacts": [ada], "after": None}
    changed = client.put(place, json={**ADA, "tags": []})
    assert changed.json()["tags"] == [] and client.get("/tags/poetry").json()["contacts"] == []
    assert client.delete(place).status_code == client.delete(place).status_code == 204
    for gone in (client.get(place), client.put(place, json=ADA), client.get("/emails/ada@x")):
        assert gone.status_code == 404


def test_pages(client: Any) -> None:
    numbers = {
        add(client, f"key {each}", name="N", email=f"{each}@x").json()["number"]
        for each in range(7)
    }
    after, sizes, found = None, [], []
    while True:
        query = {"size": 3} | ({"after": after} if after else {})
        page = client.get("/contacts", params=query).json()
        sizes.append(len(page["contacts"]))
        found += [contact["number"] for contact in page["contacts"]]
        after = page["after"]
        if after is None:
            break
    assert sizes == [3, 3, 1] and found == sorted(numbers)
    for wrong in ("xyz", "00", "00ff00"):
        assert client.get("/contacts", params={"after": wrong}).status_code == 400


def test_a_database_that_fails(client: Any, memory_name: str) -> None:
    with fdb.testing.faults(fdb.open(memory_name)) as faults:
        faults.add("transaction_timed_out", times=2)
        failed = client.get("/contacts")
        assert failed.status_code == 503 and failed.headers["Retry-After"] == "1"
        assert "1031" in failed.json()["detail"]
        assert client.get("/ready").status_code == 503
        faults.add("commit_unknown_result", probability=0.5, effect="applied")
        numbers = {add(client, "key", **ADA).json()["number"] for _ in range(5)}
    assert len(numbers) == 1 and len(client.get("/contacts").json()["contacts"]) == 1


def test_a_server_that_is_killed(start: Start, tmp_path: pathlib.Path) -> None:
    """What it has answered is there when it is started again, under all the faults that are retried."""
    import httpx

    command = ("-m", "uvicorn", "--app-dir", EXAMPLES, "--port", 0, "fastapi_service:app")
    variables = {"FDB_CLUSTER_FILE": "file:contacts.fdb", "FDB_EMBEDDED_FAULTS": "on"}

    def send(number: int) -> str:
        for _ in range(20):
            made = add(client, f"key {number}", name="N", email=f"{number}@x")
            if made.status_code == 201:
                return str(made.json()["number"])
        raise AssertionError(made.text)

    server = start(*command, **variables)
    with httpx.Client(base_url=address_of(server), trust_env=False) as client:
        with ThreadPoolExecutor(8) as pool:
            numbers = sorted(pool.map(send, range(40)))
    kill(server)

    server = start(*command, FDB_CLUSTER_FILE="file:contacts.fdb")
    with httpx.Client(base_url=address_of(server), trust_env=False) as client:
        found = client.get("/contacts", params={"size": 100}).json()["contacts"]
        assert [contact["number"] for contact in found] == numbers
        assert send(7) in numbers
    assert "shutdown complete" in end(server)
    with fdb.open(f"file:{tmp_path}/contacts.fdb") as db:  # nobody else has it open
        assert db.count((b"", b"\xff")) > 40
