"""`fdb get`, `set`, `range`, `count` as they are typed."""

from __future__ import annotations

import io
import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import fdb
import fdb.tuple
from fdb import tenant_management
from fdb._cli.main import run
from helpers.terminal import Terminal

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def shop(memory_name: str, monkeypatch: pytest.MonkeyPatch) -> fdb.Database:
    """The database of the commands, with some rows in directories."""
    monkeypatch.setenv("FDB_CLUSTER_FILE", memory_name)
    db = fdb.open(memory_name)
    users = fdb.directory.create(db, ("shop", "users"))
    db[b"hello"] = b"world\x00"
    for name in ("alice", "bob", "carol"):
        db[users[name]] = json.dumps({"name": name}).encode()
    for number in range(250):
        db[fdb.tuple.pack(("n", number))] = number.to_bytes(8, "little")
    return db


def done(capsys: Captured, *arguments: str) -> tuple[str, str]:
    """Runs a command that succeeds; returns its output, and what it says besides."""
    assert run(arguments) == 0, capsys.readouterr().err
    return capsys.readouterr()  # type: ignore[return-value]


def refused(capsys: Captured, code: int, *arguments: str) -> str:
    """Runs a command that fails; returns its line."""
    assert run(arguments) == code
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    return err


def test_get(shop: fdb.Database, capsys: Captured) -> None:
    assert done(capsys, "get", "hello") == ("world\\x00\n", "")
    assert done(capsys, "get", "/shop/users('bob',)") == ('{"name": "bob"}\n', "")
    assert done(capsys, "get", "('n', 7)", "--as", "int").out == "7\n"  # type: ignore[attr-defined]
    assert "there is no key nobody; fdb range nobody" in refused(capsys, 1, "get", "nobody")
    assert "there is no directory /none" in refused(capsys, 1, "get", "/none('a')")
    assert "is no json: world" in refused(capsys, 1, "get", "hello", "--as", "json")
    assert "leave out --as" in refused(capsys, 2, "get", "hello", "--raw", "--as", "hex")
    assert "never closed" in refused(capsys, 2, "get", "('a'")


def test_get_for_programs(shop: fdb.Database, capsys: Captured) -> None:
    out, _ = done(capsys, "get", "/shop/users('bob')", "--as", "json", "--format", "json")
    found = json.loads(out)
    assert found["shown"] == "/shop/users('bob',)" and found["value"] == {"name": "bob"}
    assert found["tuple"].endswith(", 'bob')") and found["key"].endswith("\\x02bob\\x00")
    out, _ = done(capsys, "get", "hello", "--format", "jsonl")
    assert json.loads(out) == {"key": "hello", "shown": "hello", "value": "world\\x00"}
    refused(capsys, 1, "get", "hello", "--as", "json", "--format", "json")


