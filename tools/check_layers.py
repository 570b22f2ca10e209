"""Checks that the folders of engine/ are layers: run by `make lint`.

    python tools/check_layers.py [DIRECTORY]

1. A file includes what lies in its own folder or in a lower one.  Tests (`*_test.cc`) and `sim`, which supports them, may
   include everything; nobody else includes `sim`.
2. An include names the folder, and the folder is known here.
3. Headers do not include each other in a circle.
"""

from __future__ import annotations

import pathlib
import re
import sys
from collections.abc import Iterator

ENGINE = pathlib.Path(__file__).resolve().parent.parent / "engine"

#: The layers, upper ones first.
LAYERS = ("abi", "special", "txn", "db", "durable", "store", "faults", "runtime", "base")
#: The support of tests, beside the layers.
SUPPORT = "sim"

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
SUFFIXES = {".h", ".cc", ".inc"}

#: From a file to what it includes, as paths below the engine's directory.
Includes = dict[str, list[str]]


def read_includes(engine: pathlib.Path) -> Includes:
    """Returns the quoted includes of every source below a directory; those in angles are other people's."""
    sources = sorted(path for path in engine.rglob("*") if path.suffix in SUFFIXES)
    return {
        path.relative_to(engine).as_posix(): INCLUDE.findall(path.read_text()) for path in sources
    }


def folder_of(path: str) -> str:
    """Returns the folder that a path begins with, or nothing if the path is only a name."""
    folder, slash, _ = path.partition("/")
    return folder if slash else ""


def is_known(path: str) -> bool:
    """Whether a path lies in one of the folders."""
    return folder_of(path) in (*LAYERS, SUPPORT)


def complaint(includer: str, included: str) -> str | None:
    """Returns what is wrong with an include by a file in a known folder."""
    if not is_known(included):
        return f"includes {included}, which is in no folder of a layer"
    if folder_of(includer) == SUPPORT or includer.endswith("_test.cc"):
        return None
    if folder_of(included) == SUPPORT:
        return f"includes {included}, which is for tests"
    if LAYERS.index(folder_of(included)) < LAYERS.index(folder_of(includer)):
        return f"includes {included}, which is in a layer above"
    return None


def circles(includes: Includes) -> Iterator[list[str]]:
    """Yields the circles of headers that include each other, each as the way around."""
    finished: set[str] = set()

    def walk(path: str, way: list[str]) -> Iterator[list[str]]:
        if path in way:
            yield [*way[way.index(path) :], path]
        elif path not in finished:
            for included in includes.get(path, ()):
                yield from walk(included, [*way, path])
            finished.add(path)

    for path in includes:
        if path.endswith(".h"):
            yield from walk(path, [])


def check(engine: pathlib.Path) -> list[str]:
    """Returns what is wrong below a directory with the engine's folders, a line each."""
    includes = read_includes(engine)
    found = []
    for includer, targets in includes.items():
        if not is_known(includer):
            found.append(f"{includer}: is in none of the folders {', '.join((*LAYERS, SUPPORT))}")
            continue
        problems = (complaint(includer, included) for included in targets)
        found += [f"{includer}: {problem}" for problem in problems if problem]
    found += [f"{way[0]}: a circle of includes: {' -> '.join(way)}" for way in circles(includes)]
    return found


def main() -> None:
    """Prints what is wrong and exits with 1, or says nothing."""
    engine = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ENGINE
    found = check(engine)
    for line in found:
        print(line, file=sys.stderr)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
