"""C programs and libraries that tests make."""

from __future__ import annotations

import shlex
import sysconfig


def c_compiler() -> list[str]:
    """Returns the command of the compiler that this Python was built with."""
    return shlex.split(sysconfig.get_config_var("CC") or "cc")


def link_with_libfdb_c(directory: str) -> list[str]:
    """Returns the options that link a program with the libfdb_c of a directory, where it is found again."""
    return [f"-L{directory}", "-lfdb_c", "-pthread", f"-Wl,-rpath,{directory}"]
