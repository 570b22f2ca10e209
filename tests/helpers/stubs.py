"""The stub library, stub_libfdb_c.c: its keys decide when and how an answer comes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

import fdb
from helpers.compilers import c_compiler
from helpers.paths import HEADERS, TESTS

#: What the fixture `build_stub` is.
BuildStub = Callable[..., str]

SOURCE = TESTS / "helpers" / "stub_libfdb_c.c"


@pytest.fixture(scope="session")
def build_stub(tmp_path_factory: pytest.TempPathFactory) -> BuildStub:
    """Compiles the stub library; returns the path of one with the given properties."""
    directory = tmp_path_factory.mktemp("stubs")

    def build(*defines: str) -> str:
        path = directory / ("libstub" + "_".join(("", *defines)).replace("=", "_") + ".so")
        if not path.exists():
            flags = ["-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-pthread"]
            definitions = [f"-D{define}" for define in defines]
            subprocess.run(
                [*c_compiler(), *flags, f"-I{HEADERS}", *definitions, str(SOURCE), "-o", str(path)],
                check=True,
                # A sanitizer that this process was started with is none of the compiler's business.
                env={name: text for name, text in os.environ.items() if name != "LD_PRELOAD"},
            )
        return str(path)

    return build


@pytest.fixture(scope="session")
def stub_library(build_stub: BuildStub) -> fdb.ClientLibrary:
    """The stub library with no special properties."""
    return fdb.ClientLibrary(build_stub())


@pytest.fixture(scope="session")
def stub_db(stub_library: fdb.ClientLibrary) -> fdb.Database:
    """A database of the stub library."""
    return stub_library.open("stub")


def counted(database: Any, what: str) -> int:
    """Returns a counter of the stub library that a blocking database belongs to."""
    return int(bytes(database.create_transaction()[f"count:{what}".encode()]))
