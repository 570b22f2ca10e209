"""docs/guides/errors.md: codes and names belong together, and each error is in the right one of its tables."""

from __future__ import annotations

import re

import pytest

import fdb
from helpers.paths import ROOT

TEXT = (ROOT / "docs" / "guides" / "errors.md").read_text()
_NAMED = re.compile(r"\b(\d{4}) `(\w+)`")


def section(heading: str) -> str:
    """What stands below a heading of the second level."""
    return TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def test_codes_have_their_names() -> None:
    found = _NAMED.findall(TEXT)
    assert len(found) > 30
    assert [(code, name) for code, name in found if fdb.ErrorCode(int(code)).name != name] == []


@pytest.mark.parametrize(
    ("heading", "retried"),
    [("Those that are tried again", True), ("Those that end the call", False)],
)
def test_tables_say_what_is_tried_again(heading: str, retried: bool) -> None:
    rows = re.findall(r"^\| (\d{4} .*?) \|", section(heading), re.MULTILINE)
    codes = [int(code) for row in rows for code, _ in _NAMED.findall(row)]
    assert len(codes) > 10
    assert [c for c in codes if fdb.predicates.is_retryable(fdb.FDBError(c)) is not retried] == []


def test_texts_are_those_of_the_package() -> None:
    sources = [*(ROOT / "fdb").rglob("*.py"), *(ROOT / "native").rglob("*.[ch]")]
    # Long texts are several literals.
    source = re.sub(r'"\s*\n\s*f?"', "", "".join(path.read_text() for path in sources))
    shown = re.findall(r"`\w+Error` \*(.*?)\*", TEXT)
    assert len(shown) > 8
    assert [text for text in shown if text.removesuffix("...").strip("()") not in source] == []
