"""How objects show themselves in a notebook: a class that does says `_repr_html_ = repr_html`.

What draws them has to know every class there is, so it is handed in from above, and loaded when the first object is shown.
"""

from __future__ import annotations

from fdb._typing import Any, Callable

#: Returns the module that draws (fdb/_display/html.py).
_load: Callable[[], Any]


def drawn_by(load: Callable[[], Any]) -> None:
    """Says where the module that draws comes from: `load` returns it."""
    global _load
    _load = load


def repr_html(shown: Any) -> str:
    """Returns the object as HTML, for notebooks. Reads little, for a few seconds at most; an error becomes part of the picture."""
    html: str = _load().html_of(shown)
    return html


def repr_pretty(shown: Any, printer: Any, cycle: bool) -> None:
    """Prints the object as text, for IPython."""
    printer.text("..." if cycle else _load().text_of(shown))
