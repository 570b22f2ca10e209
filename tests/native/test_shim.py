"""native/shim/ without Python, under sanitizers."""

from __future__ import annotations

import os
import pathlib
import subprocess

import pytest

from helpers.compilers import c_compiler
from helpers.paths import HEADERS, ROOT


def build(sources: list[str], output: pathlib.Path, sanitizer: str, *flags: str) -> None:
    """Compiles with a sanitizer; skips the test if the compiler has none."""
    command = [
        *c_compiler(),
        f"-fsanitize={sanitizer}",
        *("-std=gnu11", "-g", "-O1", "-Wall", "-Wextra", *flags),
        f"-I{ROOT / 'native'}",
        f"-I{HEADERS}",
        *(str(ROOT / source) for source in sources),
        *("-o", str(output), "-pthread", "-ldl"),
    ]
    built = subprocess.run(command, capture_output=True, text=True)
    if built.returncode != 0 and "sanitize" in built.stderr:
        pytest.skip(f"the compiler has no {sanitizer} sanitizer")
    assert built.returncode == 0, built.stderr


@pytest.mark.parametrize("sanitizer", ["thread", "address,undefined"])
def test_waiting_from_many_threads(tmp_path: pathlib.Path, sanitizer: str) -> None:
    program, library = tmp_path / "shim_stress", tmp_path / "libstub.so"
    build(["tests/helpers/stub_libfdb_c.c"], library, sanitizer, "-shared", "-fPIC")
    build(
        ["tests/native/shim_stress.c", "native/shim/library.c", "native/shim/wait.c"],
        program,
        sanitizer,
    )
    environment = {
        **os.environ,
        "TSAN_OPTIONS": "halt_on_error=1",
        "ASAN_OPTIONS": "detect_leaks=0",  # a library is never unloaded
    }
    outcome = subprocess.run(
        [str(program), str(library)], capture_output=True, text=True, timeout=120, env=environment
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
