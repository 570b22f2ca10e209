"""fdb/_doctor/children.py: what children answer, and what is made of those that do not."""

from __future__ import annotations

import pathlib
import sys

import pytest

from fdb._doctor.children import Answer, ask


def planted(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, init: str, probes: str = ""
) -> None:
    """Puts a package of another content first on the path of modules."""
    folder = tmp_path / "fdb" / "_doctor"
    folder.mkdir(parents=True)
    (tmp_path / "fdb" / "__init__.py").write_text(init)
    (folder / "__init__.py").write_text("")
    (folder / "probes.py").write_text(probes)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])


def test_facts(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted(tmp_path, monkeypatch, "print('noise')", "def double(n): return {'is': n * 2}")
    assert ask("double", 30, n=21) == Answer({"is": 42}, "", "", None)


def test_errors(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted(tmp_path, monkeypatch, "raise ImportError('broken on purpose')")
    assert ask("anything", 30) == Answer({}, "broken on purpose", "ImportError", None)


def test_a_child_that_crashes(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted(tmp_path, monkeypatch, "import os; os.kill(os.getpid(), 9)")
    assert ask("anything", 30).error == "the process was ended by SIGKILL"


def test_a_child_that_leaves(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    end = "import os, sys; sys.stderr.write('going\\n'); sys.stderr.flush(); os._exit(3)"
    planted(tmp_path, monkeypatch, end)
    assert ask("anything", 30).error == "the process ended with status 3: going"


def test_a_child_that_hangs(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted(tmp_path, monkeypatch, "import threading; threading.Event().wait()")
    assert ask("anything", 0.2) == Answer({}, "no answer within 0.2 s", "", None)


def test_no_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert "/nowhere/python cannot be started" in ask("anything", 30).error
