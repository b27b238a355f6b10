"""What maps have under their marks: the coast with the first picture, and the numbered grid."""

import random
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route

from gateway.domain.effort import HourlyTally
from gateway.domain.geo import mesh
from gateway.domain.model import Device, Role
from gateway.store.writer import Transaction
from tests.browser.conftest import SIZES, watched
from tests.dashboard.office.county import HOUR_MS, County, hour
from tests.dashboard.place import Place
from tests.support.servers import wait_for

pytestmark = pytest.mark.real

LAND = """() => {
  const c = document.querySelector(".leaflet-coast-pane canvas");
  const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
  let n = 0;
  for (let i = 3; i < d.length; i += 4) n += d[i] > 0;
  return n / (d.length / 4);
}"""


def never(route: Route) -> None:
    """A request that is not answered."""


def test_the_first_picture_has_the_coast_without_another_request(
    browser: Browser, place: Place
) -> None:
    with place.served() as url:
        pages = watched(browser, SIZES["phone"])
        page = next(pages)
        assert page.request.get(f"{url}/map/coast.geojson").ok  # cut once since the start
        page.route("**/map/coast.geojson", never)
        page.goto(url)
        page.wait_for_selector("body[data-map=ready]")
        wait_for(lambda: page.evaluate(f"({LAND})() > 0"), "the coast")
        assert 0.05 < page.evaluate(LAND) < 0.95, "some land, some sea"
        assert next(pages, None) is None


def test_the_officials_first_picture_has_it_too_as_lines_for_the_printer(
    browser: Browser, tmp_path: Path
) -> None:
    county = County(tmp_path).settle()
    with county.served() as url:
        pages = watched(browser, SIZES["desktop"])
        page = next(pages)
        page.route("**/map/coast.geojson", never)
        page.goto(f"{url}/officials?month=2026-10")
        page.wait_for_selector(".leaflet-coast-pane path", state="attached")
        assert next(pages, None) is None
    county.store.close()


def test_the_officials_map_of_a_site_without_devices_shows_the_country(
    browser: Browser, tmp_path: Path
) -> None:
    empty = County(tmp_path)
    with empty.served() as url:
        pages = watched(browser, SIZES["phone"])
        page = next(pages)
        page.goto(f"{url}/officials")
        page.wait_for_selector("body[data-maps='1']", timeout=120_000)
        assert page.locator(".leaflet-coast-pane path").count() > 100
        assert page.evaluate("Officials.started[0].map.getZoom()") >= 3.5
        assert next(pages, None) is None
    empty.store.close()


def test_the_numbers_of_squares_are_those_of_the_gateway(desktop: Page, url: str) -> None:
    desktop.goto(url)
    desktop.wait_for_selector("body[data-map=ready]")
    draw = random.Random(5)
    places = [(draw.uniform(24, 45.9), draw.uniform(123, 148.9)) for _ in range(200)]
    for zoom, level in ((14, "1km"), (11, "5km"), (9, "10km"), (5, "80km")):
        told = desktop.evaluate(
            "([places, zoom]) => places.map(([lat, lon]) => BaseMap.code(lat, lon, zoom))",
            [places, zoom],
        )
        assert told == [mesh.code(lat, lon, level) for lat, lon in places]  # type: ignore[arg-type]


def crowd(folder: Path, number: int, hours: int) -> County:
    """So many detectors, each watched for some hours of October."""
    county = County(folder)
    draw = random.Random(1)
    devices = [
        Device(
            id=f"cam-{n:04}",
            role=Role.DETECTOR,
            name=f"カメラ{n}",
            lat=32.62 + draw.random() * 0.15,
            lon=128.65 + draw.random() * 0.2,
        )
        for n in range(number)
    ]
    first = hour(county.now.replace(month=10, day=20))
    tally = HourlyTally(
        {first + n: [HOUR_MS, 0] for n in range(hours)}, {(first, "boar"): [2, 2, 2]}
    )

    def kept(tx: Transaction) -> None:
        tx.put_devices(devices)
        for one in devices:
            tx.add_tally(one.id, tally)

    county.store.write_now(kept)
    return county


def test_the_live_map_of_5000_detectors_stays_small_and_is_drawn(
    browser: Browser, tmp_path: Path
) -> None:
    county = crowd(tmp_path, 5_000, 3)
    with county.served() as url:
        pages = watched(browser, SIZES["phone"])
        page = next(pages)
        page.goto(url, timeout=120_000)
        page.wait_for_selector("body[data-map=ready]")
        assert page.locator(".pin[data-device]").count() == 600
        assert page.get_by_text("全5000台").count() == 1
        answer = page.request.get(url)
        assert int(answer.headers["content-length"]) < 150_000, "as sent"
        assert next(pages, None) is None
    county.store.close()


@pytest.mark.long
def test_the_officials_map_of_5000_detectors_is_drawn(browser: Browser, tmp_path: Path) -> None:
    county = crowd(tmp_path, 5_000, 15 * 24)
    with county.served() as url:
        pages = watched(browser, SIZES["desktop"])
        page = next(pages)
        page.goto(f"{url}/officials?month=2026-10", timeout=300_000)
        page.wait_for_selector("body[data-maps='1']", timeout=300_000)
        assert page.locator(".leaflet-overlay-pane canvas").count() == 1, "its sensors"
        assert page.locator("img.leaflet-image-layer").evaluate("one => one.naturalWidth") > 50
        assert next(pages, None) is None
    county.store.close()
