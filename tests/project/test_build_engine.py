"""The engine's build: the user's flags are honoured, and only what changed is made again."""

from __future__ import annotations

import pathlib
import shutil
import sys
from typing import Any

import pytest

import build_engine
from helpers.processes import run

VARIABLES = ("CXX", "CPPFLAGS", "CXXFLAGS", "ARCHFLAGS", "LDFLAGS")
SOURCE = """
#if !defined(FROM_CPPFLAGS) || !defined(FROM_CXXFLAGS) || !defined(FROM_ARCHFLAGS)
#error "a flag of the environment is missing"
#endif
extern "C" __attribute__((visibility("default"))) int fdb_answer() { return FROM_CXXFLAGS; }
"""

pytestmark = [
    pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++"),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads ELF files"),
]


@pytest.fixture
def builder(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The build script, for an engine of one source in a directory of its own."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(build_engine, "ROOT", tmp_path)
    monkeypatch.setattr(build_engine, "ENGINE", tmp_path / "engine")
    (tmp_path / "engine" / "base").mkdir(parents=True)
    (tmp_path / "engine" / "base" / "answer.cc").write_text(SOURCE)
    monkeypatch.setenv("CPPFLAGS", "-DFROM_CPPFLAGS")
    monkeypatch.setenv("CXXFLAGS", "-DFROM_CXXFLAGS=41 '-DTEXT=two words'")
    monkeypatch.setenv("ARCHFLAGS", "-DFROM_ARCHFLAGS")
    return build_engine


def test_flags_of_the_environment_reach_the_compiler_and_the_linker(
    builder: Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LDFLAGS", "-Wl,-rpath,/where/the/user/says")
    builder.build_libraries(tmp_path / "out")
    for library in builder.library_paths(tmp_path / "out"):
        assert "[/where/the/user/says]" in run("readelf", "--dynamic", "--wide", library)


def test_a_library_without_a_needed_flag_does_not_build(
    builder: Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ARCHFLAGS")
    with pytest.raises(builder.BuildError, match="does not compile"):
        builder.build_libraries(tmp_path / "out")


def test_other_flags_make_what_depends_on_them_again(
    builder: Any,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def steps() -> set[str]:
        capsys.readouterr()
        builder.build_libraries(tmp_path / "out")
        return {line.split()[0] for line in capsys.readouterr().out.splitlines()}

    assert steps() == {"compile", "link"}
    assert steps() == set()
    monkeypatch.setenv("LDFLAGS", "-Wl,-z,now")
    assert steps() == {"link"}
    monkeypatch.setenv("CXXFLAGS", "-DFROM_CXXFLAGS=42")
    assert steps() == {"compile", "link"}
    assert steps() == set()


def test_a_wheel_gets_one_library_with_names_but_without_lines(
    builder: Any, tmp_path: pathlib.Path
) -> None:
    for name, wheel in (("developer", False), ("wheel", True)):
        builder.build_libraries(tmp_path / name, wheel=wheel)
        libraries = builder.library_paths(tmp_path / name, wheel=wheel)
        assert len(libraries) == (1 if wheel else 2)
        assert sorted((tmp_path / name).rglob("*.so")) == sorted(libraries)
        for library in libraries:
            sections = run("readelf", "--sections", "--wide", library)
            assert (".debug_line" in sections) is not wheel
            assert " .symtab " in sections
