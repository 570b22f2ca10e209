"""The rows of a page as a person sees them: pages, search, one row, whatever goes wrong. In a browser."""

from __future__ import annotations

import json
import re
import struct
import uuid

import pytest

import fdb
import fdb.embedded
import fdb.tuple
from fdb._browse import browse
from helpers.browser import PHONE
from helpers.databases import fill
from helpers.tools import needs

#: What no database may make the page do.
HOSTILE = (
    "<img src=x onerror=\"document.title='owned'\"><script>window.owned = 1</script>"
    '<a href="javascript:void(window.owned = 2)">\'&quot;\\u003cb>'
)


@pytest.fixture
def expect():
    return needs("playwright.sync_api").expect


DOCUMENT = {"name": "Ada", "big": 2**60 + 1, "list": [], "deep": [{"a": None}]}
TENANTS = (b"north", b"south & <b>")


@pytest.fixture(scope="module")
def url():
    """The address of a page: a directory with 250 people, values in all forms, tenants. One for all tests, which only look."""
    name = fdb.embedded.unique()
    with fdb.open(name) as db, browse(db) as page:
        users = fdb.directory.create_or_open(db, ("app", "users"))
        fill(db, [(users.pack((i, "name")), b"person %d" % i) for i in range(250)])
        elements = ("p", 7, b"\x00b", 2.5, None, True, uuid.UUID(int=5), ("n", 1))
        fill(
            db,
            [
                (fdb.tuple.pack(("forms", *elements)), json.dumps(DOCUMENT).encode()),
                (fdb.tuple.pack(("forms", "q")), struct.pack("<q", -42)),
                (fdb.tuple.pack(("forms", "r")), fdb.tuple.pack(("x", 1))),
                (fdb.tuple.pack(("forms", "s")), b""),
                (fdb.tuple.pack(("cities", "Oslo")), b"2"),
                (b"raw\x00key", b"1"),
            ],
        )
        for tenant in TENANTS:
            fdb.tenant_management.create_tenant(db, tenant)
            db.open_tenant(tenant)[b"of " + tenant] = b"1"
        yield page.url
    fdb.embedded.drop(name)


def keys(page):
    page.wait_for_selector("tr[data-key], .empty")
    return page.locator("a.key").all_inner_texts()


def user_keys(*numbers):
    return [f"/app/users({i}, 'name')" for i in numbers]


def test_pages_forward_and_back_and_the_address_keeps_the_place(url, tab, expect):
    page = tab(url + "#/data?within=/app/users")
    assert keys(page) == user_keys(*range(100))
    expect(page.locator("#previous")).to_have_attribute("aria-disabled", "true")
    page.click("#next")
    expect(page.locator("a.key").first).to_have_text(*user_keys(100))
    page.click("#next")
    expect(page.locator("#count")).to_have_text("50 rows")
    assert keys(page) == user_keys(*range(200, 250))
    expect(page.locator("#next")).to_have_attribute("aria-disabled", "true")
    page.click("#previous")
    expect(page.locator("a.key").first).to_have_text(*user_keys(100))
    there = page.url
    page.go_back()
    expect(page.locator("a.key").first).to_have_text(*user_keys(200))
    other = tab(there)
    assert keys(other) == user_keys(*range(100, 200))


def test_the_order_the_length_of_a_page_and_a_key_to_begin_at(url, tab, expect):
    page = tab(url + "#/data?within=/app/users")
    page.click("#order")
    expect(page.locator("a.key").first).to_have_text(*user_keys(249))
    page.select_option("#limit", "25")
    expect(page.locator("#count")).to_have_text("25 rows")
    page.click("#order")
    expect(page.locator("a.key").first).to_have_text(*user_keys(0))
    page.fill("#at", "/app/users(77,)")
    page.press("#at", "Enter")
    expect(page.locator("a.key").first).to_have_text(*user_keys(77))
    page.fill("#at", "/app/users(1")
    page.press("#at", "Enter")
    expect(page.locator("#search-error")).to_be_visible()
    expect(page.locator("#at")).to_have_attribute("aria-invalid", "true")


