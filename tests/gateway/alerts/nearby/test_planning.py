"""Who is warned of what: distances, danger at once, the same animal once, and no more than is bearable."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.alerts.nearby.planning import warn_of_alert, warn_of_report
from gateway.domain.geo.areas import Land, parse
from gateway.domain.geo.local_plane import from_metres
from gateway.domain.geo.mesh_code import bounds
from gateway.domain.model import Alert, AlertLevel
from gateway.domain.reports.life import ReportChange, Wish
from gateway.domain.reports.place import distance_m, square_of, to_square_m
from gateway.domain.reports.report import Report
from gateway.domain.reports.warning import (
    STALE,
    Cause,
    Subscription,
    SubscriptionError,
    check,
    is_told,
    square_distance,
    wants,
)
from gateway.ingest.reports import changing, taking
from tests.gateway.alerts.site import Site
from tests.gateway.domain.reports.test_life import REPORT
from tests.gateway.domain.reports.test_merging import moved
from tests.support.samples import T0

LAT, LON = REPORT.lat, REPORT.lon
MAIL = "mailto://127.0.0.1:25"
SETTINGS: dict[str, Any] = {
    "reports": {"enabled": True, "mail": MAIL},
    "dashboard": {"public_url": "https://wall.example"},
}
FARMER = Subscription(
    id="farmer",
    token="t" * 64,
    mail="farmer@field.example",
    lat=LAT,
    lon=LON,
    radius_m=1_000,
    asked_at=T0,
    confirmed_at=T0,
)
HOMES = Land(name="三井楽", living=True, near_m=50.0)
SIDE = 0.004  # degrees around the report
BOX = [[LON - SIDE, LAT - SIDE], [LON + SIDE, LAT - SIDE], [LON + SIDE, LAT + SIDE]]
SHAPE = f'{{"type":"Polygon","coordinates":[{[*BOX, [LON - SIDE, LAT + SIDE], BOX[0]]}]}}'


def living(away_m: float, **changes: Any) -> Subscription:
    """Somebody who lives so far east of the report."""
    lat, lon = from_metres(away_m, 0, LAT, LON)
    return replace(FARMER, lat=lat, lon=lon, **changes)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site with homes around the report, which sends mails."""
    made = Site(tmp_path, SETTINGS, areas=[parse(HOMES, SHAPE.encode())])
    yield made
    made.store.close()


def subscribe(site: Site, *people: Subscription) -> None:
    for number, one in enumerate(people):
        named = replace(one, id=f"{one.id}{number}", token=f"{one.id}{number}")
        site.store.write_now(lambda tx, one=named: tx.warnings.put(one))  # type: ignore[misc]


def take(site: Site, report: Report) -> None:
    now = report.received_at
    site.store.write_now(lambda tx: taking.take(tx, report, "", site.policy, now))


def publish(site: Site, id_: str) -> None:
    wish = Wish(ReportChange.PUBLISH, "yamada", T0 + timedelta(minutes=20))
    site.store.write_now(lambda tx: changing.act(tx, id_, wish, site.policy))


def planned(site: Site) -> dict[str, int]:
    return site.store.read_now(lambda reader: reader.warnings.states())


def test_a_farmer_at_800_m_is_warned_once_and_one_at_3_km_is_not(site: Site) -> None:
    subscribe(site, living(800), living(3_000))
    take(site, REPORT)
    take(site, moved(100, 5))
    take(site, replace(moved(50, 9), id="c" * 32))
    publish(site, REPORT.id)
    assert planned(site) == {"waiting": 1}
    due = site.store.write_now(lambda tx: tx.warnings.due(T0 + timedelta(hours=1), 9))
    assert [one.subscription.id for one in due] == ["farmer0"]


def test_control_a_larger_circle_reaches_the_one_at_3_km(site: Site) -> None:
    subscribe(site, living(3_000, radius_m=3_000))
    take(site, REPORT)
    assert planned(site) == {"waiting": 1}


@given(
    st.floats(32, 33),
    st.floats(128, 129),
    st.integers(300, 10_000),
    st.floats(-12_000, 12_000),
    st.floats(-12_000, 12_000),
)
def test_everybody_within_the_radius_is_warned_and_nobody_a_square_farther(
    lat: float, lon: float, radius_m: int, east: float, north: float
) -> None:
    home = from_metres(east, north, lat, lon)
    square = square_of(lat, lon)
    one = replace(FARMER, lat=home[0], lon=home[1], radius_m=radius_m)
    cause = Cause(id="x", species="boar", at=T0, square=square)
    told = wants(one, cause, square_distance(square), in_hours=True)
    away = distance_m(*home, lat, lon)
    edges = bounds(square)
    diagonal = distance_m(edges.south, edges.west, edges.north, edges.east)
    assert told or away > radius_m * 0.999 - 1
    assert not told or away <= (radius_m + diagonal) * 1.001 + 1


def test_two_places_of_one_square_warn_the_same_people() -> None:
    """So no number of subscriptions finds a place more exactly than its square of 500 m."""
    edges = bounds(square_of(LAT, LON))
    corners = [(edges.south + 1e-6, edges.west + 1e-6), (edges.north - 1e-6, edges.east - 1e-6)]
    assert len({square_of(*one) for one in corners}) == 1
    homes = [from_metres(e, n, LAT, LON) for e in range(-2_000, 2_001, 250) for n in (0, 700)]
    reached = [
        [to_square_m(*home, square_of(*place)) <= 1_000 for home in homes] for place in corners
    ]
    assert reached[0] == reached[1]
    assert True in reached[0]
    assert False in reached[0]


