"""Prints where the embedded engine's files are: `python -m fdb.embedded --libdir`."""

from __future__ import annotations

import argparse
import io
import sys

import fdb.embedded


def main() -> int:
    """Prints what the command line asks for, one path a line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m fdb.embedded", description=__doc__)
    parser.add_argument("--libdir", action="store_true", help="the directory of libfdb_c")
    parser.add_argument("--includedir", action="store_true", help="the directory for -I")
    arguments = parser.parse_args()
    if not (arguments.libdir or arguments.includedir):
        parser.error("give --libdir or --includedir")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")  # a path need not be valid text
    try:
        if arguments.libdir:
            print(fdb.embedded.libdir())
        if arguments.includedir:
            print(fdb.embedded.includedir())
    except FileNotFoundError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
