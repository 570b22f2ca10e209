"""What each peer does: the programs that `run.py` and the tests start."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from official import (  # noqa: E402
    BUILD,
    OFFICIAL,
    OFFICIAL_73,
    ROOT,
    Peer,
    library_directory,
    library_environment,
)

PROGRAM_SECONDS = 120
HEADERS = ROOT / "vendor" / "fdb_c_headers"
FOUND = Peer(
    "found",
    ("asyncio-foundationdb==0.12.0", "cffi", "setuptools", "pytest<9", "pytest-asyncio<0.24"),
)


class PeerFailed(Exception):
    """A peer's program did not do its job; the text is what it printed."""


def run(command: list[str], **extra: str) -> str:
    """What the program printed; raises PeerFailed if it failed."""
    environment = {**library_environment(), **extra}
    try:
        done = subprocess.run(
            command,
            env=environment,
            cwd=BUILD,
            capture_output=True,
            text=True,
            timeout=PROGRAM_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise PeerFailed(f"{' '.join(command)}: no end after {late.timeout} s") from late
    if done.returncode != 0:
        text = f"{' '.join(command)}: status {done.returncode}\n{done.stdout}{done.stderr}"
        raise PeerFailed(text[-6000:])
    return done.stdout.strip()


def official_job(peer: Peer, api_version: int) -> str:
    return run([str(peer.ensure()), str(HERE / "official_job.py"), str(api_version)])


def found_python() -> str:
    """The interpreter that has asyncio-foundationdb with its cffi module compiled for the engine."""
    python = str(FOUND.ensure())
    run([python, str(HERE / "build_found.py"), str(HEADERS), library_directory()])
    return python


def found_job() -> str:
    python = found_python()
    job = run([python, str(HERE / "found_job.py")], FDB_CLUSTER_FILE="memory:found")
    find = "import importlib.util as u; print(u.find_spec('found').submodule_search_locations[0])"
    tests = Path(run([python, "-c", find])) / "tests.py"
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tests)]
    own = run(command, FDB_CLUSTER_FILE="memory:found-tests")
    return f"{job}; its own tests: {own.splitlines()[-1]}"


def compiled(source: str, compiler: str, *flags: str) -> str:
    """Compiles a program as a user of the library would, and runs it."""
    BUILD.mkdir(exist_ok=True)
    program = str(BUILD / f"peer-{source.replace('.', '-')}")
    libraries = library_directory()
    command = [compiler, *flags, "-Wall", "-Wextra", "-Werror", f"-I{HEADERS}", str(HERE / source)]
    run([*command, "-o", program, f"-L{libraries}", "-lfdb_c", "-pthread"])
    return run([program])


def c_program() -> str:
    return compiled("program.c", os.environ.get("CC", "cc"), "-std=c11")


def cpp_program() -> str:
    return compiled("program.cc", os.environ.get("CXX", "c++"), "-std=c++17")


@dataclass(frozen=True)
class Job:
    """A named thing to run, which returns what it printed."""

    name: str
    work: Callable[[], str]


def jobs() -> list[Job]:
    official = [
        Job(f"foundationdb 7.4.8 at API {version}", lambda v=version: official_job(OFFICIAL, v))
        for version in (740, 710, 620, 520, 300)
    ]
    return [
        Job("C program", c_program),
        Job("C++ program", cpp_program),
        *official,
        Job("foundationdb 7.3.79 at API 730", lambda: official_job(OFFICIAL_73, 730)),
        Job("asyncio-foundationdb 0.12.0", found_job),
    ]
