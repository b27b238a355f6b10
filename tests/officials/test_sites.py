"""Where to trap next: places with sentences, and the price of moving one."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import SIZES, browser, watched  # noqa: F401 - the shared browser
from tests.officials.conftest import Get
from tests.officials.county import County

QUERY = "month=2026-10&months=3&species=boar&count=3&distance_m=300"


@pytest.fixture
def large(browser) -> Iterator[Page]:  # type: ignore[no-untyped-def]  # noqa: F811
    yield from watched(browser, SIZES["desktop"])


def plan(get: Get) -> tuple[str, list[tuple[float, float]]]:
    page = get(f"/officials/sites?{QUERY}")[1].decode()
    mark = re.search(r'data-mark="(\w+)"', page)
    assert mark
    places = re.findall(r"<small>([\d.]+), ([\d.]+)</small>", page)
    return mark[1], [(float(lat), float(lon)) for lat, lon in places]


def moved(get: Get, mark: str, site: int, lat: float, lon: float) -> tuple[int, dict[str, object]]:
    query = urlencode({"mark": mark, "site": site, "lat": lat, "lon": lon})
    status, body = get(f"/officials/sites/move?{QUERY}&{query}")
    return status, json.loads(body)


def test_every_site_has_its_sentence(get: Get) -> None:
    status, body = get(f"/officials/sites?{QUERY}")
    page = body.decode()
    assert status == 200
    assert len(re.findall(r"イノシシが\d+日に\d+回記録され", page)) >= 3
    assert "通過の見込みであって、捕獲の約束ではありません" in page


def test_a_site_that_stays_loses_nothing_and_one_sent_away_loses(get: Get) -> None:
    mark, places = plan(get)
    assert len(places) == 3
    _, stays = moved(get, mark, 0, *places[0])
    assert abs(float(str(stays["loss_share"]))) < 0.01
    _, gone = moved(get, mark, 0, 32.60, 128.60)
    assert float(str(gone["loss_share"])) > 0.1
    assert gone["unknown"] is True
    _, near = moved(get, mark, 0, *places[1])
    assert near["too_close_m"] is not None


def test_a_plan_of_other_data_is_not_judged(get: Get) -> None:
    assert moved(get, "0" * 16, 0, 32.66, 128.74)[0] == 409
    mark, _ = plan(get)
    assert moved(get, mark, 99, 32.66, 128.74)[0] == 400
    assert get(f"/officials/sites/move?{QUERY}&mark={mark}&site=0&lat=x&lon=1")[0] == 400


@pytest.mark.parametrize("wish", ["count=0", "count=31", "distance_m=x", "reach_m=-5"])
def test_impossible_wishes_are_refused(get: Get, wish: str) -> None:
    assert get(f"/officials/sites?month=2026-10&{wish}")[0] == 400


def test_too_few_sensors_give_no_proposal(get: Get) -> None:
    page = get("/officials/sites?month=2020-01")[1].decode()
    assert "候補を出せません" in page


@pytest.mark.real
def test_dragging_a_site_and_pushing_it_by_keyboard_show_the_loss(
    tmp_path: Path, large: Page
) -> None:
    county = County(tmp_path).settle()
    with county.served() as url:
        large.goto(f"{url}/officials/sites?{QUERY}")
        large.wait_for_selector("body[data-maps='1']")
        told = large.locator("#sites output").first
        large.locator(".site").first.scroll_into_view_if_needed()
        box = large.locator(".site").first.bounding_box()
        assert box
        large.mouse.move(box["x"] + 15, box["y"] + 15)
        large.mouse.down()
        large.mouse.move(box["x"] + 200, box["y"] - 120, steps=5)
        large.mouse.up()
        large.locator('#sites output:has-text("％")').first.wait_for()
        assert "減ります" in told.inner_text()
        large.locator("#sites button[data-way=back]").first.press("Enter")
        assert told.inner_text() == ""
        large.locator("#sites button[data-way=north]").first.press("Enter")
        large.locator('#sites output:has-text("％")').first.wait_for()
    county.store.close()
