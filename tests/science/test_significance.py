"""dashboard.analysis.significance: what is more than chance, and what is not."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.analysis import projection, significance
from dashboard.analysis.projection import Floats
from tests.science.shared import columns, needs_shared, values


def test_gi_star_is_the_textbooks_value_on_a_small_case() -> None:
    # x = 1 2 3 10, first two neighbours of each other: mean 4, population sd sqrt(12.5);
    # z = (3 - 4*2) / (sqrt(12.5) * sqrt(2*2/3)).
    sites = projection.sites([0, 100, 5000, 9000], [0] * 4, [1, 2, 3, 10], [100] * 4)
    got = significance.gi_star(sites, 150)
    z = -5 / math.sqrt(12.5 * 4 / 3)
    lone = (10 - 4) / math.sqrt(12.5)
    assert got.z == pytest.approx([z, z, -1 / math.sqrt(12.5), lone], rel=1e-13)
    assert got.neighbours.tolist() == [2, 2, 1, 1]
    assert got.p[0] == pytest.approx(math.erfc(abs(z) / math.sqrt(2)), rel=1e-13)


def test_counts_from_unequal_effort_are_no_hot_spot() -> None:
    x = np.arange(20) * 1000.0
    days = np.where(x < 3000, 1000.0, 10.0)
    got = significance.gi_star(projection.sites(x, x * 0, days * 0.2, days), 1500)
    assert got.spots() == [""] * 20
    assert np.isnan(got.z).all()


def test_hot_and_cold_are_distinguished() -> None:
    x = np.arange(60) * 1000.0
    rates = np.where(x < 6000, 80, np.where(x > 53_000, 1, 40)) + np.arange(60) % 3
    got = significance.gi_star(projection.sites(x, x * 0, rates, np.full(60, 100)), 2500)
    spots = got.spots()
    assert spots[:5] == ["hot"] * 5
    assert spots[-5:] == ["cold"] * 5
    assert set(spots[15:45]) == {""}


def test_when_everyone_is_a_neighbour_gi_star_is_not_defined() -> None:
    got = significance.gi_star(projection.sites([0, 1, 2], [0] * 3, [1, 2, 3], [9] * 3), 1e6)
    assert np.isnan(got.z).all()
    assert got.spots() == ["", "", ""]


def test_benjamini_hochberg_meets_a_case_by_hand() -> None:
    got = significance.benjamini_hochberg([0.04, 0.01, math.nan, 0.02, 0.9])
    assert got == pytest.approx([0.04 * 4 / 3, 0.04, math.nan, 0.04, 0.9], nan_ok=True)


@given(st.lists(st.floats(0, 1), max_size=30))
def test_benjamini_hochberg_follows_its_definition(p: list[float]) -> None:
    ranked = sorted(p)
    expected = [
        min([1.0, *(q * len(p) / (ranked.index(q) + ranked.count(q)) for q in ranked if q >= own)])
        for own in p
    ]
    assert significance.benjamini_hochberg(p) == pytest.approx(expected, rel=1e-12)


def test_a_rising_series_has_kendalls_s_and_variance() -> None:
    trend = significance.mann_kendall([1, 2, 3, 4, 5, 6])
    assert trend is not None
    assert trend.s == 15
    assert trend.z == pytest.approx(14 / math.sqrt(6 * 5 * 17 / 18), rel=1e-13)
    assert (trend.slope, trend.used) == (1, 6)
    assert trend.p == pytest.approx(0.0085, abs=1e-4)


def test_a_month_without_effort_is_missing_not_zero() -> None:
    trend = significance.mann_kendall([1, math.nan, 3, 4, math.nan, 6, 7])
    assert trend is not None
    assert (trend.used, trend.s, trend.slope) == (5, 10, 1)


@given(st.lists(st.integers(0, 3), min_size=4, max_size=6))
def test_the_variance_with_ties_is_that_over_all_orders(series: list[int]) -> None:
    every = []
    for order in itertools.permutations(series):
        pairs = itertools.combinations(order, 2)
        every.append(sum((b > a) - (b < a) for a, b in pairs))
    trend = significance.mann_kendall(series)
    assert trend is not None
    variance = float(np.var(every))
    s = trend.s
    expected = (s - math.copysign(1, s)) / math.sqrt(variance) if s and variance else 0
    assert trend.z == pytest.approx(expected, rel=1e-9)


def test_a_place_that_heats_up_month_by_month_is_found_despite_a_month_without_effort() -> None:
    x: Floats = np.arange(12, dtype=np.float64) * 1000
    effort = np.full((8, 12), 30.0)
    effort[3, 0] = 0
    n = np.full((8, 12), 6.0) + np.arange(12) % 2
    n[:, 0] = 2 * np.arange(8)
    z = significance.gi_by_month(x, x * 0, n, effort, 500)
    assert np.isnan(z[3, 0])
    assert np.isnan(z).sum() == 1
    trends = [significance.mann_kendall(series) for series in z.T]
    assert trends[0] is not None
    assert (trends[0].used, trends[0].s) == (7, 21)
    assert trends[0].p < 0.01
    alone = significance.gi_star(projection.sites(x, x * 0, n[5], effort[5]), 500)
    assert z[5] == pytest.approx(alone.z, rel=1e-12)


def test_a_month_nobody_watched_is_missing_everywhere() -> None:
    x: Floats = np.arange(4, dtype=np.float64) * 1000
    z = significance.gi_by_month(x, x, np.ones((2, 4)), np.zeros((2, 4)), 500)
    assert np.isnan(z).all()


def test_too_short_a_series_has_no_trend() -> None:
    assert significance.mann_kendall([1, 2, math.nan, 3]) is None


@needs_shared
def test_the_reference_hot_spots_are_met_to_1e_9() -> None:
    expected = values("reference/gi_star_sensors.json")
    x, y, days, n = columns("reference/sensors.csv", "x_km", "y_km", "camera_days", "events")
    sites = projection.sites(x * 1000, y * 1000, n, days)
    got = significance.gi_star(sites, expected["band_km"] * 1000)
    assert sites.rate100 == pytest.approx(expected["rate"], rel=1e-12)
    assert got.z == pytest.approx(expected["z"], abs=1e-9)
    assert got.p == pytest.approx(expected["p_two_sided"], abs=1e-9)
    assert got.p_adjusted == pytest.approx(expected["p_BH"], abs=1e-9)
    found = [spot for spot in got.spots() if spot]
    assert len(found) == expected["significant_after_BH_0.05"]
