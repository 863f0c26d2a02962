"""Chromium for the browser tests: found, or skipped with the way to get it (a failure in CI)."""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

ARGUMENTS = [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

MISSING = "no Chromium or Chrome found: install one (apt-get install chromium) or set BROWSER_PATH to it"


def find_browser() -> str | None:
    """Return the path of Chromium or Chrome: ``BROWSER_PATH``, or what lies on the path."""
    given = os.environ.get("BROWSER_PATH")
    if given:
        return given
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One headless browser with software rendering for the whole session."""
    path = find_browser()
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is missing: pip install -e .[dev]")
    with sync_api.sync_playwright() as play:
        opened = play.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def server() -> Iterator[Any]:
    """A fake of the HTTP interface, shared by all tests."""
    from stage_server import Fake, serve

    fake = Fake()
    with serve(fake):
        yield fake


@pytest.fixture
def fake(server: Any) -> Iterator[Any]:
    """The fake server, empty before each test."""
    server.clear()
    yield server
    server.clear()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page of 1400 x 900; a test fails if its console showed an error."""
    opened = browser.new_page(viewport={"width": 1400, "height": 900})
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    opened.faults = faults
    yield opened
    opened.close()
    assert not faults
