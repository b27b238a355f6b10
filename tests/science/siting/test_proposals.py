"""dashboard.office.siting.proposals: from counts to sites a trapper can walk to."""

import numpy as np
import pytest
import shapely

from dashboard.analysis.projection import Floats, Plane, distances
from dashboard.analysis.siting import interval
from dashboard.analysis.siting.space_use import TABLE
from dashboard.analysis.tallies import DeviceTally
from dashboard.office.siting import proposals
from dashboard.office.siting.proposals import SitingRequest
from dashboard.office.siting.reasons import sentence
from dashboard.web.i18n import text
from tests.science.siting import peers

PLACE = Plane(32.69, 128.84)
BOAR = TABLE["boar"]


def detectors() -> list[DeviceTally]:
    """5 x 5 detectors 1 km apart; boar about the north-eastern one."""
    rng = np.random.default_rng(4)
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(5) * 1e3, np.arange(5) * 1e3))
    rate = 0.05 + np.exp(-((x - 4000) ** 2 + (y - 4000) ** 2) / 2 / 1200**2)
    lat, lon = PLACE.to_degrees(x, y)
    rows = zip(rng.poisson(rate * 60).tolist(), lat.tolist(), lon.tolist(), strict=True)
    return [
        DeviceTally(f"cam-{i}", n, 60.0, a, b, name=f"沢{i}") for i, (n, a, b) in enumerate(rows)
    ]


def metres(lat: float, lon: float) -> tuple[float, float]:
    x, y = PLACE.to_metres(lat, lon)
    return float(x), float(y)


def test_proposed_sites_lie_where_animals_were_seen_and_name_the_sensors() -> None:
    got = proposals.propose(detectors(), [], SitingRequest(3, min_distance_m=300))
    assert len(got.sites) == 3
    for site in got.sites:
        x, y = metres(site.lat, site.lon)
        assert np.hypot(x - 4000, y - 4000) < 1500
        assert site.low100 < site.rate100 < site.high100
        assert "イノシシ" in sentence(site.reason, "イノシシ", text("ja"))
        assert "“沢" in sentence(site.reason, "boar", text("en"))
    assert [s.gain for s in got.sites] == sorted((s.gain for s in got.sites), reverse=True)
    assert got.plan.proven > 0.6


def test_ten_traps_are_not_stacked_at_the_two_best_sensors() -> None:
    rng = np.random.default_rng(5)
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(5) * 1e3, np.arange(5) * 1e3))
    lat, lon = PLACE.to_degrees(x, y)
    peaks = [np.exp(-0.5 * ((x - x[i]) ** 2 + (y - y[i]) ** 2) / 600**2) for i in (6, 18)]
    counts = rng.poisson(3 + 90 * sum(peaks))
    tallies = [
        DeviceTally(f"cam-{i}", int(counts[i]), 60.0, float(lat[i]), float(lon[i]))
        for i in range(25)
    ]
    caught = interval.catch_from(20, 100)
    got = proposals.propose(tallies, [], SitingRequest(10, space_use=BOAR, catch=caught))
    found = proposals.estimated(tuple(tallies), BOAR.sigma_m, 1_500.0)
    known = ~np.isnan(found.estimate.log_rate)
    before = peers.plan_of_passes(found.sites, found.grid, known, 10, 300.0)

    def at_the_two(x_m: Floats, y_m: Floats) -> int:
        best = found.sites.x_m[[6, 18]], found.sites.y_m[[6, 18]]
        return int((distances(x_m, y_m, *best).min(axis=1) < 700).sum())

    chosen = np.array([(place.x_m, place.y_m) for place in got.plan.places]).T
    assert at_the_two(*chosen) <= 7
    assert at_the_two(*before) == 10  # control: passes alone stack them


def test_roads_excluded_places_and_existing_traps_are_given_in_degrees() -> None:
    road_lat, road_lon = PLACE.to_degrees([3500, 3500], [-2000, 6000])
    road = shapely.LineString(np.column_stack([road_lon, road_lat]))
    (south, north), (west, east) = PLACE.to_degrees([3000, 5000], [3800, 6000])
    refused = shapely.box(west, south, east, north)
    old_lat, old_lon = (float(v) for v in PLACE.to_degrees(3500, 3400))
    wishes = SitingRequest(2, 60, 400, 250, road, refused)
    got = proposals.propose(detectors(), [(old_lat, old_lon)], wishes)
    assert len(got.sites) == 2
    for site in got.sites:
        x, y = metres(site.lat, site.lon)
        assert abs(x - 3500) <= 255
        assert not refused.contains(shapely.Point(site.lon, site.lat))
        assert np.hypot(x - 3500, y - 3400) >= 395
        assert "道から" in sentence(site.reason, "イノシシ", text("ja"))


def test_far_from_every_detector_nothing_is_proposed() -> None:
    wishes = SitingRequest(40, min_distance_m=600, measured_within_m=400)
    got = proposals.propose(detectors(), [], wishes)
    assert got.sites
    for site in got.sites:
        x, y = metres(site.lat, site.lon)
        apart = [np.hypot(x - i * 1e3, y - j * 1e3) for i in range(5) for j in range(5)]
        assert min(apart) <= 402


def test_dragging_a_site_away_shows_what_is_lost() -> None:
    got = proposals.propose(detectors(), [], SitingRequest(2, min_distance_m=300))
    stay = proposals.moved(got, 0, got.sites[0].lat, got.sites[0].lon)
    assert stay.loss == pytest.approx(0, abs=1e-6)
    lat, lon = PLACE.to_degrees(0, 0)
    away = proposals.moved(got, 0, float(lat), float(lon))
    assert 0.3 < away.loss_share < 0.6
    assert not away.unknown
    with pytest.raises(IndexError, match="site 2 is not one of the 2 proposed"):
        proposals.moved(got, 2, float(lat), float(lon))


def test_too_few_detectors_are_refused_with_their_number() -> None:
    with pytest.raises(ValueError, match="at least 5 sensors with effort, not 2"):
        proposals.propose(
            [*detectors()[:2], DeviceTally("off", 0, 0.0, 32.6, 128.8)], [], SitingRequest(1)
        )
    with pytest.raises(ValueError, match="not 0"):
        proposals.propose([], [], SitingRequest(1))