def test_values_from_elsewhere(
    shop: fdb.Database, capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert done(capsys, "set", "a", "x\\x00y") == ("", "")
    assert shop[b"a"] == b"x\x00y"
    done(capsys, "set", "('a', 1)", "('b', 2.5)")
    assert shop[fdb.tuple.pack(("a", 1))] == fdb.tuple.pack(("b", 2.5))
    done(capsys, "set", "--as", "int", "--", "a", "-5")
    assert shop[b"a"] == (-5).to_bytes(8, "little", signed=True)
    file = tmp_path / "value"
    file.write_bytes(b"\x00\xff\n")
    done(capsys, "set", "a", "--file", str(file))
    assert shop[b"a"] == b"\x00\xff\n"
    assert "no text" in refused(capsys, 2, "set", "a", "--file", str(file), "--as", "hex")
    file.write_bytes(b"00ff\n")
    done(capsys, "set", "a", "--file", str(file), "--as", "hex")
    assert shop[b"a"] == b"\x00\xff"
    stdin = io.TextIOWrapper(io.BytesIO(b"from stdin"))
    monkeypatch.setattr(sys, "stdin", stdin)
    done(capsys, "set", "a", "--file", "-")
    assert shop[b"a"] == b"from stdin"
    file.write_bytes(bytes(100_001))
    assert "100,000 bytes at most" in refused(capsys, 1, "set", "a", "--file", str(file))
    assert "give the VALUE" in refused(capsys, 2, "set", "a")
    assert "give the VALUE" in refused(capsys, 2, "set", "a", "b", "--file", str(file))
    assert "no such file" in refused(capsys, 2, "set", "a", "--file", str(file) + "none").lower()
    assert "is no JSON" in refused(capsys, 2, "set", "a", "{", "--as", "json")
    assert "outside legal range (2004)" in refused(capsys, 1, "set", "\\xff", "b")
    assert shop[b"a"] == b"from stdin"


def test_a_range_in_a_pipe(shop: fdb.Database, capsys: Captured) -> None:
    out, err = done(capsys, "range", "/shop/users")
    assert (out, err) == (
        '/shop/users(\'alice\',)\t{"name": "alice"}\n/shop/users(\'bob\',)\t{"name": "bob"}\n'
        '/shop/users(\'carol\',)\t{"name": "carol"}\n',
        "",
    )
    out, _ = done(capsys, "range", "/shop/users", "--reverse", "--keys-only", "--limit", "2")
    assert out == "/shop/users('carol',)\n/shop/users('bob',)\n"
    assert done(capsys, "range", "('none',)") == ("", "")
    out, _ = done(capsys, "range", "('n',)", "--from", "('n', 248)", "--as", "int")
    assert out == "('n', 248)\t248\n('n', 249)\t249\n"
    out, _ = done(capsys, "range", "--from", "('n', 1)", "--to", "('n', 2)", "--as", "json")
    assert out == "('n', 1)\t\\x01" + "\\x00" * 7 + "\n"
    out, _ = done(capsys, "range", "hello", "--as", "text")
    assert out == "hello\tworld\\x00\n"


def test_a_value_of_several_lines_stays_in_its_own(shop: fdb.Database, capsys: Captured) -> None:
    shop[b"hello"] = b"a\\\n\tb"
    assert done(capsys, "range", "hello", "--as", "text") == ("hello\ta\\\\\\n\\tb\n", "")
    assert done(capsys, "range", "hello") == ("hello\ta\\\\\\x0a\\x09b\n", "")


@pytest.mark.parametrize("reverse", [False, True])
def test_how_to_see_more(shop: fdb.Database, capsys: Captured, reverse: bool) -> None:
    """Whoever does what the line says sees every row once."""
    way = ["--reverse"] if reverse else []
    seen: list[str] = []
    more: list[str] = []
    for limit in (100, 100, 50):
        out, err = done(capsys, "range", "('n',)", "--keys-only", *way, *more)
        seen += out.splitlines()
        assert len(out.splitlines()) == limit
        if limit == 100:
            assert err.startswith("100 rows; --limit 0 shows all, ")
            more = shlex.split(err.split(", ", 1)[1].removesuffix(" goes on here\n"))
        else:
            assert err == ""
    numbers = [f"('n', {number})" for number in range(250)]
    assert seen == (numbers[::-1] if reverse else numbers)
    out, err = done(capsys, "range", "('n',)", "--limit", "0", "--format", "jsonl")
    assert len(out.splitlines()) == 250 and err == ""


def test_a_range_for_programs(shop: fdb.Database, capsys: Captured) -> None:
    out, _ = done(capsys, "range", "('n', 1)", "--as", "int", "--format", "json")
    assert json.loads(out) == [
        {"key": "\\x02n\\x00\\x15\\x01", "shown": "('n', 1)", "tuple": "('n', 1)", "value": 1}
    ]
    out, _ = done(capsys, "range", "hello", "--as", "json", "--format", "jsonl")
    assert json.loads(out) == {
        "key": "hello",
        "shown": "hello",
        "value": "world\\x00",
        "form": "auto",
    }
    assert json.loads(done(capsys, "range", "none", "--format", "json")[0]) == []


def test_bounds_that_are_none(shop: fdb.Database, capsys: Captured) -> None:
    line = refused(capsys, 2, "range", "/shop/users", "--from", "('bob',)")
    assert "('bob',) is not in /shop/users: type keys of a directory with its path" in line
    line = refused(capsys, 2, "range", "/shop/users", "--to", "('bob',)")
    assert "comes behind" in line or "is not in" in line
    assert "b comes behind a" in refused(capsys, 2, "count", "--from", "b", "--to", "a")
    assert "comes behind the last key" in refused(capsys, 2, "range", "--from", "\\xff\\xff")
    assert "not in what is stored" in refused(capsys, 2, "range", "--to", "\\xff\\xff")
    refused(capsys, 2, "range", "--limit", "-1")


def test_count(shop: fdb.Database, capsys: Captured) -> None:
    assert done(capsys, "count", "('n',)") == ("250\n", "")
    assert done(capsys, "count", "('n',)", "--from", "('n', 240)", "--consistent") == ("10\n", "")
    assert done(capsys, "count", "none") == ("0\n", "")
    found = json.loads(done(capsys, "count", "/shop/users", "--format", "json")[0])
    assert found == {"rows": 3, "bytes": sum(len(k) + len(v) for k, v in users_of(shop))}


def users_of(db: fdb.Database) -> list[fdb.KeyValue]:
    return db.get_range_startswith(fdb.directory.open(db, ("shop", "users")).key())


def test_directories_that_cannot_be_read_hide_no_rows(shop: fdb.Database, capsys: Captured) -> None:
    shop[b"\xfe\x01\xfe\x00\x01version\x00"] = b"\x02" + bytes(11)
    assert done(capsys, "range", "hello") == ("hello\tworld\\x00\n", "")


def test_bytes_as_they_are(tmp_path: Path) -> None:
    """In a process of its own, where bytes leave it."""
    with fdb.open(f"file:{tmp_path}/raw.fdb") as db:
        db[b"raw"] = b"\x00\r\n\xff"
    command = [sys.executable, "-m", "fdb", "-C", f"file:{tmp_path}/raw.fdb", "get", "raw", "--raw"]
    ended = subprocess.run(command, capture_output=True, timeout=60, check=True)
    assert (ended.stdout, ended.stderr) == (b"\x00\r\n\xff", b"")
    with Terminal(command) as terminal:
        terminal.expect("^error: the value is no text, and a terminal would obey its bytes")
        assert terminal.wait() == 1


def test_who_has_seen_enough_is_told_nothing(tmp_path: Path) -> None:
    """As `head` closes the pipe; more rows than one holds."""
    name = f"file:{tmp_path}/many.fdb?sync=off"
    with fdb.open(name) as db:
        db.write_in_batches((fdb.tuple.pack((number,)), bytes(100)) for number in range(2_000))
    command = [sys.executable, "-m", "fdb", "-C", name, "range", "--limit", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline().startswith(b"(0,)\t")
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) != 0


def test_a_tenant(shop: fdb.Database, capsys: Captured) -> None:
    tenant_management.create_tenant(shop, b"green")
    tenant = shop.open_tenant(b"green")
    fdb.directory.create(tenant, "leaves")
    tenant[b"hello"] = b"from green"
    assert done(capsys, "get", "hello", "--tenant", "green") == ("from green\n", "")
    done(capsys, "--tenant", "green", "set", "/leaves(1)", "x")
    assert done(capsys, "range", "/leaves", "--tenant", "green") == ("/leaves(1,)\tx\n", "")
    assert done(capsys, "tree", "--tenant", "green")[0].startswith("/leaves\t\t")
    assert done(capsys, "clear", "--under", "/leaves", "--yes", "--tenant", "green")[0].startswith(
        "cleared 1 row ("
    )
    assert shop[b"hello"] == b"world\x00"
    assert "tenant none" in refused(capsys, 1, "get", "hello", "--tenant", "none")