def test_search_by_a_tuple_a_directory_and_raw_bytes(url, tab, expect):
    page = tab(url)
    assert len(keys(page)) == 100
    for typed, found in [
        ("/app/users(42)", user_keys(42)),
        ("('cities',)", ["('cities', 'Oslo')"]),
        ("raw\\x00", ["raw\\x00key"]),
    ]:
        page.fill("#within", typed)
        page.press("#within", "Enter")
        expect(page.locator("a.key")).to_have_text(found)
        expect(page.locator("#search-error")).to_be_hidden()
    page.click("#clear-search")
    expect(page.locator("#range")).to_contain_text("All keys")
    assert page.input_value("#within") == ""


@pytest.mark.parametrize(
    ("typed", "said"),
    [("('users', ", "column"), ("/no/such", "no directory /no/such"), ("a\\y", "backslash")],
)
def test_what_cannot_be_looked_up_is_said_beside_the_field(url, tab, expect, typed, said):
    page = tab(url)
    page.fill("#within", typed)
    page.press("#within", "Enter")
    expect(page.locator("#search-error")).to_contain_text(said)
    expect(page.locator("#within")).to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="How keys are written").last.click()
    expect(page.get_by_role("dialog")).to_contain_text("a tuple in a directory")
    page.keyboard.press("Escape")
    page.fill("#within", "/app/users")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("a.key").first).to_have_text(*user_keys(0))
    expect(page.locator("#within")).not_to_have_attribute("aria-invalid", "true")


def test_a_row_shows_its_value_in_each_form_that_fits(url, tab, expect):
    page = tab(url + "#/data?within=('forms',)")
    expect(page.locator("td.value").nth(1)).to_contain_text("-42")
    page.locator("a.key").first.click()
    elements = page.locator(".elements tbody tr")
    expect(elements).to_have_count(9)
    assert page.locator(".elements .kind").all_inner_texts()[1:4] == ["text", "int", "bytes"]
    shown = page.locator("#value-panel")
    expect(shown).to_contain_text('"big": 1152921504606846977')
    assert json.loads(shown.inner_text()) == DOCUMENT
    page.get_by_role("tab", name="Hex").click()
    expect(shown).to_contain_text("00000")
    expect(shown).to_contain_text('{"name":')
    page.get_by_role("tab", name="Hex").press("ArrowLeft")
    expect(page.get_by_role("tab", name="Bytes")).to_be_focused()
    for form, text in [("Integer", "-42"), ("Tuple", "('x', 1)")]:
        page.get_by_role("button", name="The row after").click()
        page.get_by_role("tab", name=form).click()
        expect(shown).to_have_text(text)
    page.get_by_role("button", name="The row after").click()
    expect(page.locator("#row")).to_contain_text("The value is empty")
    expect(page.get_by_role("button", name="The row after")).to_be_disabled()
    other = tab(url + "#/data?row=0100")
    expect(other.locator("#row")).to_contain_text("not, or no longer, in the database")


def test_keys_and_values_are_copied_as_they_can_be_typed(url, tab, expect):
    page = tab(
        url + "#/data?within=/app/users",
        permissions=["clipboard-read", "clipboard-write"],
    )
    page.locator("a.key").nth(3).click()
    clipboard = "navigator.clipboard.readText()"
    page.locator("#row").get_by_role("button", name="Copy the key", exact=True).click()
    expect(page.locator("#toast")).to_have_text("Copied the key")
    assert page.evaluate(clipboard) == "/app/users(3, 'name')"
    page.get_by_role("button", name="Copy the key in hex").click()
    expect(page.locator("#toast")).to_have_text("Copied the key in hex")
    assert bytes.fromhex(page.evaluate(clipboard)).endswith(fdb.tuple.pack((3, "name")))
    page.get_by_role("button", name="Copy the value as text").click()
    expect(page.locator("#toast")).to_have_text("Copied the value as text")
    assert page.evaluate(clipboard) == "person 3"


def test_by_keyboard_alone(url, tab, expect):
    page = tab(url + "#/data?within=/app/users")
    first = page.locator("a.key").first
    first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator("a.key").nth(2)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#row .whole-key")).to_have_text(*user_keys(2))
    page.keyboard.press("ArrowDown")
    expect(page.locator("#row .whole-key")).to_have_text(*user_keys(3))
    expect(page.locator("tr.chosen a.key")).to_be_focused()
    page.keyboard.press("End")
    expect(page.locator("#row .whole-key")).to_have_text(*user_keys(99))
    page.get_by_role("button", name="Close the row").focus()
    page.keyboard.press("Escape")
    expect(page.locator("#row")).to_be_hidden()
    expect(page.locator("a.key").nth(99)).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("#within")).to_be_focused()