def test_a_boar_near_homes_is_told_before_anybody_has_checked_it_and_elsewhere_after(
    site: Site,
) -> None:
    subscribe(site, FARMER)
    far = replace(moved(9_000), id="d" * 32)
    subscribe(site, replace(living(9_000), id="other"))
    take(site, far)
    assert planned(site) == {}
    publish(site, far.id)
    assert planned(site) == {"waiting": 1}
    take(site, replace(REPORT, id="e" * 32, species="deer"))
    assert planned(site) == {"waiting": 1}, "a deer is no danger"
    take(site, replace(REPORT, id="f" * 32, at=T0 + timedelta(minutes=1)))
    assert planned(site) == {"waiting": 2}


def test_a_vague_report_before_does_not_silence_a_danger_near_homes(site: Site) -> None:
    subscribe(site, FARMER)
    take(site, replace(REPORT, species="unknown"))
    assert planned(site) == {}
    take(site, moved(100, 5))
    merged = site.store.read_now(lambda reader: reader.reports.find(moved(100, 5).id))
    assert merged
    assert merged.head == REPORT.id
    assert planned(site) == {"waiting": 1}


def test_a_warning_without_danger_does_not_stand_for_one_with_it(site: Site) -> None:
    cause = Cause(id="a", species="boar", at=T0, square=square_of(LAT, LON))
    danger = replace(cause, id="b", danger=True)
    assert is_told(cause, danger)
    assert not is_told(danger, cause)


def test_mails_of_danger_go_before_those_that_wait_longer(site: Site) -> None:
    subscribe(site, FARMER, living(10))
    far = replace(REPORT, id="d" * 32, species="deer")
    take(site, far)
    publish(site, far.id)
    take(site, replace(REPORT, id="e" * 32))
    due = site.store.write_now(lambda tx: tx.warnings.due(T0 + timedelta(hours=1), 2))
    assert [one.cause.danger for one in due if one.cause] == [True, True]


def alert(subject: str, at: Any = T0) -> Alert:
    return Alert(
        id="a1",
        rule="living_area",
        subject=subject,
        level=AlertLevel.DANGER,
        observed_at=at,
        opened_at=at,
        device="cam-01",
    )


def test_what_a_camera_saw_near_homes_warns_by_the_land_and_not_by_the_camera(site: Site) -> None:
    subscribe(site, living(800), living(3_000), living(0, species=("deer",)))
    site.store.write_now(lambda tx: warn_of_alert(tx, alert("三井楽/bear"), site.policy, T0))
    [one] = site.store.write_now(lambda tx: tx.warnings.due(T0, 9))
    assert one.subscription.id == "farmer0"
    assert one.cause
    assert (one.cause.area, one.cause.square) == ("三井楽", "")
    assert (
        site.store.write_now(lambda tx: warn_of_alert(tx, alert("nowhere/bear"), site.policy, T0))
        == 0
    )


def test_species_hours_and_confirmation_count_but_danger_is_told_at_any_hour(site: Site) -> None:
    subscribe(
        site,
        replace(FARMER, hours="18-06"),  # T0 is 9 o'clock there
        replace(FARMER, species=("deer",)),
        replace(FARMER, confirmed_at=None),
    )
    take(site, REPORT)
    assert planned(site) == {"waiting": 1}, "boar near homes"
    quiet = replace(moved(1_500), id="d" * 32)
    take(site, quiet)
    publish(site, quiet.id)
    assert planned(site) == {"waiting": 1}, "not in these hours"


def test_a_storm_is_bounded_and_what_was_left_out_is_told_later(site: Site) -> None:
    subscribe(site, replace(FARMER, radius_m=10_000))
    for number in range(8):
        one = replace(moved(1_250 * number, 3 * number), id=f"{number:032x}", species="bear")
        now = one.received_at
        site.store.write_now(
            lambda tx, one=one, now=now: warn_of_report(tx, one, site.policy, now, checked=True)  # type: ignore[misc]
        )
    assert planned(site) == {"waiting": 3, "dropped": 5}
    [first, *_] = site.store.write_now(lambda tx: tx.warnings.due(T0 + timedelta(hours=1), 9))
    assert first.left_out == 5


def test_what_happened_long_ago_warns_nobody(site: Site) -> None:
    subscribe(site, FARMER)
    now = T0 + STALE + timedelta(minutes=1)
    site.store.write_now(lambda tx: warn_of_report(tx, REPORT, site.policy, now, checked=True))
    assert planned(site) == {}


def test_another_animal_or_another_day_is_told_again() -> None:
    cause = Cause(id="a", species="boar", at=T0, square=square_of(LAT, LON))
    assert is_told(replace(cause, id="b"), cause)
    assert not is_told(replace(cause, id="b", species="bear"), cause)
    assert not is_told(replace(cause, id="b", at=T0 + timedelta(hours=3)), cause)
    east = square_of(*from_metres(2_000, 0, LAT, LON))
    assert not is_told(replace(cause, id="b", square=east), cause)


@pytest.mark.parametrize(
    ("radius_m", "fits"), [(299, False), (300, True), (10_000, True), (10_001, False)]
)
def test_a_circle_is_300_m_to_10_km(radius_m: int, fits: bool) -> None:
    one = replace(FARMER, radius_m=radius_m)
    if fits:
        check(one)
    else:
        with pytest.raises(SubscriptionError):
            check(one)
