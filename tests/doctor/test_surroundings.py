"""fdb/_doctor/surroundings.py: the Python, the extras and the environment."""

from __future__ import annotations

import importlib.util
import pathlib
import platform
import re

import pytest

from fdb._doctor import surroundings
from helpers.paths import ROOT


def test_the_python(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = surroundings.python_findings()
    assert found.level == "ok" and platform.python_version() in found.text
    monkeypatch.setattr(platform, "python_implementation", lambda: "PyPy")
    (found,) = surroundings.python_findings()
    assert found.level == "problem" and "CPython 3.10" in (found.way_out or "")


def test_extras_that_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(importlib.util, "find_spec", lambda name: None if "r" in name else name)
        (missing,) = surroundings.extra_findings()
        patch.setattr(importlib.util, "find_spec", lambda name: name)
        (complete,) = surroundings.extra_findings()
    assert missing.level == "warning"
    assert missing.text.startswith("rich, prompt_toolkit, starlette, uvicorn not installed")
    assert missing.way_out == "python -m pip install 'foundationdb-cffi[cli]'"
    assert complete.level == "ok"


def test_the_extras_are_those_of_the_package() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    for extra, (modules, _) in surroundings._EXTRAS.items():
        found = re.search(rf"^{extra} = \[(.*?)\]", text, re.MULTILINE | re.DOTALL)
        assert found is not None
        names = re.findall(r'"([\w-]+)', found[1])
        assert sorted(name.replace("-", "_") for name in names) == sorted(modules)


def test_an_environment_without_surprises() -> None:
    quiet = {"HOME": "/", "FDB_EMBEDDED_LATENCY": "off", "FDB_EMBEDDED_FAULTS": ""}
    assert list(surroundings.environment_findings(quiet)) == []


def test_what_changes_databases(tmp_path: pathlib.Path) -> None:
    certificate = tmp_path / "cert.pem"
    certificate.write_text("")
    environment = {
        "FDB_EMBEDDED_FAULTS": "on",
        "FDB_TIMEOUT": "5",
        "FDB_TLS_CERTIFICATE_FILE": str(certificate),
        "FDB_TLS_KEY_FILE": str(tmp_path / "none.pem"),
        "FDB_NETWORK_OPTION_TLS_PASSWORD": "hush",
    }
    seen = list(surroundings.environment_findings(environment))
    for name in ("EXTERNAL_CLIENT_DIRECTORY", "EXTERNAL_CLIENT_LIBRARY"):
        variable = f"FDB_NETWORK_OPTION_{name}"
        (found, _) = surroundings.environment_findings({variable: "/nowhere"})
        assert found.level == "problem" and found.text.startswith(f"{variable} is '/nowhere'")
        there = tmp_path if name.endswith("DIRECTORY") else certificate
        assert len(list(surroundings.environment_findings({variable: str(there)}))) == 1
    assert [(each.level, each.text.split()[0]) for each in seen] == [
        ("warning", "FDB_EMBEDDED_FAULTS"),
        ("note", "FDB_TIMEOUT=5:"),
        ("problem", "FDB_TLS_KEY_FILE"),
        ("note", "options"),
    ]
    assert not any("hush" in each.text for each in seen)
