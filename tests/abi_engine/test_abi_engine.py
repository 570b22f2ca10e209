"""The C ABI of the embedded engine, from C programs at the present and at older versions."""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess

import pytest

import fdb.embedded
from helpers.compilers import link_with_libfdb_c
from helpers.paths import HEADERS
from helpers.processes import run

HERE = pathlib.Path(__file__).resolve().parent
CURRENT = ["life_cycle.c", "futures.c", "transactions.c", "cluster.c", "faults.c"]
OLD_VERSIONS = [13, 14, 22, 23, 300, 600, 610, 620]

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")


def compile_program(source: str, version: int, directory: pathlib.Path) -> pathlib.Path:
    """Compiles a test program against our headers, linked with the engine as libfdb_c."""
    program = directory / f"{pathlib.Path(source).stem}{version}"
    command = ["gcc", "-std=c11", "-D_DEFAULT_SOURCE", "-Wall", "-Wextra", "-Werror", "-g"]
    command += [f"-DFDB_API_VERSION={version}", f"-I{HEADERS}", str(HERE / source)]
    command += [*link_with_libfdb_c(fdb.embedded.libdir()), "-o", str(program)]
    run(*command)
    return program


def run_case(program: pathlib.Path, case: str, argument: str = "memory:") -> None:
    """Runs one case in a process of its own; the database is empty there."""
    command = [str(program), case, argument]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stdout) == (0, "ok\n"), result.stderr


def cases_of(source: str) -> list[str]:
    """Returns the names in a program's table of cases, of which there are some."""
    cases = re.findall(r'\{\s*"(\w+)",\s*\1\s*\}', (HERE / source).read_text())
    assert cases, f"no cases were found in {source}"
    return cases


@pytest.fixture(scope="session")
def current_programs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pathlib.Path]:
    directory = tmp_path_factory.mktemp("abi")
    return {source: compile_program(source, 740, directory) for source in CURRENT}


@pytest.mark.parametrize(
    ("source", "case"), [(source, case) for source in CURRENT for case in cases_of(source)]
)
def test_newest_version(current_programs: dict[str, pathlib.Path], source: str, case: str) -> None:
    run_case(current_programs[source], case)


@pytest.mark.parametrize("case", cases_of("files.c"))
def test_files(case: str, tmp_path: pathlib.Path) -> None:
    run_case(compile_program("files.c", 740, tmp_path), case, str(tmp_path / "app.fdb"))


@pytest.mark.parametrize("version", OLD_VERSIONS)
def test_old_version(version: int, tmp_path: pathlib.Path) -> None:
    program = compile_program("legacy.c", version, tmp_path)
    for case in cases_of("legacy.c"):
        run_case(program, case)
