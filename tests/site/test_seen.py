"""The site as its readers see it: in a browser, from files, without a network. `make docs` builds it.

What is alike many times on a page (rows of tables, members of classes, blocks of code) is looked at a few times by the rules of
accessibility: with all of it they take minutes. They are applied to a tenth of the pages, others in each run; `make docs-seen` takes all.
"""

from __future__ import annotations

import html.parser
import os
import pathlib
import random
import re
import urllib.parse
from collections.abc import Iterator
from typing import Any

import pytest

from helpers.browser import DESKTOP, PATIENCE, PHONE
from helpers.paths import ROOT
from helpers.tools import IN_CI, needs

SITE = ROOT / "build" / "site"
#: One page of each kind: the first page, prose, tables, signatures, code, lists of names.
KINDS = (
    *("index.html", "tutorial.html", "guides/layers.html", "guides/index.html"),
    *("reference/layers-queues.html", "reference/parity.html"),
)
#: Whether the rules of accessibility are applied to all pages.
ALL_PAGES = os.environ.get("FDB_TESTS_ALL_PAGES") == "1"
#: Leaves some of what is alike. Where not `with_colours` the words of code are one, and the bars beside the page go.
_SOME_OF_ALL = """with_colours => {
    const slices = [['tbody', 4], ['article dl', 8], ['article ul', 8], ['article ol', 8]];
    const rest = slices.flatMap(([kind, most]) =>
        [...document.querySelectorAll(kind)].flatMap(each => [...each.children].slice(most)));
    rest.push(...[...document.querySelectorAll('article div[class^=highlight-]')].slice(8));
    rest.push(...[...document.querySelectorAll('article dl.py')].slice(8));
    if (!with_colours) {
        rest.push(...document.querySelectorAll('.sidebar-drawer > *, .toc-drawer > *'));
    }
    rest.forEach(each => each.remove());
    if (!with_colours) {
        document.querySelectorAll('pre, .sig').forEach(each => { each.textContent = each.textContent; });
    }
}"""
_OPTIONS = {"preload": False, "resultTypes": ["violations"]}
#: Contrast takes most of the time, and is that of the kind of page.
_WITHOUT_CONTRAST = {**_OPTIONS, "rules": {"color-contrast": {"enabled": False}}}


@pytest.fixture(scope="module")
def pages() -> list[pathlib.Path]:
    """All pages, without their folder."""
    if not (SITE / "index.html").exists():
        message = "there is no site: make docs"
        pytest.fail(message) if IN_CI else pytest.skip(message)
    found = [path.relative_to(SITE) for path in SITE.rglob("*.html")]
    return sorted(path for path in found if "_static" not in path.parts)


