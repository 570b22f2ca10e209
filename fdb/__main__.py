"""`python -m fdb`, and the console script `fdb`: says what to install where the extra `cli` is missing.

`python FOLDER/fdb/__main__.py doctor` runs the doctor without importing the package, for installations where that fails.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import types
from collections.abc import Sequence

#: What the command line is made of; the extra `cli` brings it.
NEEDED = ("click", "rich")
#: The command that needs neither the extra nor a package that can be imported.
DOCTOR = "doctor"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0, 1 after a failure, 2 for wrong usage, 130 after Ctrl-C."""
    given = sys.argv[1:] if arguments is None else arguments
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if given[:1] == [DOCTOR] and (missing or not _is_whole()):
        from fdb._doctor.command_line import main as examine

        return examine(given[1:])
    if missing:
        print(
            f"error: the command line needs {' and '.join(missing)}; "
            "install the extra: pip install 'foundationdb-cffi[cli]'",
            file=sys.stderr,
        )
        return 1
    try:
        from fdb._cli.main import run
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 130

    return run(arguments)


def _is_whole() -> bool:
    """Whether the package is this one: not an empty folder, nor one whose files another distribution has overwritten."""
    return "ClientLibrary" in getattr(sys.modules.get("fdb"), "__all__", ())


def main_of_file(arguments: Sequence[str]) -> int:
    """Run as a file, not as a module: the package has not been imported, and the doctor does not need it."""
    folder = os.path.dirname(os.path.realpath(__file__))
    # The folder of a script comes first on the path: here its modules would hide those of the same names.
    sys.path[0] = os.path.dirname(folder)
    if arguments[:1] != [DOCTOR]:
        print(
            "error: as a file this runs the doctor alone; python -m fdb runs all", file=sys.stderr
        )
        return 2
    # What imports fdb._doctor gets a package without the content that may be broken.
    stand_in = types.ModuleType("fdb")
    stand_in.__path__ = [folder]
    sys.modules["fdb"] = stand_in
    from fdb._doctor.command_line import main as examine

    return examine(arguments[1:])


if __name__ == "__main__":
    sys.exit(main() if __package__ else main_of_file(sys.argv[1:]))
