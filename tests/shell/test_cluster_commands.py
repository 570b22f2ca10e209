"""fdb/_shell/cluster_commands.py: status, versions, tenants."""

from __future__ import annotations

import json

import pytest

import fdb
from fdb._shell.cluster_commands import availability, tenant_names
from fdb._shell.session import CommandError
from helpers.shells import Shell


def test_the_status(shell: Shell) -> None:
    assert shell.run("status minimal") == ["The database is available."]
    document = json.loads("\n".join(shell.run("status json")))
    assert document["client"]["database_status"]["available"]
    summary = shell.run("status")
    assert any(line.split() == ["health", "available"] for line in summary)
    assert len(shell.run("status details")) == len(summary)
    with pytest.raises(CommandError, match="Usage: status"):
        shell.run("status fine")


@pytest.mark.parametrize(
    ("available", "healthy", "text"),
    [
        (True, True, "The database is available."),
        (True, False, "The database is available, but has issues"),
        (False, None, "The database is unavailable"),
        (None, None, "The database is unavailable"),
    ],
)
def test_what_is_said_of_a_database(
    available: bool | None, healthy: bool | None, text: str
) -> None:
    state = {"available": available, "healthy": healthy}
    document = {"client": {"database_status": {k: v for k, v in state.items() if v is not None}}}
    assert availability(fdb.Status.parse(json.dumps(document))).startswith(text)


def test_versions(shell: Shell) -> None:
    (version,) = shell.run("getversion")
    assert int(version) > 0
    first, second = shell.run("begin; getversion; getversion")[1:]
    assert first == second
    shell.run("rollback")


def test_tenants_are_made_used_and_deleted(shell: Shell) -> None:
    assert shell.run("listtenants") == ["The cluster has no tenants"]
    assert shell.run("createtenant one; tenant create two") == [
        "The tenant `one' has been created",
        "The tenant `two' has been created",
    ]
    assert shell.run("listtenants") == ["  1. one", "  2. two"]
    assert shell.run("tenant list p u") == ["  1. two"]
    assert shell.run("tenant list u v") == ["The cluster has no tenants in the specified range"]
    assert shell.run("listtenants a z 1") == ["  1. one"]
    assert tenant_names(shell.session, b"", 10) == [b"one", b"two"]
    assert shell.run("usetenant") == ["Using the default tenant"]
    assert shell.run("usetenant one; usetenant") == ["Using tenant `one'"] * 2
    shell.run("set a b")
    assert shell.db.open_tenant(b"one")[b"a"] == b"b"
    assert shell.db[b"a"] is None
    assert shell.run("get a") == ["`a' is `b'"]
    (known,) = (line for line in shell.run("gettenant one") if "id" in line)
    assert int(known.split(":")[1]) >= 0
    with pytest.raises(CommandError, match="in use"):
        shell.run("deletetenant one")
    assert shell.run("defaulttenant") == ["Using the default tenant"]
    assert shell.run("get a") == ["`a': not found"]
    with pytest.raises(fdb.FDBError) as refused:
        shell.run("deletetenant one")
    assert refused.value.code == fdb.ErrorCode.tenant_not_empty
    shell.run("usetenant one; clear a; defaulttenant; tenant delete one")
    assert shell.run("listtenants") == ["  1. two"]


def test_a_tenant_stays_the_same_within_a_transaction(shell: Shell) -> None:
    shell.run("createtenant one; begin")
    for text in ("usetenant one", "defaulttenant", "createtenant x", "deletetenant one"):
        with pytest.raises(CommandError, match="while a transaction is open"):
            shell.run(text)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("usetenant gone", "The tenant `gone' does not exist"),
        ("gettenant gone", "The tenant `gone' does not exist"),
        ("listtenants b a", "end must be larger than begin"),
        ("listtenants a b 0", "invalid limit `0'"),
        ("tenant rename a b", "Usage: tenant"),
        ("tenant create", "Usage: createtenant"),
    ],
)
def test_what_cannot_be_done_is_said(shell: Shell, text: str, error: str) -> None:
    with pytest.raises(CommandError, match=error):
        shell.run(text)


def test_a_shell_on_a_tenant_knows_no_database(shell: Shell) -> None:
    shell.run("createtenant one")
    inside = Shell(shell.db.open_tenant(b"one"))
    inside.run("set a b")
    assert inside.run("get a") == ["`a' is `b'"]
    for text in ("status", "usetenant one", "listtenants"):
        with pytest.raises(CommandError, match="opened on a tenant"):
            inside.run(text)
