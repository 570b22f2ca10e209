"""`python -m fdb`, and the console script `fdb`: says what to install where the extra `cli` is missing."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence

#: What the command line is made of; the extra `cli` brings it.
NEEDED = ("click", "rich")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0, 1 after a failure, 2 for wrong usage, 130 after Ctrl-C."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        print(
            f"error: the command line needs {' and '.join(missing)}; "
            "install the extra: pip install 'foundationdb-cffi[cli]'",
            file=sys.stderr,
        )
        return 1
    from fdb._cli.main import run

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