def test_nothing_of_a_database_is_taken_for_markup(memory_db, serve, tab, expect):
    directory = fdb.directory.create_or_open(memory_db, (HOSTILE,), layer=HOSTILE.encode())
    text = HOSTILE.encode()
    fill(
        memory_db,
        [
            (directory.pack((HOSTILE,)), text),
            (text, json.dumps({HOSTILE: HOSTILE}).encode()),
            (fdb.tuple.pack((text, HOSTILE)), fdb.tuple.pack((HOSTILE, text))),
        ],
    )
    url = serve(memory_db, title=HOSTILE, write=True).url
    page = tab(url)
    expect(page.get_by_role("treeitem")).to_have_count(2)
    # Its name is in the rows of the directory layer, too.
    expect(page.locator("a.key", has_text="onerror").nth(3)).to_be_visible()
    for key in page.locator("a.key", has_text="onerror").all():
        key.click()
        expect(page.locator("#row .whole-key")).to_have_text(key.inner_text())
        for form in page.get_by_role("tab").all():
            form.click()
        page.get_by_role("button", name="Edit value").click()
        page.keyboard.press("Escape")
    page.get_by_role("treeitem").nth(1).locator(".tree-name").click()
    expect(page.locator("a.key")).to_have_count(1)
    expect(page.locator("td.value")).to_contain_text("onerror=")
    page.fill("#within", f"('{HOSTILE}")
    page.press("#within", "Enter")
    expect(page.locator("#search-error")).to_be_visible()
    assert page.title() == f"{HOSTILE} - fdb"
    assert page.evaluate("window.owned") is None
    assert page.locator("body img, body script, main a[href^=javascript]").count() == 0


def test_what_is_typed_before_the_server_has_answered_is_shown_then(url, tab, expect):
    held = []
    page = tab("about:blank")
    page.route("**/api/about*", lambda route: held.append(route))
    page.goto(url)
    page.fill("#within", "('cities',)")
    page.press("#within", "Enter")
    page.click("#refresh")
    expect(page.locator("tr[data-key]")).to_have_count(0)
    held[0].continue_()
    expect(page.locator("a.key")).to_have_text(["('cities', 'Oslo')"])
    page.goto("about:blank")
    page.goto(url)
    page.fill("#within", "('forms', 'q')")
    held[1].continue_()
    keys(page)
    page.press("#within", "Enter")
    expect(page.locator("a.key")).to_have_text(["('forms', 'q')"])


def test_an_empty_database_and_a_range_without_keys(memory_db, serve, tab, expect):
    url = serve(memory_db).url
    expect(tab(url).locator(".empty")).to_contain_text("not a single key")
    page = tab(url + "#/data?within=('nobody',)")
    expect(page.locator(".empty")).to_contain_text("No key begins with this")
    expect(page.locator(".empty a")).to_have_attribute("href", "#/data")


def test_an_answer_that_takes_long_can_be_stopped_and_asked_for_again(url, tab, expect):
    page = tab(url)
    keys(page)
    page.clock.install()
    unanswered = []
    page.route("**/api/rows*", lambda route: unanswered.append(route))
    page.click("#next")
    page.clock.run_for(300)
    expect(page.locator("#progress")).to_be_visible()
    page.clock.run_for(5000)
    expect(page.locator("#slow")).to_contain_text("Still reading, 5 s")
    page.click("#slow button")
    expect(page.locator(".empty")).to_contain_text("Reading was stopped")
    expect(page.locator("#progress")).to_be_hidden()
    page.unroute("**/api/rows*")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("a.key").first).to_be_visible()
    assert len(unanswered) == 1


def test_what_the_database_says_is_shown(url, tab, expect):
    page = tab(url)
    keys(page)
    failure = {"error": "the database did not answer in time (1031)", "code": 1031}
    page.route("**/api/rows*", lambda route: route.fulfill(status=504, json=failure))
    page.click("#next")
    expect(page.locator(".empty")).to_contain_text("did not answer in time")
    page.unroute("**/api/rows*")
    page.get_by_role("link", name="To the first page").click()
    expect(page.locator("a.key").first).to_be_visible()


