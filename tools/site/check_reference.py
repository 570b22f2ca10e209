"""Checks the reference of a built site: every public name has a docstring, types, a place, and an example that is run.

    python tools/site/check_reference.py build/site [BEGINNING_OF_NAMES...]

An example is a block of Python on the page that documents the name which uses it: the tests run all blocks (tests/site/test_pages.py). What is many
and alike has one example for all: the error codes, and what Value and Key have of bytes. Other names for what has an example need none.
"""

from __future__ import annotations

import ast
import collections
import pathlib
import re
import sys
import textwrap
from typing import NamedTuple

from described import Described
from public_names import PublicName, public_names

import fdb

ROOT = pathlib.Path(__file__).resolve().parents[2]
#: Groups with one example for all: what that uses.
COMMON_EXAMPLES = {"error codes": "ErrorCode", "methods of bytes": "Value"}
_BLOCK = re.compile(r"^( *)```python\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


class Missing(NamedTuple):
    """What a public name lacks."""

    name: str
    what: str


def places(site: pathlib.Path) -> dict[str, str]:
    """Returns the pages of a site that document names of Python: the source of each page by the name."""
    from sphinx.util.inventory import InventoryFile  # which the rest does without

    inventory = InventoryFile.loads((site / "objects.inv").read_bytes(), uri="")
    found = {}
    for kind, items in inventory.data.items():
        if kind.startswith("py:"):
            for name, item in items.items():
                found[name] = item.uri.partition("#")[0].removesuffix(".html") + ".md"
    return found


def used_names(page: str) -> set[str]:
    """Returns all names that the blocks of Python of a page use."""
    found: set[str] = set()
    for _, code in _BLOCK.findall(page):
        flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        tree = compile(textwrap.dedent(code), "<block>", "exec", flags)
        for node in ast.walk(tree):
            for field in ("id", "attr", "arg", "name", "module"):
                name = getattr(node, field, None)
                if isinstance(name, str):
                    found.update(name.split("."))
            if isinstance(node, ast.MatchClass):
                found.update(node.kwd_attrs)
    return found


class Check:
    """Looks at public names, one by one."""

    def __init__(self, pages: dict[str, str], docs: pathlib.Path) -> None:
        self._pages = pages
        self._docs = docs
        self._used: dict[str, set[str]] = {}
        self.missing: list[Missing] = []
        self.counts: collections.Counter[str] = collections.Counter()

    def look(self, public: PublicName) -> None:
        """Notes what a name has and what it lacks."""
        page = self._pages.get(public.path)
        described = Described(public)
        has = {
            "docstring": bool(described.docstring),
            "types": public.group == "other names" or described.is_typed,
            "place in the reference": page is not None,
            "example": page is not None and self._has_example(public, page),
        }
        self.counts["names"] += 1
        self.counts[public.group] += 1
        for what, is_there in has.items():
            self.counts[what] += is_there
            if not is_there:
                self.missing.append(Missing(public.path, what))

    def _has_example(self, public: PublicName, page: str) -> bool:
        if public.group == "other names":
            return True
        if page not in self._used:
            text = (self._docs / page).read_text(encoding="utf-8")
            self._used[page] = used_names(text)
        return COMMON_EXAMPLES.get(public.group, public.name) in self._used[page]


def main(arguments: list[str]) -> int:
    site = pathlib.Path(arguments[0])
    check = Check(places(site), ROOT / "docs")
    wanted = tuple(arguments[1:])
    for public in public_names():
        if public.path.startswith(wanted or ""):
            check.look(public)
    for missing in check.missing:
        print(f"{missing.name}: no {missing.what}", file=sys.stderr)
    counts = check.counts
    print(
        f"public names: {counts['names']}; with a docstring {counts['docstring']}, types {counts['types']}, "
        f"a place in the reference {counts['place in the reference']}, an example {counts['example']}"
    )
    alike = ", ".join(f"{counts[each]} {each}" for each in ("error codes", "options", "methods of bytes", "other names"))  # fmt: skip
    print(f"of these {alike}")
    return 1 if check.missing else 0


if __name__ == "__main__":
    fdb.api_version(fdb.LATEST_API_VERSION)
    sys.exit(main(sys.argv[1:]))
