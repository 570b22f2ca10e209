"""What each peer does: the programs that `run.py` and the tests start."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from node_peer import node_job  # noqa: E402
from official import (  # noqa: E402
    BUILD,
    OFFICIAL,
    OFFICIAL_73,
    ROOT,
    Peer,
    PeerFailed,
    library_directory,
    run,
)

ROUNDTRIP = ROOT / "tests" / "abi" / "roundtrip.c"
#: Those at which the header declares something else.
HEADER_VERSIONS = (
    *(13, 14, 22, 23, 100, 200, 300, 400, 410, 420, 430, 440, 450, 460, 500, 510, 520),
    *(600, 610, 620, 630, 700, 710, 720, 730, 740),
)
HEADERS = ROOT / "vendor" / "fdb_c_headers"
FOUND = Peer(
    "found",
    ("asyncio-foundationdb==0.12.0", "cffi", "setuptools", "pytest<9", "pytest-asyncio<0.24"),
)
LAYERS = (
    "gateaux==0.2",
    "fdb-record-layer==0.1.0b2",
    "protobuf<6",
    # What asyncio-foundationdb 0.13.0 needs; its own archive lacks two files and is completed first.
    *("setuptools>=68", "cffi>=1.16", "aiostream", "loguru", "uuid7", "typing-extensions>=4.12"),
    *("more-itertools>=10.8,<11", "zstandard", "pytest<9", "pytest-asyncio<0.24"),
)
LAYERS_OFFICIAL = Peer("layers", ("foundationdb==7.4.8", *LAYERS))
LAYERS_OURS = Peer("layers-ours", LAYERS, ours=True)


def official_job(peer: Peer, api_version: int, database: str = "memory:official-job") -> str:
    return run([str(peer.ensure()), str(HERE / "official_job.py"), str(api_version), database])


def installed(python: str, package: str) -> Path:
    """The directory of a package in an environment."""
    find = "import importlib.util as u, sys; print(u.find_spec(sys.argv[1]).submodule_search_locations[0])"
    return Path(run([python, "-c", find, package]))


def found_tests(python: str) -> str:
    """Runs the job for asyncio-foundationdb and the package's own tests; their last line."""
    job = run([python, str(HERE / "found_job.py")], FDB_CLUSTER_FILE="memory:found")
    # The settings of this project's own tests are none of theirs, though the environment lies below it.
    options = ["-q", "-c", os.devnull, "-p", "no:cacheprovider", "-o", "asyncio_mode=auto"]
    command = [python, "-m", "pytest", *options, str(installed(python, "found") / "tests.py")]
    own = run(command, FDB_CLUSTER_FILE="memory:found-tests")
    return f"{job}; its own tests: {own.splitlines()[-1]}"


def found_job() -> str:
    """asyncio-foundationdb 0.12, its cffi module compiled against our headers and library."""
    python = str(FOUND.ensure())
    run([python, str(HERE / "build_found.py"), str(HEADERS), library_directory()])
    return found_tests(python)


def layers(peer: Peer) -> str:
    """The Python of an environment with the layers, asyncio-foundationdb 0.13 among them."""
    python = str(peer.ensure())
    if not (peer.directory / "found.stamp").exists():
        tree = peer.unpack("asyncio-foundationdb==0.13.0")
        cdef = str(ROOT / "native" / "generated" / "cdef.h")
        run([python, str(HERE / "complete_found.py"), str(tree), cdef])
        variables = {"FDB_INCLUDE_DIR": str(HEADERS), "FDB_LIB_DIR": library_directory()}
        peer.install("--no-build-isolation", "--no-deps", str(tree), **variables)
        (peer.directory / "found.stamp").touch()
    return python


def layer_job(peer: Peer, program: str) -> str:
    return run([layers(peer), str(HERE / program)])


def layer_found_job(peer: Peer) -> str:
    return found_tests(layers(peer))


def compiled(source: str, compiler: str, flag: str, database: str) -> str:
    """Compiles a program as a user of the library would, and runs it on a database."""
    BUILD.mkdir(exist_ok=True)
    program = str(BUILD / f"peer-{source.replace('.', '-')}")
    libraries = library_directory()
    command = [compiler, flag, "-Wall", "-Wextra", "-Werror", f"-I{HEADERS}", str(HERE / source)]
    run([*command, "-o", program, f"-L{libraries}", "-lfdb_c", "-pthread"])
    return run([program, database])


def c_program(database: str = "memory:c") -> str:
    return compiled("program.c", os.environ.get("CC", "cc"), "-std=c11", database)


def cpp_program(database: str = "memory:cpp") -> str:
    return compiled("program.cc", os.environ.get("CXX", "c++"), "-std=c++17", database)


def on_a_file(work: Callable[[str], str]) -> str:
    """What a job prints on a database in a file that was not there before."""
    with tempfile.TemporaryDirectory() as directory:
        return work(f"file:{directory}/peer.fdb")


def c90_program() -> str:
    """Compiles one program as old C at every version of the header, and runs each."""
    flags = ("-std=c90", "-Wall", "-Werror", f"-I{HEADERS}")
    for version in HEADER_VERSIONS:
        program = str(BUILD / f"peer-c90-{version}")
        link = [f"-L{library_directory()}", "-lfdb_c", "-pthread", "-o", program]
        compiler = os.environ.get("CC", "cc")
        run([compiler, *flags, f"-DFDB_API_VERSION={version}", str(ROUNDTRIP), *link])
        printed = run([program, f"memory:c90-{version}"])
        if printed != "ok":
            raise PeerFailed(f"header version {version}: {printed}")
    return f"C90: write, read and range at {len(HEADER_VERSIONS)} versions of the header"


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
    layered = [
        job
        for fdb, peer in (("foundationdb 7.4.8", LAYERS_OFFICIAL), ("our fdb", LAYERS_OURS))
        for job in (
            Job(f"gateaux 0.2 on {fdb}", lambda p=peer: layer_job(p, "gateaux_job.py")),
            Job(
                f"fdb-record-layer 0.1.0b2 on {fdb}",
                lambda p=peer: layer_job(p, "record_layer_job.py"),
            ),
            Job(f"asyncio-foundationdb 0.13.0 beside {fdb}", lambda p=peer: layer_found_job(p)),
        )
    ]
    return [
        Job("C program", c_program),
        Job("C++ program", cpp_program),
        *(
            Job(f"{name} on a file", lambda w=work: on_a_file(w))
            for name, work in (
                ("C program", c_program),
                ("C++ program", cpp_program),
                ("foundationdb 7.4.8", lambda database: official_job(OFFICIAL, 740, database)),
            )
        ),
        Job("C90 program at every version of the header", c90_program),
        *official,
        Job("foundationdb 7.3.79 at API 730", lambda: official_job(OFFICIAL_73, 730)),
        Job("asyncio-foundationdb 0.12.0", found_job),
        *layered,
        Job("npm foundationdb 2.0.1", node_job),
    ]
