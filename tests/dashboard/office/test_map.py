"""The officials' map: correct figures, missing data as unknown, small pages, names as text."""

import re
from zoneinfo import ZoneInfo

import pytest
import shapely

from dashboard.maps.base_layers import Ground
from dashboard.office.filters import MapFilter
from dashboard.office.land_files import OfficeLand
from dashboard.office.map import drawing, layers, overview
from dashboard.office.map.overview import Overview
from dashboard.office.periods import Month
from dashboard.web.i18n import text
from tests.dashboard.office.conftest import Get
from tests.dashboard.office.county import County
from tests.dashboard.office.test_report_density import at
from tests.dashboard.place import HOSTILE

ZONE = ZoneInfo("Asia/Tokyo")
AUTUMN = MapFilter(month=Month(2026, 10), months=3, species="boar")


def overview_of(county: County, wanted: MapFilter = AUTUMN) -> Overview:
    facts = county.store.read_now(lambda r: overview.read(r, wanted, wanted.span, ZONE, county.now))
    return overview.overview(facts)


def filter_with(**changes: object) -> MapFilter:
    values = {name: getattr(AUTUMN, name) for name in MapFilter.__struct_fields__}
    return MapFilter(**(values | changes))


def test_counts_and_effort_are_those_of_the_period(county: County) -> None:
    found = overview_of(county)
    assert (found.total.n, found.total.effort) == (135, 540.0)
    assert found.total.per100 == pytest.approx(25.0)
    september = overview_of(county, filter_with(month=Month(2026, 9), months=1))
    assert (september.total.n, september.total.effort) == (135, 270.0)
    assert overview_of(county, filter_with(month=Month(2026, 8), months=1)).total.per100 is None


def test_all_species_together_count_every_sensor(county: County) -> None:
    found = overview_of(county, filter_with(species="all"))
    assert (found.total.n, found.total.effort, found.blind) == (135 + 9 + 40, 600.0, [])


def test_a_sensor_that_cannot_tell_species_does_not_count_as_having_seen_none(
    county: County,
) -> None:
    found = overview_of(county)
    assert found.blind == ["人感1"]
    assert "pir-1" not in {tally.device for tally in found.tallies}


def test_rates_by_hour_of_day_use_the_effort_of_those_hours(county: County) -> None:
    evening = overview_of(
        county, filter_with(hours="18-06")
    )  # boar at 20 h, half of the day watched
    assert (evening.total.n, evening.total.effort) == (135, 270.0)
    noon = overview_of(county, filter_with(hours="10-14"))
    assert (noon.total.n, noon.total.effort) == (0, 90.0)
    assert overview_of(county, filter_with(hours="12-12")).total.effort == 540.0


def test_an_area_counts_only_its_own_sensors(county: County) -> None:
    found = overview_of(county, filter_with(area="富江"))
    assert {tally.area for tally in found.tallies} == {"富江"}
    assert found.total.n == 3 * (4 + 3 + 2 + 1)


def test_captures_are_never_shown_without_their_effort(county: County) -> None:
    found = overview_of(county)
    assert (found.captures.n, found.captures.effort) == (3, 200.0)
    by_trap = {one.device: one for one in found.caught}
    assert by_trap["trap-1"].animals == {"boar": 3}
    assert (by_trap["trap-1"].rate.n, by_trap["trap-1"].rate.effort) == (2, 50.0)
    assert "trap-2" not in by_trap, "its deer was not asked for"


def test_without_recorded_outcomes_no_capture_rate_is_shown(get: Get) -> None:
    for month, untold in (("2025-10&months=1", True), ("2026-10", False)):
        page = get(f"/officials?month={month}")[1].decode()
        shown, _, _ = page.partition("<script")
        assert ("捕獲の記録がありません" in shown) is untold


def test_two_periods_are_drawn_with_one_bandwidth(county: County) -> None:
    wanted = filter_with(against="year")
    spans = [wanted.span, wanted.other_span]
    facts = [
        county.store.read_now(lambda r, s=s: overview.read(r, wanted, s, ZONE, county.now))  # type: ignore[misc]
        for s in spans
    ]
    limits = drawing.map_limits(facts, None)
    one, other = drawing.draw(facts, OfficeLand(), limits, text("ja"), Ground())
    assert one.overview.hotspots
    assert other.overview.hotspots
    assert one.overview.hotspots.surface.bandwidth_m == other.overview.hotspots.surface.bandwidth_m
    assert (other.overview.total.n, other.overview.total.effort) == (45, 540.0)


def test_no_data_is_drawn_as_no_data_and_not_as_a_class(county: County) -> None:
    nothing = overview_of(county, filter_with(month=Month(2026, 7)))
    drawn = {layer.name: layer.features for layer in layers.layers(nothing)}
    assert {f["properties"]["c"] for f in drawn["mesh"]} == {None}
    assert {f["properties"]["c"] for f in drawn["sensors"]} == {None}
    zero = overview_of(county, filter_with(hours="10-14"))
    drawn = {layer.name: layer.features for layer in layers.layers(zero)}
    assert {f["properties"]["c"] for f in drawn["sensors"]} == {0}


