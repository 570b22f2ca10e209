"""Checks what a release consists of: a wheel and an sdist, each installed where there is nothing else.

Makes both of this tree, looks at them with twine and check-wheel-contents, and installs each into an environment of its own: the wheel
with no program on PATH but the environment's, so without a compiler, the sdist with pip and what README.md says that a build
needs. In each the doctor must find no problem, and a program must work, with a database in memory and in a file.
They stay in build/release/. Prints a line for each check; the exit status is 1 after the first that fails.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import venv
import zipfile
from collections.abc import Mapping

from build_engine import library_paths
from build_wheels import ROOT, WheelError, one_build, portable_wheel, run

OUTPUT = ROOT / "build" / "release"
#: The most that a file of a release may have; the sdist has recordings of real servers for the tests.
MOST_BYTES = {".whl": 6_000_000, ".gz": 10_000_000}
DISTRIBUTION = "foundationdb-cffi"
#: What is under version control and of no use in an sdist.
NOT_IN_SDIST = (".ci/", ".github/", ".git", ".clang-format")

# A program of a stranger: no source tree in sight, rows written and read in both kinds of program.
PROGRAM = """
import asyncio
import fdb, fdb.tuple
fdb.api_version(740)
db = fdb.open("memory:app")
db[b"hello"] = b"world"
assert db[b"hello"] == b"world"

@fdb.transactional
def count(tr):
    tr.add(b"counter", (1).to_bytes(8, "little"))

for turn in range(10):
    count(db)
people = fdb.directory.create_or_open(db, ("people",))
db[people.pack(("Ada", 1815))] = fdb.tuple.pack((1, 2.5, None))
assert [people.unpack(row.key) for row in db[people.range()]] == [("Ada", 1815)]

async def read():
    async_db = fdb.open("memory:app", event_model="asyncio")
    return await async_db[b"counter"]

assert asyncio.run(read()) == (10).to_bytes(8, "little")
for turn in range(2):
    with fdb.open("file:app.fdb") as durable:
        count(durable)
with fdb.open("file:app.fdb") as durable:
    assert durable[b"counter"] == (2).to_bytes(8, "little")
