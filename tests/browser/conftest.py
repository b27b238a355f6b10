"""One real Chromium for all browser tests; any console error or request elsewhere fails the test."""

import os
import shutil
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from tests.dashboard.conftest import coasts_cut as coasts_cut  # the same for both folders
from tests.dashboard.conftest import place as place
from tests.dashboard.place import Place
from tests.support.pace import patience_ms
from tests.support.servers import need

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-software-rasterizer",  # no page needs WebGL
    "--disable-background-networking",
]
SOON_S = 5.0  # on a quiet machine
SIZES: dict[str, ViewportSize] = {
    "phone": {"width": 390, "height": 844},
    "desktop": {"width": 1366, "height": 860},
}
# The short form takes the phone; `make test-browser` takes both.
BOTH = ("phone", pytest.param("desktop", marks=pytest.mark.long))


def chromium() -> str:
    """The program; skips the test where there is none.

    Debian's chromium-headless-shell is the same browser without a window and draws the same for half the
    processor's time. `CHROMIUM` names another one: `make test-browser` takes the whole browser.
    """
    names = [os.environ.get("CHROMIUM", "chromium-headless-shell"), "chromium"]
    return need(next(filter(None, map(shutil.which, names)), None), "chromium")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The shared browser; it ends with this package, because it keeps asyncio.run from others."""
    program = chromium()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(autouse=True)
def _patience() -> None:
    """What a page shall show soon may take longer on a busy machine."""
    expect.set_options(timeout=patience_ms(SOON_S))


@pytest.fixture
def url(place: Place) -> Iterator[str]:
    """Its dashboard's address."""
    with place.served() as address:
        yield address


@pytest.fixture(params=BOTH)
def page(browser: Browser, url: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of a Japanese reader in both sizes; closed before the server behind `url` ends."""
    yield from watched(browser, SIZES[request.param])


@pytest.fixture
def desktop(browser: Browser, url: str) -> Iterator[Page]:
    """A large page only."""
    yield from watched(browser, SIZES["desktop"])


def watched(browser: Browser, size: ViewportSize) -> Iterator[Page]:
    """A new page; at its end it must have no console error and no request to another host."""
    context = browser.new_context(viewport=size, locale="ja-JP", timezone_id="Asia/Tokyo")
    page = context.new_page()
    errors: list[str] = []
    hosts: set[str | None] = set()
    page.on("console", lambda entry: errors.append(entry.text) if entry.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("dialog", lambda box: errors.append(f"a dialog opened: {box.message}"))
    page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
    yield page
    context.close()
    assert errors == []
    assert hosts - {"127.0.0.1", None, ""} == set()
