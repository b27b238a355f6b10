"""The pictures of the handbooks: ``python -m tests.browser.guide.pictures dashboard/static/guide``.

Photographs the tests' own places (no real person, no real trap) in Chromium, small: each under 70 kB.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from dashboard.web.entry.passwords import hasher
from gateway.domain.people.person import UserRole
from tests.browser.conftest import FLAGS
from tests.browser.field.test_patrol import STOPS
from tests.browser.field.valley import Valley, log_in, phone
from tests.dashboard.arriving import Arriving
from tests.dashboard.office.county import County
from tests.dashboard.place import Place
from tests.support.people import login

DESK: ViewportSize = {"width": 900, "height": 640}
QUALITY = 42
MOST_BYTES = 70_000
NAME, WORD = "hana", "secret-word"


def main() -> None:
    """Take all pictures; exit 1 with the reason when there is no browser."""
    folder, program = Path(sys.argv[1]), shutil.which("chromium")
    if program is None:
        sys.exit("chromium is not installed: sudo apt-get install chromium fonts-noto-cjk")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as room:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        _field(browser, Path(room) / "field", folder)
        _desk(browser, County(_made(Path(room) / "office")).settle(), folder, OFFICE)
        _desk(browser, Arriving(_made(Path(room) / "arriving")).settle(), folder, INSTALLER)
        browser.close()
    for picture in sorted(folder.glob("*.jpg")):
        size = picture.stat().st_size
        print(f"{picture.name} {size / 1000:.0f} kB")
        if size > MOST_BYTES:
            sys.exit(f"{picture}: {size} bytes; allowed: {MOST_BYTES}")


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _field(browser: Browser, room: Path, folder: Path) -> None:
    """What a trapper sees on a phone."""
    valley = Valley(_made(room), STOPS[:4])
    with valley.served() as url, phone(browser) as (_, page):
        log_in(page, url)
        page.goto(f"{url}/traps")
        _taken(page, folder / "trapper-traps.jpg")
        page.goto(f"{url}/patrol")
        _taken(page, folder / "trapper-patrol.jpg")
        page.goto(f"{url}/traps/own-01")
        page.evaluate("document.querySelectorAll('details.capture').forEach(d => d.open = true)")
        page.locator("details.capture").first.scroll_into_view_if_needed()
        page.evaluate("document.querySelector('details.capture').scrollIntoView()")
        _taken(page, folder / "trapper-capture.jpg")
    valley.store.close()


OFFICE = {
    "official-map.jpg": "/officials?month=2026-10",
    "official-papers.jpg": "/officials/papers?month=2026-09",
    "official-check.jpg": "/captures/trap-1-captured-2026-09-09T22%3A00%3A00%2B00%3A00",
    "official-effect.jpg": "/officials/effect?month=2026-09&near_m=500",
}
INSTALLER = {"installer-pending.jpg": "/pending"}


def _desk(browser: Browser, place: Place, folder: Path, pages: dict[str, str]) -> None:
    """What somebody sees at a desk, logged in as an official."""
    place.demo_account = login(NAME, UserRole.OFFICIAL, hasher.hash(WORD))
    context = browser.new_context(viewport=DESK, locale="ja-JP", timezone_id="Asia/Tokyo")
    page = context.new_page()
    with place.served() as url:
        page.goto(f"{url}/login?next=/account")
        page.fill("input[name=name]", NAME)
        page.fill("input[name=password]", WORD)
        page.click("main button[type=submit]")
        page.wait_for_url(f"{url}/account")
        for name, path in pages.items():
            page.goto(f"{url}{path}")
            page.wait_for_load_state("networkidle")
            for part in (".claims", "form.person", "p.answer"):  # what the picture is about
                page.evaluate("part => document.querySelector(part)?.scrollIntoView()", part)
            page.evaluate("scrollY && scrollBy(0, -120)")
            _taken(page, folder / name)
    context.close()
    place.store.close()


def _taken(page: Page, path: Path) -> None:
    page.screenshot(path=path, type="jpeg", quality=QUALITY, scale="css")


if __name__ == "__main__":
    main()
