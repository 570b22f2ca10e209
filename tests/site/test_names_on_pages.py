"""Names of the package that pages mention in a sentence or a table exist: those in blocks of code are run."""

from __future__ import annotations

import importlib
import re

import pytest

import fdb
from helpers.paths import ROOT

#: Pages about names of the official package, and of other languages.
ABOUT_OTHERS = {
    "docs/reference/parity.md",
    "docs/reference/differences.md",
    "docs/guides/foreign-clients.md",
}
#: What looks like a name and is a file, a host, a metric of telemetry, or said not to be here.
OTHER = {
    *("fdb.cluster", "db.example"),
    *(
        "db.client",
        "fdb.waiting.duration",
        "fdb.commit.duration",
        "fdb.attempts",
        "fdb.keys",
        "fdb.io",
    ),
    *("db.hooks", "fdb.CdcConsumer"),
}
PAGES = [
    source
    for path in [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md", ROOT / "CHANGELOG.md"]
    if (source := str(path.relative_to(ROOT))) not in ABOUT_OTHERS
]
#: What a variable of this name is on all pages.
CLASSES: dict[str, tuple[type, ...]] = {
    "tr": (fdb.Transaction,),
    "db": (fdb.Database, fdb.AsyncDatabase),
}
_BLOCK = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_NAME = re.compile(r"(?<![\w./:@-])fdb(?:\.[a-zA-Z_]\w*)+|(?<![\w.])(?:tr|db)\.[a-zA-Z_]\w*")


def exists(name: str) -> bool:
    """Whether a name that begins with `fdb`, `tr` or `db` leads to something."""
    first, *rest = name.split(".")
    if first != "fdb":
        return any(hasattr(kind, rest[0]) for kind in CLASSES[first])
    found: object = fdb
    for part in rest:
        if hasattr(found, part):
            found = getattr(found, part)
        elif part not in getattr(found, "__annotations__", ()):
            try:
                importlib.import_module(name)
            except ImportError:
                return False
            return True
    return True


def names_of(text: str) -> set[str]:
    """Returns the names in the code of a page that stands in its text."""
    return {name for code in _CODE.findall(_BLOCK.sub("", text)) for name in _NAME.findall(code)}


@pytest.mark.parametrize("source", PAGES)
def test_the_names_of(source: str) -> None:
    names = names_of((ROOT / source).read_text(encoding="utf-8")) - OTHER
    assert [name for name in sorted(names) if not exists(name)] == []


def test_a_name_that_is_not_there_is_found() -> None:
    names = names_of(
        "`fdb.Policy(timeout=1)` `await db.scam(rows)` `fdb.layers.Queue`\n```text\n`fdb.no`\n```\n"
    )
    assert {name: exists(name) for name in names} == {
        "fdb.Policy": True,
        "db.scam": False,
        "fdb.layers.Queue": True,
    }
