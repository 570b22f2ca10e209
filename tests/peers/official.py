"""Virtual environments with other people's packages, run on this project's engine.

An environment is made once under ``build/`` and kept. A program started through `Peer.command` finds
the engine as its ``libfdb_c.so`` through the loader's search path, which is all that a package written
for the vendor's library needs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
INSTALL_SECONDS = 600


class PeerUnavailable(Exception):
    """The environment could not be made; the text says which command failed and how."""


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


@dataclass(frozen=True)
class Peer:
    """A virtual environment named `name` that holds `requirements`."""

    name: str
    requirements: tuple[str, ...]
    build_environment: dict[str, str] = field(default_factory=dict, hash=False)

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
        stamp = self.directory / "requirements.stamp"
        wanted = "\n".join((sys.version, *self.requirements))
        if stamp.is_file() and stamp.read_text() == wanted:
            return self.python
        self._run([sys.executable, "-m", "venv", "--clear", str(self.directory)])
        install = [str(self.python), "-m", "pip", "install", "--quiet", *self.requirements]
        self._run(install, {**os.environ, **self.build_environment})
        stamp.write_text(wanted)
        return self.python

    def _run(self, command: list[str], environment: dict[str, str] | None = None) -> None:
        done = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise PeerUnavailable(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


OFFICIAL = Peer("official", ("foundationdb==7.4.8",))
OFFICIAL_73 = Peer("official-7.3", ("foundationdb==7.3.79",))