print(fdb.__file__)
"""


def say(what: str, started: float | None = None) -> None:
    """Prints that a check has passed, and how long that took."""
    took = "" if started is None else f" ({time.monotonic() - started:.1f} s)"
    print(f"ok  {what}{took}", flush=True)


def require(holds: bool, text: str) -> None:
    """Raises WheelError with a text unless something holds."""
    if not holds:
        raise WheelError(text)


def check_size(path: pathlib.Path) -> None:
    """Raises WheelError for a file that is too large for one release among many."""
    size, most = path.stat().st_size, MOST_BYTES[path.suffix]
    require(size <= most, f"{path.name} has {size:,} bytes: {most:,} are the most")
    say(f"{path.name}: {size / 1e6:.2f} MB")


def make_sdist(directory: pathlib.Path) -> pathlib.Path:
    """Makes the sdist in an environment that has what pyproject.toml names; returns its path."""
    with one_build():
        run(sys.executable, "-m", "build", "--sdist", "--outdir", directory, ROOT)
    (sdist,) = directory.glob("*.tar.gz")
    return sdist


def tracked_files() -> list[str]:
    """The files under version control; none where this is no checkout."""
    if not (ROOT / ".git").exists():
        return []
    return run("git", "-C", ROOT, "ls-files").splitlines()


def check_sdist(sdist: pathlib.Path, tracked: list[str]) -> None:
    """Raises WheelError if the sdist lacks a file that is tracked, or has something that was built."""
    with tarfile.open(sdist) as archive:
        names = {member.name.partition("/")[2] for member in archive if member.isfile()}
    missing = [name for name in tracked if name not in names and not name.startswith(NOT_IN_SDIST)]
    require(not missing, f"{sdist.name} lacks {', '.join(missing)}")
    built = [name for name in names if name.endswith((".so", ".dylib", ".o", ".pyc"))]
    require(not built, f"{sdist.name} has what a build makes: {', '.join(built)}")
    say(f"{sdist.name} has {len(names)} files, nothing that is built")


def check_wheel(wheel: pathlib.Path) -> None:
    """Raises WheelError unless the wheel has the engine once, and libraries without lines of source."""
    run(sys.executable, "-m", "check_wheel_contents", "--config", ROOT / "pyproject.toml", wheel)
    with zipfile.ZipFile(wheel) as archive:
        engines = {name for name in archive.namelist() if "libfdb_" in name}
    wanted = {str(path) for path in library_paths(pathlib.Path("fdb/embedded"), wheel=True)}
    require(engines == wanted, f"{wheel.name} has {engines}, not {wanted}")
    say(f"{wheel.name}: check-wheel-contents, one copy of the engine")


def check_description(*paths: pathlib.Path) -> None:
    """Raises WheelError if an index would not show the description."""
    run(sys.executable, "-m", "twine", "check", "--strict", *paths)
    say("twine check --strict")


class Installation:
    """An environment that has nothing but pip, into which one file is installed."""

    def __init__(self, directory: pathlib.Path, *, compilers: bool) -> None:
        venv.create(directory / "env", with_pip=True)
        self.directory = directory
        self.bin = directory / "env" / "bin"
        self.environment = without_python(os.environ)
        if not compilers:
            self.environment["PATH"] = str(self.bin)

    def run(self, program: str, *arguments: object) -> str:
        """Runs a program of the environment, not in the source tree; returns what it prints."""
        command = [self.bin / program, *arguments]
        return run(*command, environment=self.environment, directory=self.directory)

    def pip(self, *arguments: object) -> None:
        """Runs the environment's pip."""
        self.run("python", "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments)

    def check(self, path: pathlib.Path, *options: str) -> None:
        """Installs a file, uses it in every way that a user begins with, and uninstalls it."""
        started = time.monotonic()
        self.pip("install", *options, path)
        say(f"{path.name} installs", started)
        self.check_use()
        self.uninstall()

    def uninstall(self) -> None:
        """Uninstalls the package; raises WheelError if it leaves something that `import fdb` finds."""
        self.pip("uninstall", "--yes", DISTRIBUTION)
        left = sorted(path.name for path in self.packages().glob("fdb*"))
        require(not left, f"uninstalled, it leaves {', '.join(left)}")
        say("it uninstalls, and leaves no fdb/")

    def check_use(self) -> None:
        """Runs the doctor, a program, and what prints the paths for other programs."""
        for command in (["fdb", "doctor"], ["python", "-m", "fdb", "doctor"]):
            self.run(*command, "--cluster", "memory:")
            self.run(*command, "--cluster", "file:doctor.fdb")
        say("fdb doctor, python -m fdb doctor")
        place = self.run("python", "-c", PROGRAM).strip()
        require(place.startswith(str(self.packages())), f"the program has used {place}")
        say("a program, in memory, in a file and in asyncio")
        paths = self.run("python", "-m", "fdb.embedded", "--libdir", "--includedir").split()
        library = pathlib.Path(paths[0]) / library_paths(pathlib.Path())[1].name
        header = pathlib.Path(paths[1]) / "foundationdb" / "fdb_c.h"
        for file in (library, header):
            require(file.exists(), f"{file} is not there, for other programs")
        say("libfdb_c and its header, for other programs")

    def packages(self) -> pathlib.Path:
        """The folder of the environment's packages."""
        (found,) = (self.directory / "env" / "lib").glob("python*/site-packages")
        return found


def without_python(environment: Mapping[str, str]) -> dict[str, str]:
    """Returns an environment without what changes where Python and this package look."""
    prefixes = ("PYTHON", "FDB_", "VIRTUAL_ENV")
    return {name: value for name, value in environment.items() if not name.startswith(prefixes)}


def check() -> None:
    """Makes and checks wheel and sdist; raises WheelError."""
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir(parents=True)
    started = time.monotonic()
    sdist = make_sdist(OUTPUT)
    say(f"made {sdist.name}", started)
    started = time.monotonic()
    wheel = portable_wheel(sys.executable, OUTPUT)
    say(f"made {wheel.name}", started)
    check_description(sdist, wheel)
    for path in (sdist, wheel):
        check_size(path)
    check_sdist(sdist, tracked_files())
    check_wheel(wheel)
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name).resolve() / "wheel"
        directory.mkdir()
        Installation(directory, compilers=False).check(wheel, "--only-binary=:all:")
        directory = directory.with_name("sdist")
        directory.mkdir()
        Installation(directory, compilers=True).check(sdist)


def main() -> int:
    try:
        check()
    except (WheelError, OSError, subprocess.SubprocessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
