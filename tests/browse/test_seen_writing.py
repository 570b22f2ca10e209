"""Changing rows in the page, where it may: what a person sees, and what is in the database then. In a browser."""

from __future__ import annotations

import pytest

import fdb.tenant_management
import fdb.tuple
from helpers.databases import fill
from helpers.tools import needs


@pytest.fixture
def expect():
    return needs("playwright.sync_api").expect


def test_nothing_can_be_changed_without_leave(memory_db, serve, tab, expect):
    memory_db[b"k"] = b"v"
    page = tab(serve(memory_db).url + "#/data?row=6b")
    expect(page.locator("#value-panel")).to_have_text("v")
    expect(page.locator("#mode")).to_have_text("read-only")
    for name in ("Edit value", "Delete row", "Add a row", "Delete rows"):
        assert not page.get_by_role("button", name=name).is_visible()


def test_a_value_is_edited_in_the_form_that_it_has(page, page_db, tab, expect):
    page_db[b"k"] = b'{"n": 1}'
    seen = tab(page.url + "#/data?row=6b")
    seen.get_by_role("button", name="Edit value").click()
    expect(seen.get_by_label("The value is")).to_have_value("json")
    seen.get_by_label("The value is").select_option("hex")
    expect(seen.get_by_label("Value", exact=True)).to_have_value(b'{"n": 1}'.hex())
    seen.get_by_label("The value is").select_option("json")
    seen.get_by_label("Value", exact=True).fill('{"n": }')
    seen.get_by_role("button", name="Save").click()
    expect(seen.locator("dialog .field-error")).to_contain_text("is no JSON")
    assert page_db[b"k"] == b'{"n": 1}'
    seen.get_by_label("Value", exact=True).fill('{"n": 2}')
    seen.get_by_role("button", name="Save").click()
    expect(seen.locator("#toast")).to_contain_text("Saved at version")
    expect(seen.get_by_role("dialog")).to_have_count(0)
    expect(seen.locator("td.value")).to_have_text('{"n": 2}')
    expect(seen.locator("#value-panel")).to_contain_text('"n": 2')
    assert page_db[b"k"] == b'{"n": 2}'


def test_what_somebody_else_has_written_meanwhile_is_not_lost(page, page_db, tab, expect):
    page_db[b"k"] = b"old"
    seen = tab(page.url + "#/data?row=6b")
    seen.get_by_role("button", name="Edit value").click()
    page_db[b"k"] = b"theirs"
    seen.get_by_label("Value", exact=True).fill("mine")
    seen.get_by_role("button", name="Save").click()
    expect(seen.locator("dialog .field-error")).to_contain_text("another value by now")
    assert page_db[b"k"] == b"theirs"
    seen.keyboard.press("Escape")
    seen.get_by_role("button", name="Delete row", exact=True).click()
    seen.get_by_role("button", name="Delete row", exact=True).last.click()
    expect(seen.locator("dialog .field-error")).to_contain_text("another value by now")
    assert page_db[b"k"] == b"theirs"


def test_carriage_returns_survive_an_edit(page, page_db, tab, expect):
    page_db[b"k"] = b"one\r\ntwo"
    seen = tab(page.url + "#/data?row=6b")
    expect(seen.get_by_role("tab", name="Text")).to_be_visible()
    seen.get_by_role("button", name="Edit value").click()
    value = seen.get_by_label("Value", exact=True)
    expect(value).to_have_value(repr(b"one\r\ntwo"))
    seen.get_by_label("The value is").select_option("text")
    expect(value).to_have_value(repr(b"one\r\ntwo"))
    seen.get_by_label("The value is").select_option("bytes")
    value.fill(repr(b"one\r\nthree"))
    seen.get_by_role("button", name="Save").click()
    expect(seen.locator("#toast")).to_contain_text("Saved")
    assert page_db[b"k"] == b"one\r\nthree"