def test_a_server_that_is_gone_for_a_while(url, tab, expect):
    page = tab(url)
    keys(page)
    page.clock.install()
    page.route("**/api/**", lambda route: route.abort())
    page.click("#next")
    expect(page.locator("#notice")).to_contain_text("does not answer")
    page.clock.run_for(3100)
    expect(page.locator("#notice")).to_be_visible()
    page.unroute("**/api/**")
    page.clock.run_for(3100)
    expect(page.locator("#notice")).to_be_hidden()
    expect(page.locator("a.key").first).to_be_visible()


def test_an_address_that_is_no_longer_valid(url, tab, expect):
    page = tab(url)
    keys(page)
    page.route("**/api/**", lambda route: route.fulfill(status=403, body=""))
    page.click("#next")
    expect(page.locator("#notice")).to_contain_text("no longer valid")


def test_tenants_are_looked_into_one_at_a_time(url, tab, expect):
    page = tab(url)
    page.select_option("#tenant", "south & <b>")
    expect(page.locator("a.key")).to_have_text(["of south & <b>"])
    page.locator("a.key").click()
    expect(page.locator("#value-panel")).to_have_text("1")
    other = tab(page.url)
    expect(other.locator("#tenant")).to_have_value("south & <b>")
    expect(other.locator("#row .whole-key")).to_have_text("of south & <b>")
    assert "tenant=" in other.locator("#tab-live").get_attribute("href")


def test_the_page_of_a_tenant_names_it(memory_db, serve, tab, expect):
    fdb.tenant_management.create_tenant(memory_db, b"east")
    tenant = memory_db.open_tenant(b"east")
    tenant[b"k"] = b"v"
    page = tab(serve(tenant, title="a shop").url)
    expect(page.locator("#database")).to_have_text("east in a shop")
    expect(page.locator("a.key")).to_have_text(["k"])
    expect(page.locator("#tenant-field")).to_be_hidden()


def test_the_largest_value_is_shown_wholly(memory_db, serve, tab, expect):
    memory_db[b"k"] = json.dumps(["x" * 8] * 8_000).encode()[:-1].ljust(99_999) + b"]"
    page = tab(serve(memory_db).url + "#/data?row=6b")
    expect(page.locator("#value-panel")).to_contain_text("xxxx")
    assert page.locator("#value-panel").inner_text().count("\n") == 8_001
    page.get_by_role("tab", name="Hex").click()
    expect(page.locator("#value-panel")).to_contain_text("1869")


def test_long_keys_do_not_stop_the_browser(memory_db, serve, tab, expect):
    """Elements and colours are for the beginning; as text a key is there wholly."""
    fill(
        memory_db,
        [(bytes(9_980) + b"\x15" + bytes([number]), b"[" * 50_000) for number in range(1, 61)],
    )
    page = tab(serve(memory_db).url)
    first = page.locator("a.key").first
    expect(first).to_have_text(re.compile("^\\(None, .{280,}…$"))
    first.click()
    expect(page.locator(".elements")).to_contain_text("and 9,781 more")
    expect(page.locator(".whole-key")).to_have_text(f"({'None, ' * 9_980}1)")
    assert page.evaluate("document.querySelectorAll('*').length") < 20_000


def test_on_a_phone_one_thing_is_shown_at_a_time(url, tab, expect):
    page = tab(url, size=PHONE)
    tree, rows, row = (page.locator(part) for part in ("#side", "#rows", "#row"))
    expect(rows).to_be_visible()
    expect(tree).to_be_hidden()
    page.get_by_role("button", name="Directories").click()
    expect(rows).to_be_hidden()
    page.get_by_role("treeitem").nth(1).locator(".tree-name").click()
    expect(rows).to_be_visible()
    expect(tree).to_be_hidden()
    page.fill("#within", "/app/users")
    page.get_by_role("button", name="Show", exact=True).click()
    page.locator("a.key").first.click()
    expect(row).to_be_visible()
    expect(rows).to_be_hidden()
    row.get_by_role("button", name="Rows").click()
    expect(rows).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
