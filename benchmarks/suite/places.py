"""Where a row's programs come from: this package, the official one, and programs in C, all on one library."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from suite.measure import Failed, Timed, Worker

BENCHMARKS = Path(__file__).resolve().parents[1]
ROOT = BENCHMARKS.parent
BUILD = ROOT / "build" / "bench"
WORKER = str(BENCHMARKS / "measured.py")
#: A directory without a folder "fdb", which `python -c` would import for both packages.
NEUTRAL = BENCHMARKS
OFFICIAL_REQUIREMENTS = ("foundationdb==7.4.8", "gevent")

sys.path += [str(ROOT / name) for name in ("tests", "tests/peers", "tools")]

from official import Peer, PeerUnavailable, library_directory  # noqa: E402

from helpers.compilers import c_compiler, link_with_libfdb_c  # noqa: E402
from helpers.paths import HEADERS  # noqa: E402

FDB_VARIABLES = ("FDB_CLUSTER_FILE", "FDB_LIBRARY_PATH", "FDB_LOCAL_CLIENT_LIBRARY_PATH")
#: With the last, modules would be compiled at each start, unless an installer has compiled them.
PYTHON_VARIABLES = ("PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE")


@dataclass
class Places:
    """Makes the sources of rows. `official_python` gives the Python of the official package; None leaves it out.

    `database` is what all open, and `library` a vendor's libfdb_c to use instead of the engine (a cluster).
    """

    official_python: Callable[[], str] | None = None
    database: str = "memory:bench"
    library: Path | None = None
    scale: float = 1.0
    large: bool = False  # also what takes minutes
    pairs: tuple[int, ...] = (200_000,)  # in files
    directory: Path | None = None  # for files
    programs: dict[str, Path] = field(default_factory=dict)

    def ours(self, module: str, row: str, package: str = "ours") -> Worker:
        """A worker of this package, or of another store that is compared with it."""
        return Worker(self._worker(sys.executable, package, module, row), self._own(), NEUTRAL)

    def official(self, module: str, row: str) -> dict[str, Worker]:
        """A column for the official package, none if it is left out."""
        if self.official_python is None:
            return {}
        command = self._worker(self.official_python(), "official", module, row)
        return {"official": Worker(command, self._vendor(), NEUTRAL)}

    def c(self, program: str, *arguments: str) -> Worker:
        """A worker that is a program of `benchmarks/`, in C."""
        command = [str(self.build(program)), self.database, str(self.scale), *arguments]
        return Worker(command, self._vendor(), NEUTRAL)

    def start(self, text: str) -> tuple[Timed, dict[str, Timed]]:
        """A program in Python whose whole run counts, with this package, and with the official one."""

        def timed(python: str, environment: dict[str, str]) -> Timed:
            empty = [python, "-c", "pass"]
            return Timed([python, "-c", text], empty, environment, NEUTRAL, times=5)

        other = self.official_python
        columns = {} if other is None else {"official": timed(other(), self._vendor())}
        return timed(sys.executable, self._own()), columns

    def build(self, program: str) -> Path:
        """Compiles `benchmarks/PROGRAM.c` and links it with the library; once in a run. Raises Failed."""
        if program not in self.programs:
            BUILD.mkdir(parents=True, exist_ok=True)
            made = BUILD / program
            link = link_with_libfdb_c(str(self.library_directory()))
            source = str(BENCHMARKS / f"{program}.c")
            command = [*c_compiler(), "-O2", f"-I{HEADERS}", source, "-o", str(made), *link]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise Failed(f"{' '.join(command)}\n{done.stderr}")
            self.programs[program] = made
        return self.programs[program]

    def library_directory(self) -> Path:
        """Where a file libfdb_c.so is, that of the vendor or ours."""
        if self.library is None:
            return Path(library_directory())
        directory = BUILD / "vendor"
        directory.mkdir(parents=True, exist_ok=True)
        link = directory / "libfdb_c.so"
        link.unlink(missing_ok=True)
        link.symlink_to(self.library.resolve())
        return directory

    def _worker(self, python: str, package: str, module: str, row: str) -> list[str]:
        options = ["--package", package, "--database", self.database, "--scale", str(self.scale)]
        return [python, WORKER, *options, module, row]

    def _own(self) -> dict[str, str]:
        environment = _without((*FDB_VARIABLES, PYTHON_VARIABLES[-1]))
        if self.library is not None:
            environment["FDB_LIBRARY_PATH"] = str(self.library)
        return environment

    def _vendor(self) -> dict[str, str]:
        environment = _without((*FDB_VARIABLES, *PYTHON_VARIABLES))
        environment["LD_LIBRARY_PATH"] = str(self.library_directory())
        return environment


def _without(names: tuple[str, ...]) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in names}


@functools.cache
def official_python() -> str:
    """The Python of an environment with the official package, made when it is not there. Raises Failed."""
    try:
        return str(Peer("bench-official", OFFICIAL_REQUIREMENTS).ensure())
    except PeerUnavailable as problem:
        raise Failed(f"{problem}\n--without-official leaves its columns out") from problem
