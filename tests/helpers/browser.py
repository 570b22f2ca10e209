"""A browser for tests of the page: headless chromium, driven by playwright.

A fixture of a module, not of the session: while playwright runs, its event loop counts as the running one of this thread, so that
asyncio.run() of other tests would fail.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from helpers.tools import chromium, needs

DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 780}
#: Milliseconds; what is waited for comes at once, unless the machine has a lot else to do.
PATIENCE = 20_000

#: Opens an address in a window of its own: `tab(url, size=PHONE, color_scheme="dark")` returns playwright's Page.
OpenTab = Callable[..., Any]


@contextlib.contextmanager
def launched() -> Iterator[Any]:
    """A chromium that runs during the block."""
    api = needs("playwright.sync_api")
    path = chromium()
    api.expect.set_options(timeout=PATIENCE)
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-features=SpareRendererForSitePerProcess",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def chromium_browser() -> Iterator[Any]:
    """A chromium that runs."""
    with launched() as browser:
        yield browser


@pytest.fixture
def tab(chromium_browser: Any) -> Iterator[OpenTab]:
    """Opens tabs. A script that fails in one, or is refused by the page's own policy, fails the test."""
    contexts: list[Any] = []
    problems: list[str] = []

    def console(message: Any) -> None:
        # That an address was answered by an error is said here, too: the page shows it, as tests of it see.
        if message.type == "error" and "Failed to load resource" not in message.text:
            problems.append(message.text)

    def open_tab(url: str, size: dict[str, int] = DESKTOP, **more: Any) -> Any:
        context = chromium_browser.new_context(viewport=size, **more)
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("console", console)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(url)
        return page

    yield open_tab
    for context in contexts:
        context.close()
    assert problems == []
