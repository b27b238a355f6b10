"""The list of 60 traps over one bar of signal (2 s a round trip, 50 kB/s), then from what the phone keeps."""

import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.phone.rig import PhonePlace, log_in, phone, taken_along, traps
from tests.browser.phone.slow_line import WAY_S, slow_line
from tests.support.pace import patience_ms, slowness
from tests.support.servers import wait_for

pytestmark = pytest.mark.real

FIRST_S, AGAIN_S = 7.0, 3.0
TAKEN_S = 180.0  # everything for a day without signal
MOST_BYTES = 25_000
# The bytes of the answers that were there when the page had loaded: what it keeps for later comes after that.
LOADED_BYTES = """() => {
    const [page] = performance.getEntriesByType("navigation");
    const parts = performance.getEntriesByType("resource");
    const needed = parts.filter((part) => part.responseEnd <= page.loadEventStart);
    return [page, ...needed].reduce((bytes, part) => bytes + part.transferSize, 0);
}"""
PAINTED = "() => performance.getEntriesByName('first-contentful-paint').length > 0"
ROW = "[data-panel=traps] a.record"


def usable_after(page: Page, address: str) -> float:
    """Seconds until the list is painted: its buttons are links, which need no script."""
    started = time.monotonic()
    page.goto(address, wait_until="commit")
    expect(page.locator(ROW).first).to_be_visible(timeout=patience_ms(60))
    wait_for(lambda: page.evaluate(PAINTED), "the first paint")
    return time.monotonic() - started


@pytest.mark.long
def test_the_first_load_of_the_list_is_small(browser: Browser, tmp_path: Path) -> None:
    place = PhonePlace(tmp_path, traps(60))
    with (
        place.served() as url,
        slow_line(int(url.rsplit(":", 1)[1]), way_s=0.0) as line,
        phone(browser, tmp_path / "profile") as page,
    ):
        log_in(page, url, "hana")
        page.goto("about:blank")
        page.goto(f"http://127.0.0.1:{line.port}/traps")
        assert 5_000 < page.evaluate(LOADED_BYTES) <= MOST_BYTES
    place.store.close()


@pytest.mark.long
def test_the_list_is_small_soon_usable_and_sooner_the_next_time(
    browser: Browser, tmp_path: Path
) -> None:
    place = PhonePlace(tmp_path, traps(60))
    profile = tmp_path / "profile"
    with place.served() as url, slow_line(int(url.rsplit(":", 1)[1])) as line:
        slow = f"http://127.0.0.1:{line.port}"
        with phone(browser, profile) as page:
            log_in(page, url, "hana")  # the cookie is that of the machine, whatever the port
            page.goto("about:blank")
            began = time.monotonic()
            took_s = usable_after(page, f"{slow}/traps")
            page.wait_for_load_state("load")
            loaded = page.evaluate(LOADED_BYTES)
            assert took_s >= 2 * WAY_S, "the control: the line is slow"
            assert took_s < FIRST_S * slowness()
            assert 5_000 < loaded <= MOST_BYTES
            taken_along(page, "/traps/trap-60", deadline_s=TAKEN_S)
            print(
                f"\nusable after {took_s:.1f} s, taken along after {time.monotonic() - began:.0f} s"
            )
        with phone(browser, profile) as page:
            took_s = usable_after(page, f"{slow}/traps")
            print(f"again after {took_s:.1f} s")
            assert took_s < AGAIN_S * slowness()
            expect(page.locator("#line")).to_have_text("受信中", timeout=patience_ms(20))
    place.store.close()
