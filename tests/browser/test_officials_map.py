"""The officials' map in real Chromium: both sizes, by keyboard alone, and on paper."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from dashboard.office.papers import photos
from tests.browser.keys import switch_on
from tests.dashboard.office.county import County
from tests.dashboard.office.pictures import dressed
from tests.dashboard.office.test_report_density import around

pytestmark = pytest.mark.real


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    county = County(tmp_path).settle()
    with county.served() as url:
        yield url
    county.store.close()


def ready(page: Page, maps: int = 1) -> None:
    page.wait_for_selector(f"body[data-maps='{maps}']")


def test_the_map_shows_surface_sensors_scale_and_legend(page: Page, address: str) -> None:
    page.goto(f"{address}/officials?month=2026-10")
    ready(page)
    picture = page.locator("img.leaflet-image-layer")
    assert picture.evaluate("image => image.naturalWidth") > 50
    assert page.locator("path.leaflet-interactive").count() >= 9
    assert page.locator(".leaflet-control-scale-line").inner_text()
    assert page.locator(".scale li").count() == 12
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_two_periods_stand_side_by_side_and_move_together(desktop: Page, address: str) -> None:
    desktop.goto(f"{address}/officials?month=2026-10&against=year")
    ready(desktop, 2)
    left, right = (
        box for box in (one.bounding_box() for one in desktop.locator(".folium-map").all()) if box
    )
    assert left["y"] == right["y"]
    assert left["x"] + left["width"] <= right["x"]
    desktop.locator(".leaflet-control-zoom-in").first.click()
    centres = "Officials.started.map(({ map }) => [map.getZoom(), map.getCenter().lat])"
    one, other = desktop.evaluate(centres)
    assert one == pytest.approx(other)


@pytest.mark.long
def test_arrow_keys_on_the_slider_walk_through_the_months(desktop: Page, address: str) -> None:
    desktop.goto(f"{address}/officials?month=2026-10&months=1")
    ready(desktop)
    assert desktop.locator("#month-slider").get_attribute("aria-valuetext") == "2026-10"
    desktop.locator("#month-slider").press("ArrowLeft")
    desktop.wait_for_url("**month=2026-09**")
    ready(desktop)
    assert desktop.locator("#month").input_value() == "2026-09"
    assert desktop.evaluate("document.activeElement.id") == "month-slider"


@pytest.mark.long
def test_a_layer_switched_on_stays_on_in_the_next_month(desktop: Page, address: str) -> None:
    desktop.goto(f"{address}/officials?month=2026-10")
    ready(desktop)
    switch_on(desktop, desktop.get_by_label("捕獲", exact=False).last)
    expect(desktop.locator(".caught")).to_have_count(2)
    desktop.goto(f"{address}/officials?month=2026-11")
    ready(desktop)
    expect(desktop.locator(".caught")).to_have_count(2)


@pytest.mark.long
def test_the_sheet_prints_the_layers_that_were_chosen_each_with_its_scale(
    desktop: Page, tmp_path: Path
) -> None:
    county = County(tmp_path).settle()
    county.store.write_now(lambda tx: tx.sightings.add(around(32.67, 128.76)))
    with county.served() as url:
        desktop.goto(f"{url}/officials?month=2026-10")
        ready(desktop)
        scale = desktop.get_by_text("1 km²あたりの通報数")
        expect(scale).to_be_hidden()
        switch_on(desktop, desktop.get_by_label("通報の密度"))
        expect(scale).to_be_visible()
        desktop.get_by_text("A4で印刷").press("Enter")
        desktop.wait_for_url("**/officials/sheet**")
        ready(desktop)
        expect(desktop.locator("img.leaflet-image-layer")).to_have_count(2)
        expect(scale).to_be_visible()
        made = desktop.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/MediaBox", made)) == 1
    county.store.close()


def test_a_sheet_is_one_page_of_its_paper(desktop: Page, address: str) -> None:
    for paper, size in (("a4", (842, 595)), ("a3", (1191, 842))):
        desktop.goto(f"{address}/officials/sheet?month=2026-10&against=year&paper={paper}")
        ready(desktop, 2)
        made = desktop.pdf(prefer_css_page_size=True)
        boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", made)
        assert [(round(float(w)), round(float(h))) for w, h in boxes] == [size]


def test_a_stripped_photo_still_opens_the_right_way_up(desktop: Page) -> None:
    drawn = desktop.evaluate("""() => {
        const canvas = document.createElement("canvas");
        canvas.width = 40; canvas.height = 20;
        canvas.getContext("2d").fillRect(0, 0, 20, 20);
        return canvas.toDataURL("image/jpeg");
    }""")
    whole = dressed(base64.b64decode(drawn.split(",")[1]), orientation=6)
    for data in (whole, photos.stripped(whole)):
        url = "data:image/jpeg;base64," + base64.b64encode(data).decode()
        size = desktop.evaluate(
            """async (url) => {
                const image = new Image();
                image.src = url;
                await image.decode();
                return [image.naturalWidth, image.naturalHeight];
            }""",
            url,
        )
        assert size == [20, 40], "turned by a quarter, as its orientation says"
