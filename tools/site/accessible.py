"""Mends the HTML that Sphinx and its theme have written, where assistive technology would stumble over it: the last step of the build.

- Of a table whose Markdown has an empty head (it cannot have none) the head goes; a single empty cell in a head is a plain one.
- The two parts beside a page, its place on the site and its contents, have names; headings of a list of pages have a level.
- The parameters of a long signature are a list of definitions without terms: they become plain lines.
- The page of the search has a heading.

Sphinx writes only those pages anew that have changed, so mending a page twice has to be the same as mending it once.
"""

from __future__ import annotations

import pathlib
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_EMPTY_HEAD = re.compile(r"<thead>\s*<tr[^>]*>(?:\s*<th[^>]*>(?:<p></p>)?</th>)+\s*</tr>\s*</thead>")  # fmt: skip
_EMPTY_CELL = re.compile(r"<th([^>]*)>(?:<p></p>)?</th>")
_PARAMETERS = re.compile(r"<dl>\n((?:<dd><em class=\"sig-param\">.*?</dd>\n)+)</dl>", re.DOTALL)
_PLAIN = (
    ('<aside class="sidebar-drawer">', '<aside class="sidebar-drawer" aria-label="The site">'),
    ('<aside class="toc-drawer', '<aside aria-label="This page" class="toc-drawer'),
    ('<p class="caption" role="heading">', '<p class="caption" role="heading" aria-level="2">'),
    ('\n<div id="search-results">', '\n<h1>Search</h1><div id="search-results">'),
)


def mended(html: str) -> str:
    """Returns a page without those mistakes."""
    html = _EMPTY_HEAD.sub("", html)
    html = _EMPTY_CELL.sub(r"<td\1></td>", html)
    html = _PARAMETERS.sub(_lines, html)
    for wrong, right in _PLAIN:
        html = html.replace(wrong, right)
    return html


def _lines(found: re.Match[str]) -> str:
    rows = found[1].replace("<dd>", '<span class="sig-line">').replace("</dd>", "</span>")
    return f'<span class="sig-lines">\n{rows}</span>'


def _mend_all(app: Sphinx, error: Exception | None) -> None:
    if error is None:
        for path in pathlib.Path(app.outdir).rglob("*.html"):
            before = path.read_text(encoding="utf-8")
            after = mended(before)
            if after != before:
                path.write_text(after, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("build-finished", _mend_all)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
