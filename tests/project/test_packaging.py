"""What a wheel contains, and that it works in an environment that has nothing else."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import zipfile

import pytest

import build_wheels
import fdb.embedded
import release_check
from build_engine import library_paths
from helpers.compilers import c_compiler, link_with_libfdb_c
from helpers.paths import ROOT
from helpers.processes import run
from release_check import Installation

SUFFIX = ".dylib" if sys.platform == "darwin" else ".so"


@pytest.mark.slow
def test_the_wheel_contains_the_engine_the_headers_and_the_type_marker(wheel: pathlib.Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        sizes = {info.filename: info.file_size for info in archive.infolist()}
    headers = {path.name for path in (ROOT / "vendor/fdb_c_headers/foundationdb").iterdir()}
    modules = {path.name for path in (ROOT / "fdb").glob("*.py")}
    assert {f"fdb/{name}" for name in modules} <= names
    kit = {path.name for path in (ROOT / "fdb" / "testing").glob("*.py")}
    assert {"fdb_pytest.py", *(f"fdb/testing/{name}" for name in kit)} <= names
    assert {f"fdb/embedded/include/foundationdb/{name}" for name in headers} <= names
    assert "fdb/py.typed" in names
    page = {path.name for path in (ROOT / "fdb" / "_browse" / "static").iterdir()}
    assert {"index.html", *page} == {
        name.rpartition("/")[2] for name in names if name.startswith("fdb/_browse/static/")
    }
    engines = library_paths(pathlib.Path("fdb/embedded"), wheel=True)
    assert {str(path) for path in engines} == {name for name in names if "libfdb_" in name}
    assert all(100_000 < sizes[str(path)] < 3_000_000 for path in engines)
    for extension in ("_native/_cffi", "_native/extension", "_tuple/codec"):
        assert any(name.startswith(f"fdb/{extension}.") and "so" in name for name in names), (
            extension
        )


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads ELF files")
def test_no_library_in_the_wheel_has_lines_of_source(
    wheel: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    with zipfile.ZipFile(wheel) as archive:
        libraries = [name for name in archive.namelist() if name.endswith(SUFFIX)]
        archive.extractall(tmp_path, libraries)
    assert len(libraries) == 4
    for library in libraries:
        sections = run("readelf", "--sections", "--wide", tmp_path / library, cwd=tmp_path)
        assert ".debug_line" not in sections, library


@pytest.mark.slow
def test_wheel_and_sdist_are_fit_for_a_release(wheel: pathlib.Path, tmp_path: pathlib.Path) -> None:
    for tool in ("auditwheel", "build", "check_wheel_contents", "twine"):
        pytest.importorskip(tool)
    if sys.platform.startswith("linux"):
        wheel = build_wheels.repaired(wheel, tmp_path)
        assert "linux_" in wheel.name and "-linux_" not in wheel.name  # many or musl
    sdist = release_check.make_sdist(tmp_path)
    release_check.check_description(sdist, wheel)
    for path in (sdist, wheel):
        release_check.check_size(path)
    release_check.check_sdist(sdist, release_check.tracked_files())
    release_check.check_wheel(wheel)


@pytest.fixture(scope="module")
def installation(wheel: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An environment that has the wheel and what that needs, and no compiler."""
    made = Installation(tmp_path_factory.mktemp("installation"), compilers=False)
    made.pip("install", "--only-binary=:all:", wheel)
    return made


@pytest.fixture
def environment(installation: Installation) -> pathlib.Path:
    """The Python of that environment."""
    return installation.bin / "python"


@pytest.mark.slow
def test_the_wheel_works_in_an_empty_environment(
    installation: Installation, environment: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    installation.check_use()
    libdir = run(environment, "-m", "fdb.embedded", "--libdir", cwd=tmp_path).strip()
    includedir = run(environment, "-m", "fdb.embedded", "--includedir", cwd=tmp_path).strip()
    assert libdir.startswith(str(installation.directory))
    link = [*link_with_libfdb_c(libdir), "-o", "program"]
    program = ROOT / "tests" / "peers" / "program.c"
    run(*c_compiler(), "-std=c11", f"-I{includedir}", program, *link, cwd=tmp_path)
    assert run(tmp_path / "program", cwd=tmp_path).startswith("C: 400 increments")


@pytest.mark.slow
def test_the_wheel_uninstalls(installation: Installation, wheel: pathlib.Path) -> None:
    installation.uninstall()
    installation.pip("install", "--only-binary=:all:", wheel)  # the other tests need it


@pytest.mark.slow
def test_the_command_line_of_the_wheel(environment: pathlib.Path, tmp_path: pathlib.Path) -> None:
    script = environment.parent / "fdb"
    bare = subprocess.run([script, "ping"], capture_output=True, text=True, cwd=tmp_path)
    assert bare.returncode == 1
    assert bare.stderr.count("\n") == 1 and "foundationdb-cffi[cli]" in bare.stderr
    run(environment, "-m", "pip", "install", "--quiet", "foundationdb-cffi[cli]", cwd=tmp_path)
    run(script, "-C", "file:a.fdb", "set", "('a', 1)", "b", cwd=tmp_path)
    assert run(script, "-C", "file:a.fdb", "range", "('a',)", cwd=tmp_path) == "('a', 1)\tb\n"
    assert run(environment, "-m", "fdb", "--version", cwd=tmp_path) == run(
        script, "--version", cwd=tmp_path
    )


# The suite of a stranger, which imports nothing of the test kit.
SUITE = """
def test(fdb_db, fdb_space, fdb_faults):
    fdb_faults.add("not_committed", nth=1)
    fdb_db[fdb_space.pack((1,))] = b"v"
    assert fdb_faults.injected == {"not_committed": 1}
"""


@pytest.mark.slow
def test_pytest_finds_the_fixtures_of_the_wheel(
    environment: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    run(environment, "-m", "pip", "install", "--quiet", "pytest", cwd=tmp_path)
    (tmp_path / "test_suite.py").write_text(SUITE)
    printed = run(environment, "-m", "pytest", "-p", "no:cacheprovider", cwd=tmp_path)
    assert "1 passed" in printed
    code = "import fdb; print(fdb.testing.__file__)"
    assert str(environment.parent.parent) in run(environment, "-c", code, cwd=tmp_path)


def test_the_installed_package_is_typed_and_has_its_engine() -> None:
    package = pathlib.Path(fdb.__file__).parent
    assert (package / "py.typed").exists()
    assert pathlib.Path(fdb.embedded.library_path()).name == f"libfdb_embedded{SUFFIX}"
    assert (pathlib.Path(fdb.embedded.libdir()) / f"libfdb_c{SUFFIX}").exists()
    assert (pathlib.Path(fdb.embedded.includedir()) / "foundationdb" / "fdb_c.h").exists()


def test_what_the_test_kit_is_used_with_is_an_extra() -> None:
    from importlib.metadata import requires

    needed = [
        text.partition(";")[0] for text in requires("foundationdb-cffi") or () if "testing" in text
    ]
    assert [text.strip() for text in needed] == ["pytest>=7.4", "hypothesis>=6.80"]


def test_the_version_is_in_one_place() -> None:
    from importlib.metadata import version

    from fdb._version import __version__

    assert fdb.__version__ == __version__ == version("foundationdb-cffi")
