"""The workflows of hosted CI: valid, careful with permissions, and about the same Pythons, targets and packages as everything else."""

from __future__ import annotations

import importlib.util
import os
import pathlib
import re
import shutil
import sys
from typing import Any

import pytest
import yaml

from helpers.paths import ROOT
from helpers.processes import run

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli")

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
#: Jobs that may ask for a proof of who they are, to publish something.
PUBLISHING = {("release", "publish"), ("docs", "publish")}


def tool(name: str) -> str:
    """The path of a program of the extra test-tools; where it is missing, only CI fails."""
    beside = pathlib.Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        assert "FDB_TESTS_IN_CI" not in os.environ, f"{name} is not installed"
        pytest.skip(f"needs {name}")
    return found


def workflow(name: str) -> dict[Any, Any]:
    return yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text())


def jobs() -> list[tuple[str, str, dict[str, Any]]]:
    """All jobs, with the names of their workflows and their own."""
    return [
        (path.stem, name, job)
        for path in WORKFLOWS
        for name, job in workflow(path.stem)["jobs"].items()
    ]


def steps() -> list[dict[str, Any]]:
    return [step for _, _, job in jobs() for step in job.get("steps", ())]


def commands() -> str:
    return "\n".join(step["run"] for step in steps() if "run" in step)


def configuration() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def supported() -> set[str]:
    """The versions of Python that the package says it supports."""
    found = (
        re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", text)
        for text in configuration()["project"]["classifiers"]
    )
    return {match[1] for match in found if match}


def test_there_are_workflows_for_all_that_a_release_needs() -> None:
    assert [path.stem for path in WORKFLOWS] == ["checks", "docs", "release", "wheels"]


def test_they_are_what_the_schema_says() -> None:
    run(tool("check-jsonschema"), "--builtin-schema", "vendor.github-workflows", *WORKFLOWS)


def test_a_broken_workflow_would_be_noticed(tmp_path: pathlib.Path) -> None:
    broken = tmp_path / "broken.yml"
    broken.write_text(WORKFLOWS[0].read_text().replace("runs-on:", "runs-at:"))
    with pytest.raises(AssertionError, match="runs-at"):
        run(tool("check-jsonschema"), "--builtin-schema", "vendor.github-workflows", broken)


def test_no_audit_finds_anything() -> None:
    config = ROOT / ".github" / "zizmor.yml"
    run(tool("zizmor"), "--offline", "--quiet", "--config", config, ROOT / ".github" / "workflows")


def test_a_careless_workflow_would_be_noticed(tmp_path: pathlib.Path) -> None:
    careless = tmp_path / "careless.yml"
    text = (ROOT / ".github" / "workflows" / "checks.yml").read_text()
    careless.write_text(text.replace("PYTHON=python", "PYTHON=${{ github.head_ref }}"))
    with pytest.raises(AssertionError, match="template-injection"):
        run(tool("zizmor"), "--offline", "--quiet", careless)


@pytest.mark.parametrize(("of", "name", "job"), jobs())
def test_a_job_may_do_no_more_than_it_has_to(of: str, name: str, job: dict[str, Any]) -> None:
    assert workflow(of)["permissions"] == {"contents": "read"}
    may = job.get("permissions", {})
    assert ("id-token" in may) is ((of, name) in PUBLISHING)
    assert {value for key, value in may.items() if key not in ("id-token", "pages")} <= {"read"}
    assert "uses" in job or "timeout-minutes" in job


def test_there_are_no_tokens() -> None:
    for path in WORKFLOWS:
        assert "secrets" not in path.read_text(), path
    (publish,) = (step for step in steps() if "pypi-publish" in step.get("uses", ""))
    assert "with" not in publish


def test_actions_are_pinned_by_their_major_version() -> None:
    used = [step["uses"] for step in steps() if "uses" in step]
    assert used
    for action in used:
        assert re.fullmatch(r"actions/[\w-]+@v\d+|pypa/[\w-]+@release/v\d+", action), action
        others = {other for other in used if other.partition("@")[0] == action.partition("@")[0]}
        assert others == {action}


def test_a_release_takes_what_the_wheels_workflow_has_left() -> None:
    assert "workflow_call" in workflow("wheels")[True]  # YAML 1.1 reads `on` as that
    assert workflow("release")["jobs"]["distributions"]["uses"] == "./.github/workflows/wheels.yml"
    left = {
        step["with"]["name"]
        for job in workflow("wheels")["jobs"].values()
        for step in job["steps"]
        if "upload-artifact" in step.get("uses", "")
    }
    assert left == {"distributions-${{ matrix.system }}", "distributions-sdist"}
    needed = workflow("release")["jobs"]["publish"]["steps"][0]["with"]
    assert needed == {"pattern": "distributions-*", "path": "dist", "merge-multiple": True}


def test_they_run_targets_and_files_that_there_are() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    used = set(re.findall(r"\bmake ([a-z-]+)", commands()))
    assert used == {"docs", "release-check", "test-quick"}
    assert used <= targets
    assert ".ci/run" in commands() and (ROOT / ".ci" / "run").exists()
    for path in workflow("wheels")[True]["pull_request"]["paths"]:
        assert (ROOT / path).exists(), path


def test_all_name_the_same_pythons() -> None:
    assert "3.14" in supported()
    built = configuration()["tool"]["cibuildwheel"]["build"].split()
    assert built == [f"cp{version.replace('.', '')}-*" for version in sorted(supported())]
    assert set(workflow("checks")["jobs"]["pythons"]["strategy"]["matrix"]["python"]) == supported()
    makefile = re.search(r"^PYTHONS \?= (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert makefile and set(makefile[1].split()) == {f"python{version}" for version in supported()}


def test_wheels_are_tested_with_what_does_not_find_the_sources() -> None:
    """A program that runs in the checkout imports its fdb, which has nothing that was built where wheels are."""
    commands = " ".join(configuration()["tool"]["cibuildwheel"]["test-command"])
    paths = [ROOT / name for name in re.findall(r"\{project\}/(\S+)", commands)]
    assert len(paths) > 3
    for path in paths:
        for source in [path] if path.is_file() else sorted(path.glob("test_*.py")):
            assert "run_python" not in source.read_text(), source


def test_the_image_has_what_the_checks_install() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    installed = re.search(r"--no-install-recommends \\\n(.*?)&&", dockerfile, re.DOTALL)
    assert installed
    packages = installed[1].replace("\\", "").split()
    assert packages == sorted(packages)
    asked = re.findall(r"install_system_packages ([^{\n]+)$", (ROOT / ".ci/run").read_text(), re.M)
    assert asked
    assert set(" ".join(asked).split()) <= set(packages)
    assert dockerfile.index("USER developer") > dockerfile.index("apt-get")


def test_the_tools_are_where_the_tests_of_ci_find_them() -> None:
    extra = " ".join(configuration()["project"]["optional-dependencies"]["test-tools"])
    for name in ("check-jsonschema", "zizmor", "foundationdb-cffi[release]"):
        assert name in extra
    assert importlib.util.find_spec("yaml") is not None