def test_land_without_a_near_sensor_is_a_coverage_gap_and_other_land_is_not(
    county: County,
) -> None:
    land = shapely.box(128.6, 32.5, 129.0, 32.9)
    facts = county.store.read_now(lambda r: overview.read(r, AUTUMN, AUTUMN.span, ZONE, county.now))
    gaps = overview.overview(facts, land=land).gaps
    assert gaps is not None
    assert not gaps.is_empty
    for lat, lon in ((t.lat, t.lon) for t in facts.tallies if t.lat and t.lon):
        assert not shapely.contains_xy(gaps, lon, lat)


def test_the_surface_is_drawn_on_land_only(county: County) -> None:
    facts = county.store.read_now(lambda r: overview.read(r, AUTUMN, AUTUMN.span, ZONE, county.now))
    everywhere = overview.overview(facts).hotspots
    west = overview.overview(facts, land=shapely.box(128.6, 32.5, 128.75, 32.9)).hotspots
    assert everywhere
    assert west
    for lat, lon in ((t.lat, t.lon) for t in facts.tallies if t.lat and t.lon):
        assert at(everywhere.picture, lat, lon) > 0
        assert (at(west.picture, lat, lon) > 0) == (lon < 128.75)


def test_the_page_says_rate_interval_effort_method_and_caveat(get: Get) -> None:
    status, body = get("/officials?month=2026-10")
    page = body.decode()
    assert status == 200
    for phrase in (
        "25.0（95％区間 16.4〜38.1）回/100カメラ日",
        "（区間の根拠：9台のばらつき、ポアソンの4.5倍）",
        "135回・540.0カメラ日",
        "生息密度ではありません",
        "Benjamini-Hochberg",
        "4828763",
    ):
        assert phrase in page
    assert len(body) < 150_000


def test_html_in_a_device_name_is_drawn_as_text(get: Get) -> None:
    _, body = get("/officials?month=2026-10&against=year")
    page = body.decode()
    assert HOSTILE not in page
    assert "<img src=x" not in page
    data = re.findall(r"<script type=.application/json.[^>]*>(.*?)</script>", page, re.DOTALL)
    assert "onerror=alert(1)" in data[0], "as data it is there, word by word"
    assert "{{ 7*7 }}{% x %}" in data[0]
    scripts = re.findall(r"<script[^>]*>(.*?)</script>", page, re.DOTALL)
    assert not any("</" in script or "<img" in script for script in scripts)


@pytest.mark.parametrize(
    "query", ["month=2026-13", "months=2", "hours=6", "hours=25-30", "against=never", "square=2km"]
)
def test_a_wrong_query_is_refused_and_not_replaced_by_a_guess(get: Get, query: str) -> None:
    assert get(f"/officials?{query}")[0] == 400


def test_a_place_without_any_record_has_a_page_that_says_so(get: Get) -> None:
    status, body = get("/officials?month=2020-01")
    assert status == 200
    assert "この条件で動いていたセンサーがありません" in body.decode()


@pytest.mark.parametrize("paper", ["a4", "a3"])
def test_the_sheet_names_period_species_caveat_and_date(get: Get, paper: str) -> None:
    status, body = get(f"/officials/sheet?month=2026-10&paper={paper}")
    assert status == 200
    for phrase in (
        "2026/08/01–2026/10/31",
        "イノシシ",
        "生息密度ではありません",
        "作成 2026/11/23",
    ):
        assert phrase in body.decode()
    assert get("/officials/sheet?paper=b5")[0] == 400


def test_the_dispersion_is_measured_from_week_to_week_of_the_species(county: County) -> None:
    facts = county.store.read_now(lambda r: overview.read(r, AUTUMN, AUTUMN.span, ZONE, county.now))
    start, end = AUTUMN.span.days
    weeks = county.store.read_now(lambda r: r.period_reads.weekly(start, end, "boar"))
    assert {one.device: one.independent for one in weeks}["cam-0"] == 27
    assert {one.week for one in weeks} == {5}, "10 September, counted from 1 August"
    assert facts.dispersion == pytest.approx(15.0), "135 events of 9 cameras in one of 13 weeks"


def test_the_distance_of_neighbours_is_chosen_in_the_address_and_told(get: Get) -> None:
    scanned = get("/officials?month=2026-10")[1].decode()
    assert "見つかりませんでした" in scanned
    assert "band=auto" in scanned
    one = get("/officials?month=2026-10&band=2000")[1].decode()
    assert "距離2,000 mの近所を調べ" in one
    assert "band=2000" in one
    assert get("/officials?month=2026-10&band=777")[0] == 400


def test_two_periods_have_a_ratio_at_the_same_sensors(get: Get) -> None:
    page = get("/officials?month=2026-10&against=year")[1].decode()
    assert "同じ機器どうしの比（後÷前）：3.00倍" in page
    assert "同じ機器どうしの比" not in get("/officials?month=2026-10")[1].decode()
    figures = get("/officials/figures?month=2026-10")[1].decode()
    assert "同じ機器どうしの比（後÷前）：4.00倍" in figures
