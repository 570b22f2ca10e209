"""examples/notebook.ipynb runs, and shows what docs/guides/notebooks.md has pictures of: in light themes and in dark ones."""

from __future__ import annotations

import html
import os
import pathlib
import re
from collections.abc import Iterator
from typing import Any

import pytest

from helpers.paths import ROOT
from helpers.tools import chromium, needs, picture

SECONDS = 60

#: What a notebook does to tables that do not say how they want to look.
_STYLE = """
body { margin: 16px; width: 860px; font: 14px/1.4 system-ui, sans-serif; color: COLOUR; background: GROUND }
pre { font: 12px ui-monospace, Menlo, Consolas, monospace; padding: 6px 8px; margin: 14px 0 6px; background: CELL }
table { border-collapse: collapse; table-layout: fixed; font-size: 12px }
td, th { text-align: right; vertical-align: middle; padding: .5em; border: 0 solid }
tbody tr:nth-child(odd) { background: STRIPE }
"""
_LIGHT = {"COLOUR": "#1b1b1b", "GROUND": "#ffffff", "CELL": "#f5f5f5", "STRIPE": "#f5f5f5"}
_DARK = {"COLOUR": "#e0e0e0", "GROUND": "#111111", "CELL": "#212121", "STRIPE": "#212121"}
THEMES = {"light": _LIGHT, "dark": _DARK}
#: The cells in the pictures: those with this text, or that begin with this word.
_PICTURED = {
    "light": ("db", "tr", "frame", "collector"),
    "dark": ("db", "db.get_range(orders, limit=3)", "collector", "db.ping()"),
}


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """The cells of the notebook with what they have shown."""
    needs("ipykernel")
    nbformat, nbclient = needs("nbformat"), needs("nbclient")
    notebook = nbformat.read(ROOT / "examples" / "notebook.ipynb", 4)
    nbformat.validate(notebook)
    assert not any(cell.get("outputs") for cell in notebook.cells), "commit it without outputs"
    home = str(tmp_path_factory.mktemp("home"))
    client = nbclient.NotebookClient(notebook, timeout=SECONDS, kernel_name="python3")
    with client.setup_kernel(
        cwd=home, env={**os.environ, "PYTHONPATH": str(ROOT), "IPYTHONDIR": home, "HOME": home}
    ):
        for index, cell in enumerate(notebook.cells):
            client.execute_cell(cell, index)
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def shown(cell: Any) -> str:
    """Returns what a cell has shown, as HTML."""
    parts = []
    for output in cell.outputs:
        data = output.get("data", {})
        plain = output.get("text") or data.get("text/plain", "")
        parts.append(data.get("text/html") or f"<pre>{html.escape(plain)}</pre>")
    return "".join(parts)


def test_every_cell_shows_what_the_text_says(cells: list[Any]) -> None:
    found = {cell.source: shown(cell) for cell in cells}
    assert not [
        cell.source for cell in cells if any(o.output_type == "error" for o in cell.outputs)
    ]
    assert "/orders" in found["db"] and "table" in found["db"]
    assert "/shop/orders(&#x27;alice&#x27;, 0)" in found["orders"]
    assert "<b>3 rows" in found["db.get_range(orders, limit=3)"]
    assert "Collector of 90 transactions" in found["collector"]
    assert "<b>Status" in found["db.status()"] and "round trip" in found["db.ping()"]
    assert "Asynchronous" in next(
        text for source, text in found.items() if "import asyncio" in source
    )
    everything = "".join(found.values())
    assert "customer" in everything and "90\n(" in everything and "ding" in everything


def page_of(cells: list[Any], theme: dict[str, str]) -> str:
    """Returns some cells as a page."""
    style = re.sub("|".join(theme), lambda name: theme[name[0]], _STYLE)
    body = "".join(f"<pre>{html.escape(cell.source)}</pre>{shown(cell)}" for cell in cells)
    return (
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>Notebook</title><style>{style}</style></head>"
        f"<body><main><h1 style='position:absolute;clip-path:inset(50%)'>Notebook</h1>{body}</main></body></html>"
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    path = chromium()
    with needs("playwright.sync_api").sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.mark.parametrize("theme", THEMES)
def test_the_pictures_of_the_page_are_accessible(
    cells: list[Any], browser: Any, theme: str, tmp_path: pathlib.Path
) -> None:
    axe = needs("axe_playwright_python.sync_playwright").Axe()
    chosen = [
        next(cell for cell in cells if cell.source == begin or cell.source.startswith(f"{begin} "))
        for begin in _PICTURED[theme]
    ]
    page = browser.new_page(viewport={"width": 900, "height": 300})
    try:
        page.set_content(page_of(chosen, THEMES[theme]))
        path = picture(f"notebook-{theme}.png", tmp_path)
        page.screenshot(path=str(path), full_page=True)
        assert 10_000 < path.stat().st_size < 150_000
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 900
        ours = page.evaluate(
            """[...document.querySelectorAll('table[aria-label] td')].map(cell => {
                const style = getComputedStyle(cell);
                return [style.textAlign, style.borderLeftWidth, style.color, getComputedStyle(cell.parentNode).backgroundColor];
            })"""
        )
        results = axe.run(page, context={"exclude": [".dataframe"]})  # which is pandas' own
    finally:
        page.close()
    assert results.violations_count == 0, results.generate_report()
    # The notebook's own style for tables has no effect on ours, and the colour is that of the theme.
    assert len(ours) > 20
    colour = page_colour(THEMES[theme]["COLOUR"])
    assert {tuple(cell) for cell in ours} == {("left", "0px", colour, "rgba(0, 0, 0, 0)")}


def page_colour(colour: str) -> str:
    """Returns a colour as a browser says it."""
    red, green, blue = bytes.fromhex(colour[1:])
    return f"rgb({red}, {green}, {blue})"
