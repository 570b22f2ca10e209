"""docs/reference/types.md and the pages beside it: types that signatures name are all explained somewhere."""

from __future__ import annotations

import builtins
import collections.abc
import re
import types
import typing

import pytest
from described import Described
from public_names import public_names

from helpers.paths import ROOT

#: Variables for types, which signatures explain by using them twice, names of modules, and what other packages have.
ELSEWHERE = {"ResultT", "TransactionT", "ArgumentsT", "FirstT", "SecondT", "P", "DB", "AbstractContextManager", "UUID"}  # fmt: skip
_NAME = re.compile(r"(?<![\w.'\"])[A-Z]\w*")


def named_types() -> set[str]:
    """The names of types in the signatures and attributes of the reference, without texts in them."""
    found: set[str] = set()
    for each in public_names():
        described = Described(each)
        texts = [described.type] if described.kind in ("attribute", "property", "data") else []
        for signature in described.signatures:
            texts += [signature.parameters, signature.returns]
        for text in texts:
            found.update(_NAME.findall(re.sub(r"'[^']*'|\"[^\"]*\"", "", text)))
    return found


@pytest.fixture(scope="module")
def explained() -> set[str]:
    known = {each.name for each in public_names()} | ELSEWHERE
    for module in (builtins, typing, collections.abc, types):
        known.update(dir(module))
    for page in (ROOT / "docs" / "reference").glob("*.md"):
        text = page.read_text(encoding="utf-8")
        known.update(re.findall(r"^\.\. py:type:: (\w+)", text, re.MULTILINE))
        known.update(re.findall(r"^```\{type-name\} [\w.]+\.(\w+)$", text, re.MULTILINE))
    return known


def test_types_in_signatures_are_explained(explained: set[str]) -> None:
    found = named_types()
    assert {"KeyArgument", "PolicyKeywords", "Statistics"} <= found
    assert found - explained == set()
