"""The live view as a person sees it: plots of what a program does, and the same in words. In a browser."""

from __future__ import annotations

import json
import re

import pytest

from helpers.browser import PHONE
from helpers.tools import needs


@pytest.fixture
def expect():
    return needs("playwright.sync_api").expect


def sample(time, **more):
    """One event as the server sends it."""
    return {
        "time": time,
        "source": "process",
        "started": 12.0,
        "committed": 10.0,
        "conflicted": 2.0,
        "failed": 0.0,
        "reads": 30.0,
        "writes": 20.0,
        "bytes_read": 3000.0,
        "bytes_written": 2000.0,
        "latency": {"median": 0.25, "p99": 4.0},
        "probe": None,
        "read_version": 123_456_789,
        "versions_per_second": 1e6,
        **more,
    }


def stream(page, *samples):
    """Has the page get these events, and nothing then."""
    body = "".join(f"data: {json.dumps(each)}\n\n" for each in samples)
    page.route(
        "**/api/live*", lambda route: route.fulfill(content_type="text/event-stream", body=body)
    )


def test_what_a_program_does_is_plotted(memory_db, serve, tab, expect):
    page = tab(serve(memory_db).url + "#/live")
    expect(page.locator("#live-source")).to_contain_text("the program that serves this page")
    plot = page.get_by_role("img", name=re.compile("^Transactions"))
    number = 0
    while re.search("committed: now 0|nothing|no numbers", plot.get_attribute("aria-label")):
        number += 1
        memory_db[b"k"] = b"%d" % number
        page.wait_for_timeout(20)
    assert re.search("committed: now [1-9]", plot.get_attribute("aria-label"))
    expect(plot.locator("path.s0")).to_have_attribute("d", re.compile("^M.*L"))


def test_the_numbers_in_words_and_as_a_table(memory_db, serve, tab, expect):
    page = tab("about:blank")
    stream(page, *(sample(1000 + n, conflicted=float(n)) for n in range(5)))
    page.goto(serve(memory_db).url + "#/live")
    conflicts = page.get_by_role("img", name="Conflicts")
    expect(conflicts).to_have_attribute(
        "aria-label",
        "Conflicts, per second. conflicted: now 4, between 0 and 4. failed: now 0, between 0 and 0",
    )
    texts = page.locator("#plots")
    for text in ("33.3 % of the transactions", "250 µs", "Read version 123,456,789", "3.0 kB"):
        expect(texts).to_contain_text(text)
    page.click("summary")
    rows = page.locator("#numbers-box tbody tr")
    expect(rows).to_have_count(5)
    assert rows.first.inner_text().split("\t")[:3] == ["0", "10", "12"]
    conflicts.hover()
    expect(page.locator(".tip:visible")).to_contain_text("conflicted")


def test_a_cluster_has_a_probe_and_gaps(memory_db, serve, tab, expect):
    page = tab("about:blank")
    probe = {"start": 1.5, "read": 0.5, "commit": 7.0}
    cluster = {"source": "cluster", "latency": None, "failed": None, "probe": probe}
    empty = sample(1001, **{**cluster, "committed": None, "probe": None})
    stream(page, sample(1000, **cluster), empty, sample(1002, **cluster))
    page.goto(serve(memory_db).url + "#/live")
    expect(page.locator("#live-source")).to_contain_text("All programs that use the cluster")
    expect(page.locator("#plots")).to_contain_text("by the cluster's probe")
    expect(page.locator("#plots")).to_contain_text("7 ms")
    plot = page.get_by_role("img", name=re.compile("^Transactions"))
    # One line up to the gap, one behind it.
    expect(plot.locator("path.s0")).to_have_attribute("d", re.compile("^M[^M]*M[^M]*$"))
    expect(page.locator("#plots li").first).to_contain_text("committed10")
    expect(page.locator("#plots")).to_contain_text("failed–")


#: Counts the events that a page gets.
COUNTING = """
window.events = 0;
window.EventSource = class extends EventSource {
  constructor(...given) { super(...given); this.addEventListener("message", () => { window.events += 1; }); }
};
"""


def test_how_the_database_is(memory_db, serve, tab, expect):
    page = tab("about:blank")
    health = page.locator("#health")
    page.clock.install()
    page.goto(serve(memory_db).url + "#/live")
    expect(health).to_contain_text("Healthy")
    expect(health).to_contain_text("1 process")
    found = {"available": False, "healthy": False, "bytes": None, "processes": 0, "locked": True}
    answer = {**found, "data_description": None, "messages": ["no coordinators <b>"]}
    page.route("**/api/status*", lambda route: route.fulfill(json=answer))
    page.clock.fast_forward(10_000)
    expect(health).to_have_text("Not available · lockedno coordinators <b>")
    page.route("**/api/status*", lambda route: route.fulfill(status=404, json={"error": "none"}))
    page.reload()
    expect(page.locator(".plot-note:not(:empty)").first).to_be_visible()
    expect(health).to_have_text("")


def test_pausing_stops_the_drawing_only(memory_db, serve, tab, expect):
    page = tab("about:blank")
    page.add_init_script(COUNTING)
    page.goto(serve(memory_db).url + "#/live")
    version = page.locator(".plot-note", has_text="Read version")
    expect(version).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    shown, events = version.inner_text(), page.evaluate("window.events")
    while page.evaluate("window.events") < events + 2:
        page.wait_for_timeout(20)
    assert version.inner_text() == shown
    page.get_by_role("button", name="Continue").click()
    assert version.inner_text() != shown


def test_what_cannot_be_measured_and_a_server_that_is_gone(memory_db, serve, tab, expect):
    page = tab("about:blank")
    stream(page, {"time": 1, "error": "the database did not answer in time"})
    page.goto(serve(memory_db).url + "#/live")
    expect(page.locator("#live-source")).to_have_text("the database did not answer in time")
    page.unroute("**/api/live*")
    page.route("**/api/live*", lambda route: route.abort())
    page.reload()
    expect(page.locator("#notice")).to_contain_text("does not answer")
    page.unroute("**/api/live*")
    expect(page.locator("#live-source")).to_contain_text("the program")
    expect(page.locator("#notice")).to_be_hidden()


def test_only_an_open_live_view_asks(memory_db, serve, tab, expect):
    asked = []
    page = tab("about:blank", size=PHONE)
    page.on("request", lambda request: asked.append(request.url))
    page.goto(serve(memory_db).url)
    expect(page.locator(".empty")).to_be_visible()
    assert not any("api/live" in url for url in asked)
    page.click("#tab-live")
    expect(page.locator("#plots")).to_contain_text("Read version")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    with page.expect_event("requestfailed", lambda request: "api/live" in request.url):
        page.click("#tab-data")
    assert sum("api/live" in url for url in asked) == 1


def test_the_colours_are_chosen_and_kept(memory_db, serve, tab, expect):
    page = tab(serve(memory_db).url, color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.get_by_role("button", name="Colours: as the system").click()
    expect(page.get_by_role("button", name="Colours: light")).to_be_visible()
    light = page.evaluate(ground)
    assert dark != light == "rgb(255, 255, 255)"
    page.reload()
    expect(page.get_by_role("button", name="Colours: light")).to_be_visible()
    assert page.evaluate(ground) == light