def test_a_row_is_added_but_none_is_overwritten_by_that(page, page_db, tab, expect):
    seen = tab(page.url)
    for value, said in [("(1, 'x')", "Added"), ("other", "is there already")]:
        seen.get_by_role("button", name="Add a row").click()
        seen.get_by_label("Key", exact=True).fill("('users', 42)")
        seen.get_by_label("Value", exact=True).fill(value)
        seen.get_by_role("button", name="Add", exact=True).click()
        expect(seen.locator("#toast, dialog .field-error").last).to_contain_text(said)
    key = fdb.tuple.pack(("users", 42))
    assert list(page_db.get_range(b"", b"\xff")) == [(key, fdb.tuple.pack((1, "x")))]
    expect(seen.locator("a.key")).to_have_text(["('users', 42)"])


def test_a_row_is_deleted_when_that_is_confirmed(page, page_db, tab, expect):
    fill(page_db, [(b"a", b"1"), (b"b", b"2")])
    seen = tab(page.url + "#/data?row=61")
    seen.get_by_role("button", name="Delete row", exact=True).click()
    expect(seen.get_by_role("button", name="Cancel")).to_be_focused()
    seen.keyboard.press("Enter")
    expect(seen.get_by_role("dialog")).to_have_count(0)
    assert page_db[b"a"] == b"1"
    seen.get_by_role("button", name="Delete row", exact=True).click()
    seen.get_by_role("dialog").get_by_role("button", name="Delete row", exact=True).click()
    expect(seen.locator("#toast")).to_contain_text("Deleted")
    expect(seen.locator("a.key")).to_have_text(["b"])
    expect(seen.locator("#row")).to_be_hidden()
    assert page_db[b"a"] is None


def test_what_was_shown_in_one_tenant_is_not_written_in_another(memory_db, serve, tab, expect):
    for name in (b"one", b"two"):
        fdb.tenant_management.create_tenant(memory_db, name)
        memory_db.open_tenant(name)[b"k"] = b"v"
    one, two = memory_db.open_tenant(b"one"), memory_db.open_tenant(b"two")
    seen = tab(serve(memory_db, write=True).url)

    def confirmed_late(begins, ends):
        seen.evaluate("location.hash = '#/data?tenant=one&row=6b'")
        expect(seen.get_by_label("Tenant")).to_have_value("one")
        expect(seen.locator("a.key")).to_have_text(["k"])
        seen.get_by_role("button", name=begins, exact=True).click()
        if begins == "Add a row":
            seen.get_by_label("Key", exact=True).fill("new")
        seen.evaluate("location.hash = '#/data?tenant=two'")
        expect(seen.get_by_label("Tenant")).to_have_value("two")
        seen.get_by_role("dialog").get_by_role("button", name=ends, exact=True).click()
        expect(seen.get_by_role("dialog")).to_have_count(0)
        assert two[:] == [(b"k", b"v")]

    confirmed_late("Add a row", "Add")
    assert one[b"new"] == b""
    one.clear(b"new")
    confirmed_late("Delete row", "Delete row")
    assert one[:] == []
    one[b"k"] = b"v"
    confirmed_late("Delete rows", "Delete 1 row")
    assert one[:] == []


@pytest.mark.parametrize("order", ["", "&reverse=1"])
def test_the_rows_of_a_page_are_deleted_and_no_other(page, page_db, tab, expect, order):
    rows = [(b"k%03d" % number, b"v") for number in range(40)]
    fill(page_db, rows)
    seen = tab(page.url + "#/data?limit=25" + order)
    seen.get_by_role("button", name="Delete rows").click()
    page_db[b"k010x" if not order else b"k030x"] = b"new"
    seen.get_by_role("button", name="Delete 25 rows").click()
    expect(seen.locator("dialog .field-error")).to_contain_text("more rows by now")
    assert len(list(page_db.get_range(b"", b"\xff"))) == 41
    page_db.clear(b"k010x")
    page_db.clear(b"k030x")
    page_db[b"k020"] = b"changed"
    seen.get_by_role("button", name="Delete 25 rows").click()
    expect(seen.locator("dialog .field-error")).to_contain_text("have changed since")
    page_db[b"k020"] = b"v"
    seen.get_by_role("button", name="Delete 25 rows").click()
    expect(seen.locator("#toast")).to_contain_text("Deleted 25 rows")
    left = rows[:15] if order else rows[25:]
    expect(seen.locator("#count")).to_have_text("15 rows")
    assert [tuple(row) for row in page_db.get_range(b"", b"\xff")] == left
