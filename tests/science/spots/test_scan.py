"""Hot spots over several distances: none invented, planted ones found, the same answer each time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.analysis import projection, significance
from dashboard.analysis.projection import SensorSites
from dashboard.analysis.spots import scan
from tests.science.shared import columns, needs_shared

EXTENT_M = 12_000.0


def places(count: int, seed: int = 1) -> tuple[list[float], list[float], list[float]]:
    draw = np.random.default_rng(seed)
    x, y = draw.uniform(0, EXTENT_M, (2, count))
    return x.tolist(), y.tolist(), draw.uniform(15, 90, count).tolist()


def sites(count: int, seed: int, times: float = 1.0) -> SensorSites:
    """Bursty counts without spatial structure, but `times` as many in the west."""
    x, y, days = places(count)
    draw = np.random.default_rng(seed)
    mean = np.array(days) * 0.15 * np.where(np.array(x) < EXTENT_M / 4, times, 1.0)
    return projection.sites(x, y, draw.poisson(draw.gamma(mean / 1.5, 1.5)), days)


def alarms(count: int, runs: int) -> float:
    """The share of maps without structure that show any spot."""
    return sum(any(scan.scan(sites(count, seed)).spots()) for seed in range(runs)) / runs


def test_a_map_without_structure_seldom_has_a_spot() -> None:
    runs = 24
    assert alarms(24, runs) <= 0.05 + 3 * (0.05 * 0.95 / runs) ** 0.5


@pytest.mark.long
def test_the_long_form_of_the_false_alarms() -> None:
    runs = 1_000
    shares = {count: alarms(count, runs) for count in (8, 24, 60)}
    print(shares)
    assert max(shares.values()) <= 0.05 + 3 * (0.05 * 0.95 / runs) ** 0.5


def test_control_the_best_of_many_bands_without_correction_raises_false_alarms() -> None:
    wrong = 0
    for seed in range(40):
        made = sites(24, seed)
        found = [significance.gi_star(made, band).spots() for band in scan.candidates(made)]
        wrong += any(spot for spots in found for spot in spots)
    assert wrong / 40 > 0.15


def test_a_rich_west_is_found_and_its_band_is_told() -> None:
    finds = 0
    for seed in range(4):
        made = sites(60, seed, times=8.0)
        found = scan.scan(made)
        spots = zip(made.x_m.tolist(), found.spots(), strict=True)
        hot = [x for x, spot in spots if spot == "hot"]
        finds += bool(hot)
        assert all(x < EXTENT_M / 2 for x in hot)
        assert set(found.found_bands_m) <= set(found.bands_m)
    assert finds >= 3


def test_the_answer_is_the_same_each_time_and_in_any_order_of_sensors() -> None:
    made = sites(30, 5, times=6.0)
    one, again = scan.scan(made), scan.scan(made)
    assert one.p.tolist() == again.p.tolist()
    assert one.bands_m == again.bands_m


def test_z_is_the_gi_star_of_the_band_that_is_told() -> None:
    made = sites(30, 6, times=4.0)
    found = scan.scan(made)
    for index, band in enumerate(found.band_m.tolist()):
        reference = significance.gi_star(made, band).z[index]
        assert found.z[index] == pytest.approx(0.0 if np.isnan(reference) else reference)


@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_few_sensors_cannot_be_tested(count: int) -> None:
    found = scan.scan(sites(count, 1))
    assert found.deals == 0
    assert not any(found.spots())


def test_equal_rates_have_no_spot() -> None:
    x, y, _ = places(20)
    assert scan.scan(projection.sites(x, y, [3] * 20, [60] * 20)).deals == 0


@given(st.integers(2, 40), st.integers(0, 99))
def test_bands_rise_in_whole_steps_from_neighbours_to_half_the_extent(
    count: int, seed: int
) -> None:
    x, y, days = places(count, seed)
    made = projection.sites(x, y, [1] * count, days)
    bands = scan.candidates(made)
    apart = projection.distances(made.x_m, made.y_m, made.x_m, made.y_m)
    assert list(bands) == sorted(set(bands))
    assert 1 <= len(bands) <= scan.MOST_BANDS
    assert all(band % scan.BAND_STEP_M == 0 for band in bands)
    assert bands[-1] <= max(apart.max() / 2, np.median(_nearest(apart))) + scan.BAND_STEP_M


def _nearest(apart: projection.Floats) -> projection.Floats:
    nearest: projection.Floats = np.where(apart == 0, np.inf, apart).min(axis=1)
    return nearest


def test_more_sensors_find_smaller_differences_and_few_say_that_they_cannot() -> None:
    few, many = scan.scan(sites(7, 2)), scan.scan(sites(80, 2))
    assert many.finds is not None
    assert few.finds is None or few.finds > many.finds


def test_the_told_power_is_reached_for_a_new_planted_spot() -> None:
    told = scan.scan(sites(60, 11))
    assert told.finds is not None
    hits = 0
    for seed in range(5):
        spots = scan.scan(sites(60, 100 + seed, times=2.0 * told.finds)).spots()
        hits += "hot" in spots
    assert hits >= 3


@needs_shared
def test_the_reference_map_has_its_spots_at_more_than_one_distance() -> None:
    x_km, y_km, days, n = columns("reference/sensors.csv", "x_km", "y_km", "camera_days", "events")
    found = scan.scan(projection.sites(x_km * 1000, y_km * 1000, n, days))
    assert found.spots().count("hot") >= 3
