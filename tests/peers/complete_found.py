"""Completes the source of asyncio-foundationdb with the two files that its release on PyPI lacks.

    python complete_found.py SOURCE_TREE DECLARATIONS

The package's build reads `found/fdb_c.h`, which is C, and `found/fdb_c2.h`, what cffi is told; neither is
in the archive. The first includes the header that is installed; the second declares, from this project's
declarations of the ABI (DECLARATIONS), the functions that the package calls.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

SOURCE = """
#define FDB_API_VERSION 730
#include <foundationdb/fdb_c.h>
"""


def declarations(text: str, used: set[str]) -> str:
    """Returns the types and, of the prototypes, those whose function is used."""
    types, _, prototypes = text.partition("/* FUNCTIONS */")
    types = re.sub(r"^typedef int (FDB\w+);$", r"typedef int... \1;", types, flags=re.MULTILINE)
    named = {match[1]: match[0] for match in re.finditer(r"^.*?\b(fdb_\w+)\(.*$", prototypes, re.M)}
    missing = used - named.keys()
    if missing:
        raise SystemExit(f"asyncio-foundationdb calls what is not declared: {sorted(missing)}")
    return types + "\n".join(named[name] for name in sorted(used)) + "\n"


def main(argv: list[str]) -> int:
    package = Path(argv[1]) / "found"
    used: set[str] = set()
    for source in package.glob("*.py"):
        used.update(re.findall(r"\blib\.(fdb_\w+)", source.read_text()))
    (package / "fdb_c.h").write_text(SOURCE)
    (package / "fdb_c2.h").write_text(declarations(Path(argv[2]).read_text(), used))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
