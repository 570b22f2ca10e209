"""Writing what was measured into pages, between marks that a page has for it.

<!-- begin NAME: written by benchmarks/report.py -->
...
<!-- end NAME -->
"""

from __future__ import annotations

from pathlib import Path

BEGIN = "<!-- begin {}: written by {} -->"
END = "<!-- end {} -->"


def replace(page: Path, name: str, text: str, writer: str = "benchmarks/report.py") -> None:
    """Puts `text` between the marks of `name` in a page. Raises ValueError if they are not there once, in order."""
    begin, end = BEGIN.format(name, writer), END.format(name)
    whole = page.read_text(encoding="utf-8")
    if whole.count(begin) != 1 or whole.count(end) != 1 or whole.index(begin) > whole.index(end):
        raise ValueError(f"{page} has no part {begin} ... {end}")
    before, _, rest = whole.partition(begin)
    _, _, after = rest.partition(end)
    page.write_text(f"{before}{begin}\n\n{text.strip()}\n\n{end}{after}", encoding="utf-8")
