"""No page claims a figure that `benchmarks/` does not print: what is measured stands in the parts that report.py writes."""

from __future__ import annotations

import ast
import pathlib

import gather
import pytest

from helpers.figures import figures, prose
from helpers.paths import ROOT

FACTS = tuple(
    line
    for line in (pathlib.Path(__file__).parent / "facts.txt").read_text().splitlines()
    if line and not line.startswith("#")
)
#: Of delays and of a histogram's classes.
FACTS_OF_DOCSTRINGS = (
    "about a million a second",
    "grow from 10 ms by doubling",
    "a backoff of 10 ms",
    "within 4.5 percent",
)
PAGES = sorted({*gather.pages(), "README.md"})


@pytest.mark.parametrize("page", PAGES)
def test_figures_are_measured_by_benchmarks_or_known_facts(page: str) -> None:
    found = figures((ROOT / page).read_text(encoding="utf-8"), FACTS)
    assert not found, (
        f"{page} claims figures. What was measured stands in a table of benchmarks/sections.py; a limit, a default and the like in"
        " tests/site/facts.txt: "
        + "; ".join(f"line {each.line}: {each.text!r} in {each.context!r}" for each in found)
    )


def docstrings(path: pathlib.Path) -> str:
    """All docstrings of a module, with blank lines between them."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return "\n\n".join(ast.get_docstring(node) or "" for node in nodes if isinstance(node, kinds))


def test_docstrings_claim_no_speed() -> None:
    """Those are pages of the reference; sizes and limits are what they are about."""
    for path in (*(ROOT / "fdb").rglob("*.py"), ROOT / "fdb_pytest.py"):
        found = [
            each for each in figures(docstrings(path), FACTS_OF_DOCSTRINGS) if each.is_of_speed
        ]
        assert not found, (path, found)


@pytest.mark.parametrize(
    ("text", "of_speed"),
    [
        ("3 ms", True),
        ("a millisecond", True),
        ("1.2 times", True),
        ("9,300 items a second", True),
        ("twice as fast", True),
        ("1,000 instructions", True),
        ("10 MB", False),
        ("10-byte", False),
        ("5 seconds", False),
        ("20 s", False),
    ],
)
def test_what_a_figure_of_speed_is(text: str, of_speed: bool) -> None:
    (found,) = figures(f"It is {text}.")
    assert found.text == text and found.is_of_speed is of_speed


def test_facts_are_on_pages_and_are_figures() -> None:
    pages = [" ".join((ROOT / page).read_text(encoding="utf-8").split()) for page in PAGES]
    for fact in FACTS:
        assert any(fact in page for page in pages), fact
        assert figures(fact), fact
    assert len(set(FACTS)) == len(FACTS)


@pytest.mark.parametrize(
    "text",
    [
        "It takes 3 ms.",
        "It takes 1.5 µs",
        "in 200us",
        "takes 2 seconds",
        "1 to 2 ms late",
        "0.9 MB each",
        "10,000 bytes",
        "10.5x",
        "costs 1.11 times as much",
        "twice as fast",
        "ten times as fast",
        "several times faster",
        "in a millisecond",
        "some microseconds of Python",
        "tens of thousands of times a second",
        "350,000 rows a second",
        "thousands of commits a second, an order of magnitude more",
        "9,300 a second",
        "12 % more",
        "a per cent or two",
        "1,234 instructions",
        "five million bytes, 5 million bytes",
        "of them 1.3 million, and a million of those",
        "```text\nit takes 3 ms\n```\n",
        "<!-- begin x: written by somebody -->\n3 ms\n<!-- end x -->",
        "| a | 613 ns ±4% |",
    ],
)
def test_what_a_figure_is(text: str) -> None:
    assert figures(text), text


@pytest.mark.parametrize(
    "text",
    [
        "`0-2ms`, and ``3 ms ` 4 ms``",
        "```python\nx = 1  # 3 ms\n```\n",
        "   ```console\n   $ fdb bench --seconds 3 seconds\n   ```\n",
        "[later](page.md#after-3-ms)",
        "<!-- begin x: written by benchmarks/report.py -->\n| 3 ms |\n<!-- end x -->",
        "<!-- 3 ms -->",
        "64 threads, 1,000,000 rows, five seconds, version 7.3, a binding of 7.x",
        "error 2101, Python 3.10 to 3.13, one of us, many times",
    ],
)
def test_what_no_figure_is(text: str) -> None:
    assert not figures(text), text


def test_facts_are_found_across_lines_and_nothing_more() -> None:
    text = "at most\n  60 s. And 60 s."
    (found,) = figures(text, ("at most 60 s.",))
    assert (found.text, found.line) == ("60 s", 2)
    assert not figures("(default 20 s)", ("(default 20 s)",))
    assert figures("(default 20 s)", ("default 20",))


def test_lines_are_those_of_the_page() -> None:
    text = "a\n```python\nx\n```\n<!-- b\nc -->\n`d\ne`\n3 ms\n"
    assert prose(text).count("\n") == text.count("\n")
    (found,) = figures(text)
    assert found.line == 9
