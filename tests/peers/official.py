"""Virtual environments with other people's packages, run on this project's engine.

An environment is made once under ``build/`` and kept. A program started through `Peer.command` finds
the engine as its ``libfdb_c.so`` through the loader's search path, which is all that a package written
for the vendor's library needs.
"""

from __future__ import annotations

import fcntl
import functools
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from helpers.paths import ROOT  # noqa: E402
from helpers.wheels import build_wheel  # noqa: E402

BUILD = ROOT / "build"
INSTALL_SECONDS = 600
PROGRAM_SECONDS = 120
#: Where the sources of this project's package are.
SOURCES = ("fdb", "native", "engine", "vendor", "shims", "tools")


class PeerUnavailable(Exception):
    """The environment could not be made; the text says which command failed and how."""


class PeerFailed(Exception):
    """A peer's program did not do its job; the text is what it printed."""


@functools.cache
def library_directory() -> str:
    """The directory of the engine's ``libfdb_c.so``, as the installed package reports it."""
    command = [sys.executable, "-m", "fdb.embedded", "--libdir"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise PeerUnavailable(f"{' '.join(command)} failed:\n{done.stderr}")
    return done.stdout.strip()


def library_environment() -> dict[str, str]:
    """This process's environment, changed so that a program's ``libfdb_c.so`` is the engine."""
    environment = dict(os.environ)
    environment["LD_LIBRARY_PATH"] = library_directory()
    # A PYTHONPATH with this project's own package would hide the peer's package of the same name.
    for name in ("PYTHONPATH", "PYTHONHOME", "FDB_CLUSTER_FILE", "FDB_LIBRARY_PATH"):
        environment.pop(name, None)
    environment.pop("FDB_LOCAL_CLIENT_LIBRARY_PATH", None)
    return environment


def outcome_of(
    command: list[str], environment: dict[str, str] | None, directory: Path | None, seconds: float
) -> subprocess.CompletedProcess[str]:
    """Runs a program and returns how it ended and what it printed."""
    return subprocess.run(
        command,
        env=environment,
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def run(command: list[str], **extra: str) -> str:
    """What the program printed; raises PeerFailed if it failed."""
    environment = {**library_environment(), **extra}
    try:
        done = outcome_of(command, environment, BUILD, PROGRAM_SECONDS)
    except subprocess.TimeoutExpired as late:
        raise PeerFailed(f"{' '.join(command)}: no end after {late.timeout} s") from late
    if done.returncode != 0:
        text = f"{' '.join(command)}: status {done.returncode}\n{done.stdout}{done.stderr}"
        raise PeerFailed(text[-6000:])
    return done.stdout.strip()


def own_wheels() -> tuple[Path, ...]:
    """Builds wheels of this project's package and of its stand-in for the official one; their paths."""
    directory = BUILD / "peer-wheels"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return tuple(build_wheel(tree, directory) for tree in (ROOT, ROOT / "shims" / "foundationdb"))


def newest_source() -> float:
    """When a source of this project's package was last changed."""
    suffixes = {".py", ".pyi", ".c", ".h", ".cc", ".inc"}
    paths = (path for name in SOURCES for path in (ROOT / name).rglob("*"))
    return max(path.stat().st_mtime for path in paths if path.suffix in suffixes)


@dataclass(frozen=True)
class Peer:
    """A virtual environment named `name` that holds `requirements`.

    With `ours` it holds this project's package and its stand-in for the official one as well, so that
    what requires `foundationdb` is satisfied.
    """

    name: str
    requirements: tuple[str, ...]
    build_environment: dict[str, str] = field(default_factory=dict, hash=False)
    ours: bool = False

    @property
    def directory(self) -> Path:
        return BUILD / f"venv-{self.name}"

    @property
    def python(self) -> Path:
        return self.directory / "bin" / "python"

    def ensure(self) -> Path:
        """Makes the environment unless a finished one with the same contents is there; its Python.

        Raises PeerUnavailable when a package cannot be installed (for example with no network).
        """
        BUILD.mkdir(exist_ok=True)
        with (BUILD / f"venv-{self.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # tests that run beside each other want the same one
            return self._ensure()

    def _ensure(self) -> Path:
        stamp = self.directory / "requirements.stamp"
        own = f"this package of {newest_source()}" if self.ours else ""
        wanted = "\n".join((sys.version, own, *self.requirements))
        if stamp.is_file() and stamp.read_text() == wanted:
            return self.python
        run_installer([sys.executable, "-m", "venv", "--clear", str(self.directory)])
        if self.ours:
            self.install(*map(str, own_wheels()))
        self.install(*self.requirements)
        stamp.write_text(wanted)
        return self.python

    def install(self, *arguments: str, **variables: str) -> None:
        """Runs `pip install` with these arguments in the environment."""
        command = [str(self.python), "-m", "pip", "install", "--quiet", *arguments]
        run_installer(command, {**os.environ, **self.build_environment, **variables})

    def unpack(self, requirement: str) -> Path:
        """Fetches the source archive of a requirement and returns the directory it is unpacked in.

        pip goes on to ask the archive for its metadata, which may fail; the unpacked archive stays.
        """
        directory = self.directory / "sources" / requirement
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        options = [
            "--quiet",
            "--no-deps",
            "--no-clean",
            "--no-build-isolation",
            "--no-binary=:all:",
        ]
        command = [str(self.python), "-m", "pip", "download", *options, requirement]
        environment = {**os.environ, "TMPDIR": str(directory)}
        done = outcome_of(command, environment, directory, INSTALL_SECONDS)
        for archive in directory.glob("pip-download-*/*/PKG-INFO"):
            return archive.parent
        raise PeerUnavailable(f"{' '.join(command)} left no source:\n{done.stdout}{done.stderr}")


def run_installer(
    command: list[str], environment: dict[str, str] | None = None, directory: Path | None = None
) -> None:
    """Runs a package manager. Raises PeerUnavailable with what it printed when it fails."""
    done = outcome_of(command, environment, directory, INSTALL_SECONDS)
    if done.returncode != 0:
        raise PeerUnavailable(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


OFFICIAL = Peer("official", ("foundationdb==7.4.8",))
OFFICIAL_73 = Peer("official-7.3", ("foundationdb==7.3.79",))
