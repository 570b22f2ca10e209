"""tools/site/accessible.py: what it mends, and that it does so once."""

from __future__ import annotations

import accessible
import pytest

_HEAD = '<thead>\n<tr class="row-odd">{}\n</tr>\n</thead>'
_EMPTY = '<th class="head"><p></p></th>'
_NAMED = '<th class="head"><p>name</p></th>'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"<table>{_HEAD.format(_EMPTY + chr(10) + _EMPTY)}<tbody>", "<table><tbody>"),
        (_HEAD.format(_NAMED + _EMPTY), _HEAD.format(_NAMED + '<td class="head"></td>')),
        (
            '<dl>\n<dd><em class="sig-param">a</em>,</dd>\n<dd><em class="sig-param">b</em>,</dd>\n</dl>',
            '<span class="sig-lines">\n<span class="sig-line"><em class="sig-param">a</em>,</span>\n'
            '<span class="sig-line"><em class="sig-param">b</em>,</span>\n</span>',
        ),
        ("<dl><dt>term</dt>\n<dd>text</dd></dl>", "<dl><dt>term</dt>\n<dd>text</dd></dl>"),
        (
            '<aside class="toc-drawer no-toc">',
            '<aside aria-label="This page" class="toc-drawer no-toc">',
        ),
    ],
)
def test_what_is_mended(before: str, after: str) -> None:
    assert accessible.mended(before) == after
    assert accessible.mended(after) == after


def test_all_that_is_looked_for_is_mended_once() -> None:
    page = "".join(wrong for wrong, _ in accessible._PLAIN)
    once = accessible.mended(page)
    assert once != page and accessible.mended(once) == once
    assert all(wrong not in once for wrong, _ in accessible._PLAIN)
