"""C programs and libraries that tests make."""

from __future__ import annotations

import pathlib
import shlex
import subprocess
import sysconfig

import pytest

_WITHOUT_SQLITE = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

/* A loader that finds no SQLite. */
void *dlopen(const char *name, int flags) {
  void *(*real)(const char *, int) = (void *(*)(const char *, int))dlsym(RTLD_NEXT, "dlopen");
  if (name != NULL && strstr(name, "sqlite") != NULL) name = "libsqlite3-is-not-installed.so";
  return real(name, flags);
}
"""


def c_compiler() -> list[str]:
    """Returns the command of the compiler that this Python was built with."""
    return shlex.split(sysconfig.get_config_var("CC") or "cc")


def link_with_libfdb_c(directory: str) -> list[str]:
    """Returns the options that link a program with the libfdb_c of a directory, where it is found again."""
    return [f"-L{directory}", "-lfdb_c", "-pthread", f"-Wl,-rpath,{directory}"]


@pytest.fixture
def without_sqlite(tmp_path: pathlib.Path) -> str:
    """The path of a library that a program which has it in LD_PRELOAD finds no SQLite with."""
    source, library = tmp_path / "refuse.c", tmp_path / "refuse.so"
    source.write_text(_WITHOUT_SQLITE)
    command = [*c_compiler(), "-shared", "-fPIC", str(source), "-o", str(library), "-ldl"]
    subprocess.run(command, check=True)
    return str(library)
