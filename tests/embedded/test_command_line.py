"""fdb/embedded/command_line.py: `python -m fdb.embedded`."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest

import fdb
import fdb.embedded
from fdb.embedded import command_line
from helpers.paths import ROOT


def run(*arguments: object, cwd: pathlib.Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fdb.embedded", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, cwd=cwd, stdin=subprocess.DEVNULL
    )


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "app.fdb"
    name = fdb.embedded.unique()
    db = fdb.open(name)
    for first in range(0, 2000, 500):
        tr = db.create_transaction()
        for number in range(first, first + 500):
            tr[b"%06d" % number] = b"v" * 100
        tr.commit().wait()
    fdb.embedded.save(db, path)
    fdb.embedded.drop(name)
    return path


def test_a_backup_and_its_check(path: pathlib.Path) -> None:
    done = run("backup", path, path.parent / "copy.fdb")
    assert done.returncode == 0, done.stderr
    assert "2,005" in done.stdout and str(path.parent / "copy.fdb") in done.stdout
    assert done.stderr.splitlines()[-1] == "backup: 100 %"
    done = run("check", path.parent / "copy.fdb")
    assert done.returncode == 0 and "problem" not in done.stdout


def test_reports_as_json(path: pathlib.Path) -> None:
    done = run("info", path, "--json")
    assert json.loads(done.stdout)["keys"] == 2005 and done.stderr == ""
    done = run("check", "--json", f"file:{path}")
    assert json.loads(done.stdout)["problems"] == []
    done = run("compact", "--json", path)
    report = json.loads(done.stdout)
    assert 0 < report["bytes_after"] <= report["bytes_before"]


def test_damage(path: pathlib.Path) -> None:
    content = bytearray(path.read_bytes())
    content[content.index(b"v" * 80)] ^= 1
    path.write_bytes(content)
    done = run("check", path)
    assert done.returncode == 1
    assert "problem: " in done.stdout and "Traceback" not in done.stderr
    done = run("check", path, "--json")
    assert done.returncode == 1 and json.loads(done.stdout)["ok"] is False


def test_errors_are_one_readable_line(path: pathlib.Path) -> None:
    (path.parent / "text").write_text("hello")
    for arguments, reason in (
        (["info", path.parent / "none"], "No such file"),
        (["check", path.parent / "text"], "another kind"),
        (["compact", path.parent], "is a directory"),
        (["backup", path, path], "File exists"),
        (["backup", path, path.parent / "none" / "copy"], "no directory"),
        (["backup", "memory:x", path.parent / "copy"], "in memory"),
        (["info", "file:"], "no path"),
    ):
        done = run(*arguments)
        assert done.returncode == 1 and done.stdout == "", arguments
        line = done.stderr.splitlines()[-1]
        assert line.startswith("error: ") and reason in line, line
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["check"],
        ["info", "a", "b"],
        ["backup", "a"],
        ["--libdir", "info", "a"],
        ["info", "a", "--what"],
    ],
)
def test_wrong_arguments(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == "" and "usage: python -m fdb.embedded" in done.stderr


def test_the_paths_of_the_engine() -> None:
    done = run("--libdir", "--includedir")
    assert done.stdout.splitlines() == [fdb.embedded.libdir(), fdb.embedded.includedir()]


def test_help_names_the_tools() -> None:
    done = run("--help")
    assert done.returncode == 0
    for tool in ("backup", "check", "compact", "info", "--libdir"):
        assert tool in done.stdout


def test_ctrl_c(
    path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(fdb.embedded, "check", interrupted)
    assert command_line.main(["check", str(path)]) == 1
    assert capsys.readouterr().err == "error: check was interrupted\n"


@pytest.mark.skipif(sys.platform == "darwin", reason="its file names are UTF-8")
def test_a_name_that_is_no_text(path: pathlib.Path) -> None:
    odd = os.fsencode(path.parent) + b"/\xff"
    os.rename(path, odd)
    command = [sys.executable, "-m", "fdb.embedded", "info", odd]
    done = subprocess.run(command, capture_output=True, timeout=60, cwd=ROOT)
    assert done.returncode == 0 and odd in done.stdout
