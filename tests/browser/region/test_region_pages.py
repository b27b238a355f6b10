"""The hub's pages in a real browser: a small phone and a desktop, the map, names that are text."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.conftest import BOTH, SIZES, watched
from tests.browser.people.accessible import faults
from tests.support.region.pages import PASSWORD, RegionPages
from tests.support.region.served import fresh_database, served_region
from tests.support.region.servers.postgres import Postgres

pytestmark = pytest.mark.real

SMALL: dict[str, ViewportSize] = {
    "phone": {"width": 360, "height": 800},
    "desktop": SIZES["desktop"],
}
PAGES = ("map", "compare", "towns", "towns/asa", "alerts", "requests", "agreements", "audit")
NASTY = "<img src=x onerror=alert(1)>\u202e町\u202c"


@pytest.fixture(scope="module")
def region(postgres: Postgres) -> Iterator[RegionPages]:
    """A region of four towns, one of which has a name that must stay text."""
    with fresh_database(postgres) as database, served_region(database) as pages:
        pages.sql("UPDATE region.organisation SET title = $1 WHERE id = 'shio'", NASTY)
        yield pages


@pytest.fixture(params=BOTH)
def page(browser: Browser, region: RegionPages, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page in both sizes, logged in for the prefecture."""
    for page in watched(browser, SMALL[request.param]):
        page.goto(f"{region.url}/region/map")
        page.get_by_label("名前").fill("pref")
        page.get_by_label("パスワード").fill(PASSWORD)
        page.get_by_role("button", name="入る").click()
        yield page


def shot(page: Page, name: str) -> None:
    """A picture for whoever looks, where they want it."""
    if folder := os.environ.get("SHISHIGAKI_SHOTS"):
        width = page.viewport_size["width"] if page.viewport_size else 0
        page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=True)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_fits_a_phone_and_can_be_read_by_ear_and_keyboard(
    page: Page, region: RegionPages, path: str
) -> None:
    page.goto(f"{region.url}/region/{path}")
    expect(page.locator("h1")).to_be_visible()
    page.wait_for_load_state("networkidle")
    shot(page, path.replace("/", "-"))
    assert faults(page) == {}


def test_the_map_draws_its_squares_and_a_tap_tells_the_steps(
    page: Page, region: RegionPages
) -> None:
    page.goto(f"{region.url}/region/map?lang=en")
    drawn = page.locator(".folium-map[data-drawn]")
    expect(drawn).to_have_attribute("data-drawn", "2")
    page.wait_for_load_state("networkidle")
    drawn.scroll_into_view_if_needed()
    box = drawn.bounding_box()
    assert box
    found = page.evaluate(
        "() => Object.values(window).find((one) => one instanceof L.Map)"
        "?.latLngToContainerPoint([32.7292, 130.9063])"
    )
    page.mouse.click(box["x"] + found["x"], box["y"] + found["y"])
    expect(page.locator(".leaflet-popup-content")).to_contain_text("at least 320 events")
    shot(page, "map-popup")


def test_exact_places_are_shown_after_saying_what_for(page: Page, region: RegionPages) -> None:
    page.goto(f"{region.url}/region/towns/asa")
    page.get_by_label("目的").fill("見回りの応援")
    page.get_by_role("button", name="正確な位置を見る").click()
    expect(page.locator(".folium-map[data-drawn]")).to_be_attached()
    expect(page.get_by_role("cell", name="32.71137, 130.91249")).to_be_visible()
    assert faults(page) == {}
    shot(page, "places")
    page.goto(f"{region.url}/region/audit")
    expect(page.locator("table")).to_contain_text("見回りの応援")


@pytest.mark.long
def test_a_message_to_a_town_is_shown_with_its_state(page: Page, region: RegionPages) -> None:
    page.goto(f"{region.url}/region/towns/ine")
    page.get_by_label("内容").fill("応援を出します")
    page.get_by_role("button", name="送る").click()
    expect(page.get_by_role("status")).to_contain_text("町が次に連絡したとき")
    expect(page.locator("table")).to_contain_text("応援を出します")
    assert faults(page) == {}
    shot(page, "asked")


def test_a_town_cannot_name_itself_as_a_script(page: Page, region: RegionPages) -> None:
    """`watched` fails at its end if a dialog opened or the console has an error."""
    for path in PAGES:
        page.goto(f"{region.url}/region/{path}")
    page.goto(f"{region.url}/region/compare")
    expect(page.locator("table")).to_contain_text("<img src=x onerror=alert(1)>町")
