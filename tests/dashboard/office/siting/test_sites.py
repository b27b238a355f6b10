"""Where to trap next: places with sentences, and the price of moving one."""

import json
import re
from urllib.parse import urlencode

import pytest

from tests.dashboard.office.conftest import Get

QUERY = "month=2026-10&months=3&species=boar&count=3&distance_m=300"


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
    assert "見込みであって、捕獲の約束ではありません" in page


def test_a_site_that_is_not_moved_loses_nothing_and_one_moved_far_away_does(get: Get) -> None:
    mark, places = plan(get)
    assert len(places) == 3
    _, stays = moved(get, mark, 0, *places[0])
    assert abs(float(str(stays["loss_share"]))) < 0.01
    _, gone = moved(get, mark, 0, 32.60, 128.60)
    assert float(str(gone["loss_share"])) > 0.1
    assert gone["unknown"] is True
    _, near = moved(get, mark, 0, *places[1])
    assert near["too_close_m"] is not None


def test_a_plan_made_from_other_data_is_refused(get: Get) -> None:
    assert moved(get, "0" * 16, 0, 32.66, 128.74)[0] == 409
    mark, _ = plan(get)
    assert moved(get, mark, 99, 32.66, 128.74)[0] == 400
    assert get(f"/officials/sites/move?{QUERY}&mark={mark}&site=0&lat=x&lon=1")[0] == 400


@pytest.mark.parametrize("wish", ["count=0", "count=31", "distance_m=x", "nights=0", "start=north"])
def test_impossible_site_settings_are_refused(get: Get, wish: str) -> None:
    assert get(f"/officials/sites?month=2026-10&{wish}")[0] == 400


def test_too_few_sensors_give_no_proposal(get: Get) -> None:
    page = get("/officials/sites?month=2020-01")[1].decode()
    assert "候補を出せません" in page
