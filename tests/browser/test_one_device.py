"""A map with one device shows it: on the first day of every installation there is one."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from gateway.domain.model import Device, Role
from tests.browser.conftest import SIZES, watched
from tests.dashboard.office.county import County, sighted
from tests.dashboard.office.county import watched as alive
from tests.dashboard.office.test_offline_file import written

pytestmark = pytest.mark.real

AT = (32.7, 128.85)
STARTED = (
    "Officials.started.map(({ map }) => [map.getCenter().lat, map.getCenter().lng, map.getZoom()])"
)


@pytest.fixture(params=["alone", "heard", "two at one place"])
def county(tmp_path: Path, request: pytest.FixtureRequest) -> County:
    """A municipality of one detector, silent or with records; or of two in one spot."""
    county = County(tmp_path)
    ids = ("cam-1", "cam-2") if request.param == "two at one place" else ("cam-1",)
    for id_ in ids:
        device = Device(id=id_, role=Role.DETECTOR, lat=AT[0], lon=AT[1])
        county.store.write_now(lambda tx, device=device: tx.put_device(device))  # type: ignore[misc]
        if request.param != "alone":
            alive(county.store, id_, county.now.replace(month=10, day=1), 24 * 40)
            sighted(county.store, id_, county.now.replace(month=10, day=9), 3)
    return county


def shows_it(page: Page) -> None:
    """The map stands at the device, near enough to see a village, and draws what there is."""
    page.wait_for_selector("body[data-maps='1']")
    [[lat, lon, zoom]] = page.evaluate(STARTED)
    assert (lat, lon) == (pytest.approx(AT[0], abs=0.02), pytest.approx(AT[1], abs=0.02))
    assert 8 <= zoom <= 18
    assert page.locator(".folium-map path").count() > 0, "the land at least"


@pytest.mark.long
@pytest.mark.parametrize("address", ["/officials?month=2026-10", "/officials/sites?month=2026-10"])
def test_the_officials_maps_show_one_device(browser: Browser, county: County, address: str) -> None:
    with county.served() as url:
        pages = watched(browser, SIZES["desktop"])
        page = next(pages)
        page.goto(url + address)
        shows_it(page)
        assert next(pages, None) is None  # no error was written to the console
    county.store.close()


def test_the_map_file_shows_one_device(browser: Browser, county: County, tmp_path: Path) -> None:
    out = written(county, tmp_path, "--month", "2026-10")
    county.store.close()
    pages = watched(browser, SIZES["phone"])
    page = next(pages)
    page.goto(out.as_uri())
    shows_it(page)
    assert next(pages, None) is None
