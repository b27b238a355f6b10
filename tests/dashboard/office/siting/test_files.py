"""What a trapper takes along: the list as CSV, GPX and A4, and what nobody knows about it."""

import csv
import io
import itertools
import math
import re
import xml.etree.ElementTree as ET
import zlib
from pathlib import Path

import pytest

from dashboard.analysis.siting import space_use
from dashboard.analysis.siting.interval import ASSUMED, catch_from
from dashboard.office.siting import walk
from dashboard.office.siting.form import SitingForm, read_form
from dashboard.office.siting.missing import missing
from gateway.config.office import Office
from tests.dashboard import pdf_file
from tests.dashboard.office.conftest import Get
from tests.dashboard.office.gis.test_package import gdal
from tests.dashboard.office.siting.test_sites import QUERY

GPX = "{http://www.topografix.com/GPX/1/1}"
START = (32.67, 128.75)
WALK = f"{QUERY}&start={START[0]},{START[1]}&start_m=1500"


def rows(get: Get, query: str) -> list[dict[str, str]]:
    status, body = get(f"/officials/sites.csv?{query}")
    assert status == 200
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))


def metres(one: tuple[float, float], other: tuple[float, float]) -> float:
    north, east = (one[0] - other[0]) * 110_900, (one[1] - other[1]) * 93_800
    return math.hypot(north, east)


def test_the_csv_has_each_site_with_what_it_takes_and_its_limits(get: Get) -> None:
    found = rows(get, QUERY)
    assert len(found) == 3
    for row in found:
        assert float(row["下限 (頭)"]) <= float(row["捕獲見込み (頭)"]) <= float(row["上限 (頭)"])
        assert float(row["捕獲見込み (頭)"]) > 0
        assert "イノシシ" in row["理由"]
    longer = rows(get, f"{QUERY}&nights=120")
    total, twice = (
        sum(float(row["捕獲見込み (頭)"]) for row in table) for table in (found, longer)
    )
    assert total < twice < 2 * total  # animals get fewer


def test_sites_lie_within_the_walk_from_the_start(get: Get) -> None:
    for row in rows(get, WALK):
        assert metres(START, (float(row["緯度"]), float(row["経度"]))) <= 1_520
        assert float(row["出発地から (m)"]) <= 1_500
    free = [(float(row["緯度"]), float(row["経度"])) for row in rows(get, QUERY)]
    assert max(metres(START, place) for place in free) > 1_520  # control: it was a limit


def test_the_gpx_names_the_sites_in_the_order_of_the_walk(get: Get) -> None:
    status, body = get(f"/officials/sites.gpx?{WALK}")
    assert status == 200
    root = ET.fromstring(body)
    places = [(one.get("lat"), one.get("lon")) for one in root.findall(f"{GPX}wpt")]
    assert places == [
        (one.get("lat"), one.get("lon")) for one in root.findall(f"{GPX}rte/{GPX}rtept")
    ]
    assert [round(float(lat or 0), 5) for lat, _ in places] == [
        float(row["緯度"]) for row in rows(get, WALK)
    ]
    assert all(one.findtext(f"{GPX}desc") for one in root.findall(f"{GPX}wpt"))


@pytest.mark.real
def test_gdal_opens_the_gpx_and_the_csv(get: Get, tmp_path: Path) -> None:
    for kind, layer in (("gpx", "waypoints"), ("csv", "sites")):
        path = tmp_path / f"sites.{kind}"
        path.write_bytes(get(f"/officials/sites.{kind}?{WALK}")[1])
        assert "Feature Count: " in gdal("ogrinfo", "-so", str(path), layer)


def test_the_a4_list_has_a_map_every_site_and_a_code_for_each(get: Get) -> None:
    status, body = get(f"/officials/sites.pdf?{WALK}")
    assert status == 200
    assert set(pdf_file.embedded(body).values()) == {True}
    text = pdf_file.words(body)
    for row in rows(get, WALK):
        assert f"{row['緯度']},{row['経度']}" in text
    assert "鳥獣保護区が未設定です" in text
    streams = re.findall(rb"stream\n(.*?)\nendstream", body, re.DOTALL)
    pages = b"\n".join(_inflated(stream) for stream in streams)
    assert pages.count(b" re f") >= 3  # the codes
    assert b" c\n" in pages or b" c " in pages  # dots of the map
    assert "出発" in text


def _inflated(stream: bytes) -> bytes:
    """A stream of the file; b"": it is no packed text."""
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return b""


def test_without_a_plan_there_is_no_file(get: Get) -> None:
    assert get("/officials/sites.pdf?month=2020-01")[0] == 404


def test_the_page_names_what_nobody_has_given(get: Get) -> None:
    page = get(f"/officials/sites?{QUERY}")[1].decode()
    for key in (
        "鳥獣保護区が未設定",
        "断られた土地や住宅地が未設定",
        "道が未設定",
        "歩き始める場所が未入力",
    ):
        assert key in page
    assert "歩き始める場所が未入力" not in get(f"/officials/sites?{WALK}")[1].decode()


def test_inputs_that_are_given_are_not_named() -> None:
    full = Office(protected=("a",), refused=("b",), roads=("c",))
    boar, measured = space_use.of("boar"), catch_from(3, 100)
    assert missing(full, SitingForm(start=START), boar, measured) == []
    none = missing(Office(), SitingForm(), space_use.of("civet"), ASSUMED)
    assert none == ["protected", "refused", "roads", "start", "catch", "home_range"]


@pytest.mark.parametrize("start", ["north", "91,128", "32.6", "32.6,181", "nan,128"])
def test_a_start_that_is_no_place_is_refused_with_the_value(start: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(start))):
        read_form({"start": start})


def test_a_walk_is_never_longer_than_any_of_a_few_stops_by_much() -> None:
    points = [(0.0, 0.0), (900.0, 50.0), (300.0, 20.0), (600.0, -40.0), (100.0, 800.0)]
    best = min(
        walk.length_m(way, points, (0, -100)) for way in itertools.permutations(range(len(points)))
    )
    assert walk.length_m(walk.order(points, (0, -100)), points, (0, -100)) <= 1.1 * best
    assert sorted(walk.order(points)) == [0, 1, 2, 3, 4]
    assert walk.order([]) == []
