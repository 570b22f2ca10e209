"""`fdb status`."""

from __future__ import annotations

import json

import pytest

import fdb
import fdb.embedded
from fdb._cli.main import run


def test_a_summary(memory_name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with fdb.open(memory_name):
        assert run(["status", "-C", memory_name]) == 0
    lines = dict(line.split(None, 1) for line in capsys.readouterr().out.splitlines())
    assert lines["health"] == "available" and lines["data"].startswith("healthy; 0 B in keys")
    assert lines["coordinators"].endswith("  reachable") and "storage" in lines["processes"]


@pytest.mark.parametrize("arguments", [["--json"], ["--format", "json"], ["--format", "jsonl"]])
def test_the_document(
    memory_name: str, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    with fdb.open(memory_name) as db:
        assert run(["status", "-C", memory_name, *arguments]) == 0
        document = json.loads(capsys.readouterr().out)
        assert document.keys() == db.status().raw.keys()


def test_a_database_that_does_not_answer(
    prompt_name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with fdb.open(prompt_name) as db:
        fdb.embedded.set_latency(db, 60, 60)
        assert run(["status", "-C", prompt_name, "--timeout", "0.05"]) == 1
        fdb.embedded.set_latency(db, None)
    assert capsys.readouterr().err == (
        "error: the database did not answer within 0.05 s; fdb doctor looks for the reason\n"
    )


def test_a_database_that_cannot_be_used(
    memory_name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    document = {"client": {"database_status": {"available": False}}}
    monkeypatch.setattr(fdb.Database, "status", lambda *_: fdb.Status(document))
    with fdb.open(memory_name):
        assert run(["status", "-C", memory_name]) == 1
        shown = capsys.readouterr()
        assert "NOT AVAILABLE" in shown.out and "fdb doctor" in shown.err
        assert run(["status", "-C", memory_name, "--json"]) == 1
        assert json.loads(capsys.readouterr().out) == document


def test_documents_that_nobody_can_read(
    memory_name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fdb.Database, "status", lambda *_: fdb.Status.parse("7"))
    with fdb.open(memory_name):
        assert run(["status", "-C", memory_name]) == 1
    assert "cannot be read: a status document is a JSON object" in capsys.readouterr().err


def test_a_tenant_has_none(memory_name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with fdb.open(memory_name) as db:
        fdb.tenant_management.create_tenant(db, b"t")
        for command in ("status", "ping"):
            assert run([command, "-C", memory_name, "--tenant", "t"]) == 2
            assert "leave out --tenant" in capsys.readouterr().err
