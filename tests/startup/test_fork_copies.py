"""fdb/_startup/locate.py: the copy of the engine that a forked child loads, where files may not be executed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from helpers.paths import ROOT
from helpers.processes import RunPython

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

#: A parent that uses the engine, with a child and a grandchild that each have one of their own.
PROGRAM = """
import os, fdb
from fdb._startup import locate
fdb.api_version(740)
{prepare}

def child(generation):
    pid = os.fork()
    if pid != 0:
        return os.waitpid(pid, 0)[1]
    try:
        db = fdb.open("memory:x")
        assert db[b"k"] is None, db[b"k"]
        db[b"k"] = b"%d" % generation
        if generation < 3:
            assert child(generation + 1) == 0
        assert db[b"k"] == b"%d" % generation
        os._exit(0)
    except BaseException as error:
        print(error, flush=True)
        os._exit(1)

fdb.open("memory:x")[b"k"] = b"parent"
before = set(os.listdir(os.path.dirname(locate.EMBEDDED_PATH)))
print("status", child(1))
assert set(os.listdir(os.path.dirname(locate.EMBEDDED_PATH))) == before
"""


def program(*kept: str) -> str:
    if not kept:
        return PROGRAM.format(prepare="")
    return PROGRAM.format(
        prepare=f"for each in set(locate._COPIES) - {set(kept)!r}: del locate._COPIES[each]"
    )


@pytest.mark.parametrize(
    "place", ["in memory", "in the directory for temporary files", "beside the engine"]
)
def test_each_place_for_a_copy(run_python: RunPython, place: str) -> None:
    if place == "in memory" and not hasattr(os, "memfd_create"):
        pytest.skip("the system has no files in memory")
    done = run_python(program(place))
    assert done.stdout == "status 0\n"


def in_a_noexec_directory(code: str) -> subprocess.CompletedProcess[str]:
    """Runs a program with a TMPDIR whose files may not be executed."""
    unshare = shutil.which("unshare")
    mount = "mount -t tmpfs -o noexec none /mnt && export TMPDIR=/mnt"
    command = [unshare or "unshare", "--map-root-user", "--mount", "sh", "-c"]
    if unshare is None or subprocess.run([*command, mount], capture_output=True).returncode != 0:
        pytest.skip("mounting is not allowed here")
    return subprocess.run(
        [*command, f'{mount} && exec "$0" -c "$1"', sys.executable, code],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
    )


def test_temporary_files_that_may_not_be_executed() -> None:
    done = in_a_noexec_directory(program())
    assert done.stdout == "status 0\n", done.stdout + done.stderr
    done = in_a_noexec_directory(
        program("in the directory for temporary files", "beside the engine")
    )
    assert done.stdout == "status 0\n", done.stdout + done.stderr


def test_no_place_at_all() -> None:
    done = in_a_noexec_directory(program("in the directory for temporary files"))
    assert "in the directory for temporary files: " in done.stdout
    assert "Set TMPDIR to a directory" in done.stdout and "spawn" in done.stdout
