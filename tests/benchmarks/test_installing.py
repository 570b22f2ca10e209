"""suite/counted.py and suite/wheels.py: instructions of programs, sizes of files, installations."""

from __future__ import annotations

import pathlib
import shutil
import sys
import zipfile

import pytest
from suite import wheels
from suite.counted import Counted
from suite.measure import Failed
from suite.wheels import Installed, Size

needs_valgrind = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("valgrind") is None, reason="it needs valgrind"
)


@needs_valgrind
def test_instructions_are_those_of_a_program_without_those_of_another() -> None:
    more, less = ["sh", "-c", "i=0; while [ $i -lt 50 ]; do i=$((i+1)); done"], ["sh", "-c", ":"]
    source = Counted(more, less)
    source.start()
    assert 10_000 < source.sample().amount < 100_000_000
    source.stop()


@needs_valgrind
def test_a_program_that_fails_is_not_counted() -> None:
    with pytest.raises(Failed, match="it is broken"):
        Counted(["sh", "-c", "echo it is broken; exit 3"], ["sh", "-c", ":"]).sample()


def test_without_valgrind_nothing_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Failed, match="valgrind is not installed"):
        Counted(["sh"], ["sh"]).start()


def test_a_size_is_that_of_the_file_which_is_made(tmp_path: pathlib.Path) -> None:
    def made() -> pathlib.Path:
        (tmp_path / "made").write_bytes(bytes(17))
        return tmp_path / "made"

    assert Size(made).sample().amount == 17


def wheel(directory: pathlib.Path) -> None:
    """A wheel that has one module, and needs nothing."""
    info = "thing-1.0.dist-info"
    with zipfile.ZipFile(directory / "thing-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("thing.py", "")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")


def test_a_wheel_is_installed_into_an_environment_of_its_own(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wheels, "WHEELS", tmp_path / "wheels")
    wheel(tmp_path)
    source = Installed(lambda: tmp_path, "thing")
    source.start()
    assert source.sample().amount > 0
    assert list((tmp_path / "wheels" / "environment").rglob("site-packages/thing.py"))
