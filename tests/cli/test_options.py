"""Which database a command works on."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator
from typing import Any

import click
import pytest

import fdb
import fdb.embedded
from fdb._cli.main import run
from fdb._cli.options import database_options, format_option, yes_option


@click.command()
@database_options()
@format_option
@yes_option
@click.argument("key")
def probe(db: fdb.Database | fdb.Tenant, key: str, format: str, yes: bool) -> None:
    """A command that says what it was given."""
    defaults = db.defaults
    print(
        json.dumps(
            {
                "tenant": isinstance(db, fdb.Tenant),
                "value": bytes(db[key.encode()]).decode(),
                "timeout": None if defaults is None else defaults.timeout,
                "format": format,
                "yes": yes,
            }
        )
    )


@pytest.fixture
def name(plant, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    plant(probe)
    monkeypatch.delenv("FDB_CLUSTER_FILE", raising=False)
    name = fdb.embedded.unique()
    with fdb.open(name) as db:
        db[b"k"] = b"v"
        yield name


def probed(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert run(arguments) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_options_before_and_behind_the_command(name: str, capsys) -> None:
    behind = probed(capsys, "probe", "k", "-C", name, "--timeout", "3", "--format", "json", "--yes")
    assert behind == {"tenant": False, "value": "v", "timeout": 3.0, "format": "json", "yes": True}
    before = probed(capsys, "-C", name, "--timeout", "2", "probe", "k")
    assert before == {"tenant": False, "value": "v", "timeout": 2.0, "format": "text", "yes": False}
    # The nearer one counts.
    both = probed(capsys, "-C", "memory:other", "--timeout", "2", "probe", "k", "--cluster", name)
    assert both["value"] == "v" and both["timeout"] == 2.0


def test_the_default_is_that_of_the_program(name: str, capsys, monkeypatch) -> None:
    monkeypatch.setenv("FDB_CLUSTER_FILE", name)
    assert probed(capsys, "probe", "k")["value"] == "v"


def test_tenants(name: str, capsys) -> None:
    db = fdb.open(name)
    assert isinstance(db, fdb.Database)
    fdb.tenant_management.create_tenant(db, b"shop")
    tenant = db.open_tenant(b"shop")
    tenant[b"k"] = b"of the shop"
    found = probed(capsys, "probe", "k", "-C", name, "--tenant", "shop")
    assert found["tenant"] and found["value"] == "of the shop"
    assert run(["probe", "k", "-C", name, "--tenant", "none"]) == 1
    line = capsys.readouterr().err
    assert line.startswith("error: cannot open the tenant none: ") and line.count("\n") == 1


@pytest.mark.parametrize(
    "cluster", ["nonsense:", "file:", "/no/such/file", "file:/no/such/folder/x"]
)
def test_strings_that_open_nothing(name: str, capsys, cluster: str) -> None:
    assert run(["probe", "k", "-C", cluster]) == 1
    line = capsys.readouterr().err
    assert line.startswith("error: ") and line.count("\n") == 1


@click.command()
@database_options(reads=True)
def look(db: fdb.Database) -> None:
    """A command that only reads."""
    print(bytes(db[b"k"]).decode())


def test_a_command_that_reads_leaves_files_as_they_are(
    plant, capsys, tmp_path: pathlib.Path
) -> None:
    plant(look)
    for name in ("app.fdb", "what?.fdb"):
        path = tmp_path / name
        string = f"file:{path}{'?' if '?' in name else ''}"
        assert run(["look", "-C", string]) == 1
        line = capsys.readouterr().err
        assert f"there is no file {path}" in line and line.count("\n") == 1
        assert list(tmp_path.glob("*")) == []
        with fdb.open(string) as db:
            db[b"k"] = b"v"
            assert run(["look", "-C", string]) == 0  # open already, with what it was opened with
        before = path.read_bytes()
        assert run(["look", "-C", string]) == 0
        assert capsys.readouterr().out == "v\nv\n"
        assert path.read_bytes() == before
        for left in tmp_path.glob("*"):
            left.unlink()


@pytest.mark.parametrize(
    "arguments",
    [
        ("probe", "k", "--timeout", "nan"),
        ("--timeout", "inf", "probe", "k"),
        ("probe", "k", "--timeout", "1e30"),
        ("probe", "k", "--timeout", "0"),
        ("ping", "--interval", "nan"),
        ("bench", "--seconds", "nan"),
        ("doctor", "--timeout", "nan"),
    ],
)
def test_times_that_are_none(name: str, capsys, arguments: tuple[str, ...]) -> None:
    assert run(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and "error: invalid value for '--" in shown.err


def test_the_file_of_a_database_is_no_cluster_file(plant, tmp_path: pathlib.Path, capsys) -> None:
    plant(probe)
    path = tmp_path / "t.fdb"
    with fdb.open(f"file:{path}") as db:
        db[b"k"] = b"v"
    assert run(["probe", "k", "-C", str(path)]) == 1
    assert capsys.readouterr().err.endswith(
        f"t.fdb is no cluster file but a database's: type file:{path}\n"
    )
