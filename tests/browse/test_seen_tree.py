"""The tree of directories as a person sees it, by keyboard and by mouse. In a browser."""

from __future__ import annotations

import pytest

import fdb
import fdb.embedded
from fdb._browse import browse
from helpers.tools import needs

PATHS = [("app", "index", "by city"), ("app", "index", "by_name"), ("app", "users"), ("zoo",)]


@pytest.fixture(scope="module")
def expect():
    return needs("playwright.sync_api").expect


@pytest.fixture(scope="module")
def url():
    """The address of a page with some directories, which the tests only look at."""
    name = fdb.embedded.unique()
    with fdb.open(name) as db, browse(db) as page:
        for path in PATHS:
            directory = fdb.directory.create_or_open(db, path)
            db[directory.pack((path[-1],))] = b"1"
        fdb.directory.create_or_open(db, ("jobs",), layer=b"queue")
        fdb.directory.create_or_open(db, ("old",), layer=b"partition").create(db, ("logs",))
        yield page.url
    fdb.embedded.drop(name)


def names(page):
    return page.locator(".tree-name:visible").all_inner_texts()


def item(page, name):
    return page.get_by_role("treeitem", name=name, exact=True)


def test_the_tree_by_keyboard(url, tab, expect):
    page = tab(url)
    expect(item(page, "zoo")).to_be_visible()
    assert names(page) == ["All keys", "app", "jobs", "old", "zoo"]
    press = page.keyboard.press
    item(page, "All keys").focus()
    press("ArrowDown")
    expect(item(page, "app")).to_be_focused()
    press("ArrowRight")
    expect(item(page, "users")).to_be_visible()
    press("ArrowRight")
    expect(item(page, "index")).to_be_focused()
    press("ArrowRight")
    expect(item(page, "by_name")).to_be_visible()
    press("End")
    expect(item(page, "zoo")).to_be_focused()
    press("u")
    expect(item(page, "users")).to_be_focused()
    press("Enter")
    expect(page.locator("a.key")).to_have_text(["/app/users('users',)"])
    expect(item(page, "users")).to_have_attribute("aria-selected", "true")
    press("ArrowLeft")
    expect(item(page, "app")).to_be_focused()
    press("ArrowLeft")
    expect(item(page, "users")).to_be_hidden()
    press("Home")
    expect(item(page, "All keys")).to_be_focused()
    assert page.locator("[role=tree] [tabindex='0']").count() == 1
    press("Tab")
    assert page.evaluate("document.activeElement.closest('[role=tree]')") is None


def test_layers_partitions_and_the_levels_are_told(url, tab, expect):
    page = tab(url)
    expect(item(page, "jobs, queue")).to_have_attribute("aria-level", "2")
    assert item(page, "jobs, queue").get_attribute("aria-expanded") is None
    item(page, "old, partition").locator(".twist").click()
    expect(item(page, "logs")).to_have_attribute("aria-level", "3")
    expect(page.locator("#range")).to_contain_text("All keys")


def test_an_address_opens_the_directories_above_what_it_shows(url, tab, expect):
    page = tab(url + "#/data?within=/app/index/'by city'('by city',)")
    expect(item(page, "by city")).to_have_attribute("aria-selected", "true")
    expect(page.locator("a.key")).to_have_count(1)
    page.get_by_role("button", name="Read the directories again").click()
    expect(item(page, "by city")).to_have_attribute("aria-selected", "true")
    expect(page.locator("[aria-selected=true]")).to_have_count(1)


def test_thousands_of_directories_are_read_as_they_are_asked_for(url, tab, expect):
    page = tab("about:blank")

    def child(name):
        return {
            "name": name,
            "path": [name],
            "path_shown": f"/{name}",
            "layer": "",
            "has_children": False,
            "bytes": None,
            "partition": False,
        }

    def answer(route):
        first = "after=" not in route.request.url
        names = ["a", "b"] if first else ["c"]
        route.fulfill(json={"children": list(map(child, names)), "next": "b" if first else None})

    page.route("**/api/directories*", answer)
    page.goto(url)
    page.get_by_role("button", name="Show more").click()
    expect(item(page, "c")).to_be_visible()
    assert names(page) == ["All keys", "a", "b", "c"]
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)


def test_directories_that_cannot_be_read(url, tab, expect):
    page = tab("about:blank")
    failure = {"error": "the directory layer has a newer format"}
    page.route("**/api/directories*", lambda route: route.fulfill(status=503, json=failure))
    page.goto(url)
    expect(page.locator(".tree-error")).to_contain_text("a newer format")
    expect(page.locator("a.key").first).to_be_visible()
    page.unroute("**/api/directories*")
    page.locator(".tree-error button").click()
    expect(item(page, "zoo")).to_be_visible()
