"""tools/site/links.py: names in docstrings and on pages become links to where they are documented."""

from __future__ import annotations

import pytest
from links import as_rst, meant


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("fdb.open", "fdb.open"),
        ("fdb.open()", "fdb.open"),
        ("Database.scan", "fdb.Database.scan"),
        ("Transaction.get_range", "fdb.TransactionRead.get_range"),  # where it is documented
        ("db.scan", "fdb.Database.scan"),
        ("tr.watch", "fdb.Transaction.watch"),
        ("tr.get_key()", "fdb.TransactionRead.get_key"),
        ("db", None),
        ("db.nothing", None),
        ("fdb.open(path)", None),
        ("Nobody", None),
    ],
)
def test_what_a_name_means(text: str, place: str | None) -> None:
    assert meant(text, "fdb") == place


@pytest.mark.parametrize(
    ("docstring", "rst"),
    [
        ("As `get`.", "As :py:obj:`get <fdb.Database.get>`."),
        ("See `Policy`.", "See :py:obj:`Policy <fdb.Policy>`."),
        ("Takes `key`.", "Takes ``key``."),  # a parameter
        ("None, `open` or `nothing here`.", "None, ``open`` or ``nothing here``."),
        ("``get`` and `get`", "``get`` and :py:obj:`get <fdb.Database.get>`"),
        ('"file:PATH" and `file:PATH`', r'"file\:PATH" and ``file:PATH``'),
        ("See docs/guides/retries.md.", "See :doc:`/guides/retries`."),
        ("Sets it.\n\nparam: bytes.", "Sets it.\n\n``param``: bytes."),
        ("So:\n\n    db.get()\n", "So:\n\n::\n\n    db.get()\n"),
        ("- an item\n\n    of two parts\n", "- an item\n\n    of two parts\n"),
    ],
)
def test_docstrings(docstring: str, rst: str) -> None:
    assert as_rst(docstring, "fdb.Database.set", {"key"}) == rst
