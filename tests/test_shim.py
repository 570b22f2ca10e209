"""native/shim*.c without Python, under sanitizers."""

from __future__ import annotations

import os
import pathlib
import shlex
import subprocess
import sysconfig
from collections.abc import Callable

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("sanitizer", ["thread", "address,undefined"])
def test_waiting_from_many_threads(
    build_stub: Callable[..., str], tmp_path: pathlib.Path, sanitizer: str
) -> None:
    compiler = shlex.split(sysconfig.get_config_var("CC") or "cc")
    program = tmp_path / "shim_stress"
    command = [
        *compiler,
        f"-fsanitize={sanitizer}",
        "-std=gnu11",
        "-g",
        "-O1",
        "-Wall",
        "-Wextra",
        f"-I{ROOT / 'native'}",
        f"-I{ROOT / 'vendor' / 'fdb_c_headers'}",
        *(
            str(ROOT / name)
            for name in ("tests/shim_stress.c", "native/shim.c", "native/shim_wait.c")
        ),
        "-o",
        str(program),
        "-pthread",
        "-ldl",
    ]
    built = subprocess.run(command, capture_output=True, text=True)
    if built.returncode != 0 and "sanitize" in built.stderr:
        pytest.skip(f"the compiler has no {sanitizer} sanitizer")
    assert built.returncode == 0, built.stderr
    # The vendor's side is the stub, compiled without the sanitizer: its own races are not the matter.
    environment = {
        **os.environ,
        "TSAN_OPTIONS": "halt_on_error=1",
        "ASAN_OPTIONS": "detect_leaks=0",
    }
    outcome = subprocess.run(
        [str(program), build_stub()], capture_output=True, text=True, timeout=120, env=environment
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
