"""The page for everyone: axe-core finds nothing, texts can be told from their ground, dark and light, phone and desktop.

The pictures of the documentation are taken here as well, of what was looked at.
"""

from __future__ import annotations

import itertools
import json
import random
import re
import struct

import pytest

import fdb
import fdb.embedded
import fdb.tuple
from fdb._browse import browse
from helpers.browser import DESKTOP, PHONE
from helpers.databases import fill
from helpers.tools import needs, picture

NAMES = ("Ada", "Grace", "Edsger", "Barbara", "Donald", "Radia", "Leslie", "Frances")
#: What WCAG asks for of a text, and of the outline of a control.
LEAST_OF_TEXT, LEAST_OF_OUTLINE = 4.5, 3.0
GROUNDS = ("ground", "ground-side", "ground-raised", "hover", "chosen")
TEXTS = (
    "text",
    "muted",
    "accent",
    "danger",
    "t-text",
    "t-number",
    "t-bytes",
    "t-special",
    "t-constant",
)


@pytest.fixture(scope="module")
def expect():
    return needs("playwright.sync_api").expect


@pytest.fixture(scope="module")
def url():
    """The address of a page that may write, of a shop: the tests look only."""
    name = fdb.embedded.unique()
    with fdb.open(name) as db, browse(db, write=True, title="file:/srv/shop.fdb") as page:
        users = fdb.directory.create_or_open(db, ("shop", "users"))
        orders = fdb.directory.create_or_open(db, ("shop", "orders"), layer=b"queue")
        fdb.directory.create_or_open(db, ("shop", "index", "by_email"))
        fdb.directory.create_or_open(db, ("archive",), layer=b"partition").create(db, ("2024",))
        fill(db, shop_rows(users, orders))
        yield page.url
    fdb.embedded.drop(name)


def shop_rows(users, orders):
    chosen = random.Random(2)
    for number in range(300):
        name = chosen.choice(NAMES)
        profile = {"name": name, "born": 1900 + number % 90, "tags": ["staff"], "note": None}
        yield users.pack((number, "name")), name.encode()
        yield users.pack((number, "profile")), json.dumps(profile).encode()
        yield users.pack((number, "visits")), struct.pack("<q", chosen.randrange(10_000))
    for number in range(90):
        stamp = fdb.tuple.Versionstamp(struct.pack(">QH", 17_000_000 + 7 * number, 0), 0)
        yield orders.pack((stamp, b"\x00\x01")), fdb.tuple.pack((number, 9.5, None, True))
    yield b"binary\x00", bytes(range(256))


def nothing(page):
    pass


def a_row(page):
    page.locator("a.key", has_text="(1, 'profile')").click()
    page.wait_for_selector("#row:not([aria-busy]) [role=tab]")


def a_dialog(page):
    a_row(page)
    page.get_by_role("button", name="Edit value").click()


def a_mistake(page):
    page.fill("#within", "('users', ")
    page.press("#within", "Enter")
    page.wait_for_selector("#search-error:not([hidden])")


def the_tree(page):
    if page.locator("#open-tree").is_visible():
        page.click("#open-tree")


def the_help(page):
    page.click("#help")


def the_numbers(page):
    page.wait_for_selector(".plot-note:not(:empty)")
    page.click("summary")


#: All kinds of cells, and few of them: axe looks at each.
FEW = "#/data?within=/shop/users(1)"
STATES = {
    "rows": (FEW, nothing),
    "row": (FEW, a_row),
    "dialog": (FEW, a_dialog),
    "mistake": (FEW, a_mistake),
    "tree": (FEW, the_tree),
    "help": (FEW, the_help),
    "live": ("#/live", the_numbers),
}


def test_axe_finds_nothing(url, tab):
    """In each state, in one tab, as a tab for each takes longer than to look."""
    axe = needs("axe_playwright_python.sync_playwright").Axe()
    # axe itself is a script that the page's policy would refuse.
    page = tab("about:blank", reduced_motion="reduce", bypass_csp=True)
    for state, (fragment, act) in STATES.items():
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        page.set_viewport_size(DESKTOP)
        page.goto("about:blank")
        page.goto(url + fragment)
        page.wait_for_selector("a.key, .plot")
        act(page)
        # The other colours of the two are measured below: nothing but colours depends on the scheme.
        assert_nothing_found(axe, page, f"{state}, light, desktop")
        page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        page.set_viewport_size(PHONE)
        if act is the_tree:
            act(page)
        assert_nothing_found(axe, page, f"{state}, dark, phone")


def assert_nothing_found(axe, page, state):
    found = axe.run(page, options={"resultTypes": ["violations"]})
    assert found.violations_count == 0, f"{state}: {found.generate_report()}"


#: Relative luminance of each custom property that is a colour, as WCAG defines it.
LUMINANCE = """names => Object.fromEntries(names.map(name => {
  const probe = document.createElement("i");
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const channels = getComputedStyle(probe).color.match(/[0-9.]+/g).slice(0, 3).map(c => c / 255);
  probe.remove();
  const [r, g, b] = channels.map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return [name, 0.2126 * r + 0.7152 * g + 0.0722 * b];
}))"""


