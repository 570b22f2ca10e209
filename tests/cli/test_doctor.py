"""`fdb doctor` as a whole: with the extra and without, and where the package is broken."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

import fdb.__main__
from fdb._cli.main import run
from fdb._doctor import command_line
from fdb._doctor.finding import Finding, ok, problem
from helpers.installations import install
from helpers.paths import ROOT
from helpers.processes import surroundings_removed
from helpers.terminal import Terminal
from helpers.tools import needs, picture

#: Runs the doctor as if the folders that are its arguments were those of somebody else.
ELSEWHERE = """
import sys
from fdb._doctor import command_line

def examine(*arguments, real=command_line.examine):
    for finding in real(*arguments):
        text = finding.text
        for folder in sys.argv[1:]:
            text = text.replace(folder, "/home/ada/shop")
        yield finding._replace(text=text)

command_line.examine = examine
sys.exit(command_line.main([]))
"""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What the examination was asked for; it finds a problem."""
    given: list[object] = []

    def examine(*arguments: object) -> Iterator[Finding]:
        given.extend(arguments)
        yield ok("a", "good")
        yield problem("b", "bad", "do")

    monkeypatch.setattr(command_line, "examine", examine)
    return given


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["doctor"], [None, None, 5.0]),
        (["doctor", "-C", "memory:", "--api-version", "630"], ["memory:", 630, 5.0]),
        (["-C", "memory:", "--timeout", "2", "doctor"], ["memory:", None, 2.0]),
    ],
)
def test_what_it_looks_at(
    asked: list[object],
    arguments: list[str],
    expected: list[object],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(arguments) == 1
    assert asked == expected
    assert capsys.readouterr().out.splitlines()[-2:] == ["         -> do", "1 problem"]


def test_for_programs(asked: list[object], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--format", "json"]) == 1
    assert [row["subject"] for row in json.loads(capsys.readouterr().out)] == ["a", "b"]


def test_without_the_extra(
    asked: list[object], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fdb.__main__, "NEEDED", ("no_such_library",))
    assert fdb.__main__.main(["doctor", "-C", "memory:"]) == 1
    assert asked == ["memory:", None, 5.0] and "bad" in capsys.readouterr().out


@pytest.fixture
def site(tmp_path: pathlib.Path) -> pathlib.Path:
    """A copy of the package in a folder of its own."""
    site = tmp_path.resolve() / "site"
    shutil.copytree(
        ROOT / "fdb",
        site / "fdb",
        ignore=shutil.ignore_patterns("__pycache__", "include", "static"),
    )
    return site


def test_its_picture(tmp_path: pathlib.Path) -> None:
    """On a terminal: what is wrong with a cluster that is not there."""
    needs("pexpect")
    needs("pyte")
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        (tmp_path / "fdb.cluster").write_text(
            f"shop:Ab12@127.0.0.1:{bound.getsockname()[1]},127.0.0.1:9\n"
        )
        with Terminal(
            [sys.executable, "-c", ELSEWHERE, str(tmp_path), str(ROOT)],
            columns=100,
            rows=24,
            cwd=tmp_path,
        ) as terminal:
            assert terminal.wait() == 1
            shown = terminal.text()
            assert "PROBLEM  coordinators: 0 of 2 take connections" in shown
            assert "Ab12" not in shown
            terminal.picture(picture("doctor.svg", tmp_path), "fdb doctor")


def python(site: pathlib.Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    environment = {**surroundings_removed(os.environ), "PYTHONPATH": str(site)}
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, cwd=site.parent, env=environment
    )


def test_a_broken_build(site: pathlib.Path) -> None:
    """The error of the import says how to run the doctor, and that says what is broken."""
    for extension in (site / "fdb" / "_native").glob("extension.*.so"):
        extension.write_bytes(b"no library")
    done = python(site, "-m", "fdb", "doctor")
    advice = done.stderr.splitlines()[-1]
    assert done.returncode == 1 and advice.startswith("ImportError: ")
    command = advice.rpartition("this says how: python ")[2]
    assert command == f"{site}/fdb/__main__.py doctor"
    done = python(site, *command.split())
    assert done.returncode == 1 and done.stderr == ""
    assert "PROBLEM  import: import fdb fails: ImportError: " in done.stdout
    assert done.stdout.splitlines()[-1].startswith("1 problem")


def test_an_extension_for_another_python(site: pathlib.Path) -> None:
    for extension in (site / "fdb" / "_native").glob("extension.*.so"):
        extension.unlink()
    done = python(site, site / "fdb" / "__main__.py", "doctor")
    assert "PROBLEM  extensions: fdb._native.extension was not built for this Python" in done.stdout
    assert "No module named 'fdb._native.extension'" in done.stdout
    assert python(site, site / "fdb" / "__main__.py", "ping").returncode == 2


@pytest.mark.parametrize("init", ["LATEST_API_VERSION = 740\n", None])
def test_the_official_package_over_this_one(site: pathlib.Path, init: str | None) -> None:
    """Installed, and removed again, which takes a file away. -S: the package of these tests is not to be seen."""
    ours = {path.relative_to(site).as_posix(): None for path in (site / "fdb").glob("*.py")}
    install(site, "foundationdb-cffi", "0.1.0", ours)
    install(site, "foundationdb", "7.4.8", {"fdb/__init__.py": init or ""})
    if init is None:
        (site / "fdb" / "__init__.py").unlink()
        shutil.rmtree(site / "foundationdb-7.4.8.dist-info")
    done = python(site, "-S", "-m", "fdb", "doctor", "--format", "json")
    assert done.returncode == 1 and done.stderr == ""
    rows = json.loads(done.stdout)
    wrong = {row["subject"]: row["text"] for row in rows if row["level"] == "problem"}
    assert "fdb/__init__.py (" in wrong["package-files"]
    assert "import" in wrong
    if init is not None:
        assert "foundationdb 7.4.8 and foundationdb-cffi 0.1.0" in wrong["distributions"]
