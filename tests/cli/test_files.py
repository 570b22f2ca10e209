"""`fdb check`, `backup`, `compact` and `info`."""

from __future__ import annotations

import json
import pathlib

import pytest

import fdb
import fdb.embedded
from fdb._cli.main import run
from fdb.embedded import command_line


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "app.fdb"
    name = fdb.embedded.unique()
    with fdb.open(name) as db:
        db.write_in_batches((b"%06d" % number, b"v" * 100) for number in range(2000))
        fdb.embedded.save(db, path)
    fdb.embedded.drop(name)
    return path


def test_a_backup_and_its_check(path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = path.parent / "copy.fdb"
    assert run(["backup", str(path), str(copy)]) == 0
    shown = capsys.readouterr()
    assert "2,005" in shown.out and str(copy) in shown.out and shown.err == ""
    assert run(["check", f"file:{copy}"]) == 0
    assert "problem" not in capsys.readouterr().out


def test_reports_are_those_of_the_module(
    path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `python -m fdb.embedded` prints them."""
    for tool in ("info", "check"):
        assert run([tool, str(path)]) == command_line.main([tool, str(path)]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[: len(lines) // 2] == lines[len(lines) // 2 :]


def test_reports_as_json(path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    for tool in ("info", "check", "compact"):
        assert run([tool, str(path), "--format", "json"]) == 0
        report = json.loads(capsys.readouterr().out)
        assert report["path"] == str(path.resolve())
    assert 0 < report["bytes_after"] <= report["bytes_before"]


def test_damage(path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = bytearray(path.read_bytes())
    content[content.index(b"v" * 80)] ^= 1
    path.write_bytes(content)
    assert run(["check", str(path)]) == 1
    assert "problem: " in capsys.readouterr().out
    assert run(["check", str(path), "--format", "jsonl"]) == 1
    assert json.loads(capsys.readouterr().out)["ok"] is False
    copy = path.parent / "copy.fdb"
    assert run(["backup", str(path), str(copy)]) == 1
    assert f"{path} is damaged, and so is {copy}" in capsys.readouterr().err


def test_errors_are_one_line(path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    (path.parent / "text").write_text("hello")
    for arguments, reason in (
        (["info", path.parent / "none"], "No such file or directory: "),
        (["check", path.parent / "text"], "another kind"),
        (["compact", path.parent], "is a directory"),
        (["backup", path, path], "File exists"),
        (["info", "file:"], "no path"),
    ):
        assert run([str(each) for each in arguments]) == 1, arguments
        line = capsys.readouterr().err
        assert line.startswith("error: ") and reason in line and line.count("\n") == 1
    assert run(["info"]) == 2 and not (path.parent / "copy").exists()


def test_a_file_that_is_in_use(path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    with fdb.open(f"file:{path}"):
        assert run(["check", str(path)]) == 1
    assert "(1529)" in capsys.readouterr().err


@pytest.mark.parametrize("tool", ["check", "compact", "info", "backup"])
def test_a_database_in_memory_is_no_file(capsys: pytest.CaptureFixture[str], tool: str) -> None:
    assert run([tool, "memory:x", *(["copy"] if tool == "backup" else [])]) == 2
    assert "memory:x is in the memory of one process, and no file" in capsys.readouterr().err