class _Page(html.parser.HTMLParser):
    """The links of a page, and what can be linked to in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.anchors: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value is not None:
                self.links.add(value)
            elif name == "id" and value is not None:
                self.anchors.append(value)


def test_no_link_is_broken(pages: list[pathlib.Path]) -> None:
    found = {path: _Page((SITE / path).read_text(encoding="utf-8")) for path in pages}
    broken, followed = [], 0
    for path, page in found.items():
        for link in sorted(page.links):
            address = urllib.parse.urlsplit(link)
            if address.scheme:
                continue
            followed += 1
            target = (SITE / path.parent / urllib.parse.unquote(address.path)).resolve()
            if not address.path:
                target = SITE / path
            anchor = urllib.parse.unquote(address.fragment)
            if not target.is_file():
                broken.append(f"{path}: {link} does not exist")
            elif anchor and anchor not in found[target.relative_to(SITE)].anchors:
                broken.append(f"{path}: {link} has no such anchor")
        twice = {each for each in page.anchors if page.anchors.count(each) > 1}
        broken += [f"{path}: the anchor {each} is there twice" for each in sorted(twice)]
    assert broken == [] and followed > 1000


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A chromium."""
    from helpers.browser import launched

    with launched() as browser:
        yield browser


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page of it. At the end nothing may have been asked for elsewhere, and nothing have failed."""
    context = browser.new_context(viewport=DESKTOP)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    problems: list[str] = []

    def ask(request: Any) -> None:
        if not request.url.startswith(("file://", "data:")):
            problems.append(f"a request to {request.url}")

    def miss(request: Any) -> None:
        # What a page that is left has not loaded yet, such as its icon, is given up.
        if request.failure != "net::ERR_ABORTED":
            problems.append(f"{request.url}: {request.failure}")

    def fail(message: Any) -> None:
        if message.type in ("error", "warning"):
            problems.append(f"{page.url}: {message.text}")

    page.on("request", ask)
    page.on("requestfailed", miss)
    page.on("console", fail)
    page.on("pageerror", lambda error: problems.append(f"{page.url}: {error}"))
    yield page
    context.close()
    assert problems == []


def violations(page: Any, options: dict[str, Any] = _OPTIONS) -> list[str]:
    """Returns what axe-core finds on what is shown."""
    axe = needs("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page, options=options).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found]


def width(page: Any) -> int:
    wide: int = page.evaluate("document.documentElement.scrollWidth")
    return wide


@pytest.mark.slow
def test_every_page(page: Any, pages: list[pathlib.Path]) -> None:
    """None is wider than a phone, or has what axe-core finds wrong."""
    problems = []
    assert len(pages) > 40
    seed = random.randrange(2**32)
    print("seed", seed)
    examined = pages if ALL_PAGES else random.Random(seed).sample(pages, len(pages) // 10)
    page.set_viewport_size(PHONE)
    for path in pages:
        page.goto((SITE / path).as_uri())
        if width(page) > PHONE["width"]:
            problems.append(f"{path} is {width(page)} wide on a phone")
    page.set_viewport_size(DESKTOP)
    for path in examined:
        page.goto((SITE / path).as_uri())
        page.evaluate(_SOME_OF_ALL, False)
        problems += [f"{path}: {each}" for each in violations(page, _WITHOUT_CONTRAST)]
    assert problems == []


@pytest.mark.parametrize(
    ("scheme", "size", "is_dark"), [("light", DESKTOP, False), ("dark", PHONE, True)]
)
def test_each_kind_of_page(page: Any, scheme: str, size: Any, is_dark: bool) -> None:
    """With its colours, those of code among them."""
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(size)
    problems, grounds = [], set()
    for path in KINDS:
        page.goto((SITE / path).as_uri())
        page.evaluate(_SOME_OF_ALL, True)
        grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        problems += [f"{path}: {each}" for each in violations(page)]
    assert problems == []
    (ground,) = grounds
    assert (int(re.findall(r"\d+", ground)[0]) < 64) == is_dark


@pytest.mark.parametrize(
    ("words", "wanted"),
    [("fencing token", "guides/queues.html"), ("NotUnique", "reference/layers.html")],
)
def test_search(page: Any, words: str, wanted: str) -> None:
    page.goto((SITE / "index.html").as_uri())
    page.fill("input[name=q]", words)
    page.press("input[name=q]", "Enter")
    page.wait_for_selector("ul.search li a")
    page.wait_for_selector(".search-summary:has-text('found')")
    found = page.eval_on_selector_all("ul.search li a", "all => all.map(each => each.href)")
    assert any(wanted in each for each in found[:5]), found
    assert violations(page) == []


def test_what_is_too_wide_can_be_scrolled_by_the_keyboard(page: Any) -> None:
    page.set_viewport_size(PHONE)
    page.goto((SITE / "tutorial.html").as_uri())
    wide = "[...document.querySelectorAll('article pre')].map(each => [each.scrollWidth > each.clientWidth, each.tabIndex])"
    assert {tuple(each) for each in page.evaluate(wide)} == {(True, 0), (False, -1)}
