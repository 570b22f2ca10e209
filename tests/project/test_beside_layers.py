"""Packages that require the official `foundationdb` are installed beside this one, and run on it."""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess
import zipfile

import pytest

from helpers.paths import ROOT
from helpers.processes import run
from helpers.wheels import build_wheel, new_environment

#: A published layer whose requirement is `foundationdb`, in any version.
LAYER = "gateaux==0.2"
OFFICIAL = "foundationdb==7.4.8"

LAYER_JOB = ROOT / "tests" / "peers" / "gateaux_job.py"
WHOSE = (
    "import fdb; from importlib.metadata import files; "
    "print(hasattr(fdb, 'ClientLibrary'), len([f for f in files('foundationdb') if f.parts[0] == 'fdb']))"
)

pytestmark = pytest.mark.slow


@pytest.fixture
def shelf(wheel: pathlib.Path, shim_wheel: pathlib.Path, tmp_path: pathlib.Path) -> pathlib.Path:
    """A directory with both wheels, as `make build foundationdb-shim` leaves them in dist/."""
    directory = tmp_path / "dist"
    directory.mkdir()
    for path in (wheel, shim_wheel):
        shutil.copy(path, directory)
    return directory


def problems(python: pathlib.Path, folder: pathlib.Path) -> set[str]:
    """Returns what the doctor finds wrong with an environment, which has not got the extra for the command line."""
    command = [python, "-m", "fdb", "doctor", "--format", "json"]
    done = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, cwd=folder, timeout=120
    )
    found = {row["subject"] for row in json.loads(done.stdout) if row["level"] == "problem"}
    assert done.returncode == (1 if found else 0) and done.stderr == ""
    return found


def test_the_stand_in_holds_metadata_alone(shim_wheel: pathlib.Path) -> None:
    with zipfile.ZipFile(shim_wheel) as archive:
        assert all(".dist-info/" in name for name in archive.namelist())
        (metadata,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        text = archive.read(metadata).decode()
    assert "\nName: foundationdb\n" in text
    assert "\nVersion: 7.4.8+cffi\n" in text
    assert "\nRequires-Dist: foundationdb-cffi\n" in text


def test_the_stand_in_can_have_the_version_that_a_layer_wants(tmp_path: pathlib.Path) -> None:
    source = ROOT / "shims" / "foundationdb"
    built = build_wheel(source, tmp_path, FOUNDATIONDB_VERSION="7.3.79")
    assert built.name.startswith("foundationdb-7.3.79+cffi-")


def test_a_layer_installed_with_the_stand_in_runs_on_this_package(
    shelf: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    python = new_environment(tmp_path / "env", "--find-links", shelf, *shelf.glob("*.whl"))
    run(python, "-m", "pip", "install", "--quiet", LAYER, cwd=tmp_path)
    run(python, "-m", "pip", "check", cwd=tmp_path)
    assert run(python, "-c", WHOSE, cwd=tmp_path).split() == ["True", "0"]
    assert run(python, LAYER_JOB, cwd=tmp_path).startswith("gateaux: thermometers")


def test_a_constraint_makes_pip_take_the_stand_in(
    shelf: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("foundationdb==7.4.8+cffi\n")
    options = ["--find-links", shelf, "--constraint", constraints]
    python = new_environment(tmp_path / "env", *options, LAYER)
    assert run(python, "-c", WHOSE, cwd=tmp_path).split() == ["True", "0"]
    assert run(python, LAYER_JOB, cwd=tmp_path).startswith("gateaux: thermometers")


def test_the_way_back_after_the_official_package_was_installed_over_this_one(
    shelf: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    (ours,) = shelf.glob("foundationdb_cffi-*.whl")
    python = new_environment(tmp_path / "env", ours)
    pip = [python, "-m", "pip"]
    run(*pip, "install", "--quiet", OFFICIAL, cwd=tmp_path)
    assert run(python, "-c", WHOSE, cwd=tmp_path).split()[0] == "False", "no accident any more"
    assert problems(python, tmp_path) >= {"distributions", "package-files"}
    run(*pip, "uninstall", "--quiet", "--yes", "foundationdb", cwd=tmp_path)
    assert "package-files" in problems(python, tmp_path)
    run(*pip, "install", "--quiet", "--find-links", shelf, "foundationdb==7.4.8+cffi", cwd=tmp_path)
    options = ["--force-reinstall", "--no-deps", "--find-links", shelf]
    run(*pip, "install", "--quiet", *options, "foundationdb-cffi", cwd=tmp_path)
    assert run(python, "-c", WHOSE, cwd=tmp_path).split() == ["True", "0"]
    assert problems(python, tmp_path) == set()
    run(*pip, "install", "--quiet", LAYER, cwd=tmp_path)
    assert run(python, LAYER_JOB, cwd=tmp_path).startswith("gateaux: thermometers")