def contrast(one, other):
    lighter, darker = max(one, other), min(one, other)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_contrast_with_every_ground(url, tab, scheme):
    page = tab(url, color_scheme=scheme)
    names = [*GROUNDS, *TEXTS, "line-strong", "warning", "warning-ground"]
    luminance = page.evaluate(LUMINANCE, names)
    pairs = [*itertools.product(TEXTS, GROUNDS), ("warning", "warning-ground")]
    found = {pair: contrast(*(luminance[name] for name in pair)) for pair in pairs}
    assert {pair: ratio for pair, ratio in found.items() if ratio < LEAST_OF_TEXT} == {}
    outline = contrast(luminance["line-strong"], luminance["ground"])
    assert outline >= LEAST_OF_OUTLINE
    assert contrast(luminance["accent"], luminance["chosen"]) >= LEAST_OF_OUTLINE


def test_what_the_keyboard_is_at_can_be_seen(url, tab, expect):
    page = tab(url)
    expect(page.locator("a.key").first).to_be_visible()
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(
            """() => { const at = document.activeElement, line = at.matches("[role=treeitem]") ? at.firstChild : at;
            return [at.id || at.className || at.tagName, getComputedStyle(line).outlineStyle]; }"""
        )
        if name in seen or name == "BODY":
            break
        seen.add(name)
        assert outline != "none", name
    assert {"skip", "tab-live", "theme", "within", "help", "order", "add", "mono key"} <= seen


def test_nothing_is_wider_than_the_window(url, tab, expect):
    page = tab(url + "#/data?within=/shop/orders")
    page.locator("a.key").first.click()
    page.get_by_role("tab", name="Hex").click()
    for width in (320, 480, 760, 1000, 1280, 1900):
        page.set_viewport_size({"width": width, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        pane = page.locator("#row").bounding_box()
        assert pane["x"] >= 0 and pane["x"] + pane["width"] <= width + 0.5


def test_pictures_of_rows(url, tab, expect, tmp_path):
    page = tab(url + "#/data?within=/shop/users", color_scheme="light", reduced_motion="reduce")
    a_row(page)
    expect(page.get_by_role("treeitem", name="users")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#range")).to_contain_text("about")
    expect(page.locator("#value-panel")).to_contain_text('"born": 1901')
    take(page, picture("browse-rows.png", tmp_path))
    page.emulate_media(color_scheme="dark")
    page.locator("a.key").nth(5).click()
    expect(page.get_by_role("tab", name="Integer")).to_be_visible()
    page.get_by_role("tab", name="Hex").click()
    page.mouse.move(0, 0)
    take(page, picture("browse-dark.png", tmp_path))


def test_pictures_of_a_phone_and_of_writing(url, tab, expect, tmp_path):
    page = tab(url + "#/data?within=/shop/users", size=PHONE, color_scheme="dark")
    expect(page.locator("a.key").first).to_be_visible()
    expect(page.locator("#range")).to_contain_text("about")
    take(page, picture("browse-phone.png", tmp_path))
    page = tab(url + "#/data?within=/shop/users", size={"width": 1000, "height": 620})
    a_dialog(page)
    expect(page.get_by_label("Value", exact=True)).to_be_focused()
    take(page, picture("browse-edit.png", tmp_path))


def test_a_picture_of_the_live_view(url, tab, expect, tmp_path):
    page = tab("about:blank", color_scheme="dark")
    body = "".join(f"data: {json.dumps(each)}\n\n" for each in two_minutes())
    page.route(
        "**/api/live*", lambda route: route.fulfill(content_type="text/event-stream", body=body)
    )
    page.goto(url + "#/live")
    plot = page.get_by_role("img", name=re.compile("^Transactions"))
    expect(plot).to_have_attribute("aria-label", re.compile("committed: now [1-9]"))
    expect(page.locator("#notice")).to_be_visible()
    page.evaluate("document.getElementById('notice').hidden = true")
    take(page, picture("browse-live.png", tmp_path))


def two_minutes():
    chosen = random.Random(4)
    committed = 800.0
    for second in range(120):
        committed = max(100.0, committed + chosen.uniform(-90, 90) + (400 if second == 70 else 0))
        conflicted = max(0.0, chosen.gauss(committed / 60, 4)) * (3 if 70 < second < 85 else 1)
        yield {
            "time": 1000 + second,
            "source": "process",
            "started": committed + conflicted,
            "committed": committed,
            "conflicted": conflicted,
            "failed": 0,
            "reads": committed * 3.2,
            "writes": committed * 1.1,
            "bytes_read": committed * 410,
            "bytes_written": committed * 150,
            "latency": {"median": chosen.uniform(0.2, 0.25), "p99": chosen.uniform(0.8, 1.6)},
            "probe": None,
            "read_version": 61_000_000 + second * 1_000_000,
            "versions_per_second": chosen.gauss(1e6, 4e3),
        }


def take(page, path):
    page.screenshot(path=path, animations="disabled", caret="hide")
    assert 5_000 < path.stat().st_size < 150_000
