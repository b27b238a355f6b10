"""dashboard.analysis.surface: rates weighted by exposure, masked where nobody watched."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.analysis import projection, surface
from dashboard.analysis.projection import Grid, SensorSites
from tests.science.shared import columns, needs_shared, values

PAIR = projection.sites([0, 1000], [0, 0], [10, 30], [100, 200])


def reference() -> SensorSites:
    x, y, days, n = columns("reference/sensors.csv", "x_km", "y_km", "camera_days", "events")
    return projection.sites(x * 1000, y * 1000, n, days)


def test_between_two_sensors_the_one_with_more_effort_weighs_more() -> None:
    # Half way both kernels are equal: 100 * (10 + 30) / (100 + 200).
    assert surface.at_points(PAIR, [500], [70], 400)[0] == pytest.approx(100 * 40 / 300, rel=1e-14)
    near, far = math.exp(-0.5 * 0.25**2), math.exp(-0.5 * 2.25**2)
    expected = 100 * (near * 10 + far * 30) / (near * 100 + far * 200)
    assert surface.at_points(PAIR, [100], [0], 400)[0] == pytest.approx(expected, rel=1e-14)


def test_the_grid_form_is_the_point_form_exactly() -> None:
    grid = projection.grid_over(PAIR.x_m, PAIR.y_m, 300, 50)
    drawn = surface.surface(PAIR, grid, 400)
    x, y = np.meshgrid(grid.x_m, grid.y_m)
    points = surface.at_points(PAIR, x.ravel(), y.ravel(), 400).reshape(grid.shape)
    assert drawn.rate100 == pytest.approx(points, rel=1e-13)


@given(st.floats(0.1, 50), st.integers(2, 30), st.randoms(use_true_random=False))
def test_equal_rates_stay_equal_however_effort_is_spread(
    rate: float, size: int, random: np.random.RandomState
) -> None:
    x, y, days = (
        [random.uniform(a, b) for _ in range(size)] for a, b in ((0, 5e3), (0, 5e3), (1, 500))
    )
    same = projection.sites(x, y, np.array(days) * rate / 100, days)
    drawn = surface.surface(same, projection.grid_over(x, y, 0, 500), 3000)
    assert drawn.rate100 == pytest.approx(np.full(drawn.rate100.shape, rate), rel=1e-12)


def test_places_without_effort_have_no_value() -> None:
    axis = np.arange(-5000.0, 5001, 100)
    lone = projection.sites([0], [0], [9], [60])
    shown = surface.surface(lone, Grid(axis, axis, 100), 1000)
    x, y = np.meshgrid(axis, axis)
    distance = np.hypot(x, y)
    # exp(-d^2 / 2h^2) * 60 >= 30 within h * sqrt(2 ln 2) = 1177 m.
    assert np.array_equal(shown.shown, distance <= 1177.41)
    assert np.isnan(shown.masked[~shown.shown]).all()
    assert shown.masked[shown.shown] == pytest.approx(15)
    long = surface.surface(projection.sites([0], [0], [9], [6000]), Grid(axis, axis, 100), 1000)
    assert np.array_equal(long.shown, distance <= 2000)


def test_far_from_every_sensor_a_rate_is_unknown_without_a_warning() -> None:
    assert np.isnan(surface.at_points(PAIR, [1e6], [0], 100)[0])


def test_cross_validation_leaves_the_predicted_sensor_out() -> None:
    three = projection.sites([0, 1000, 5000], [0, 0, 0], [10, 30, 5], [100, 200, 50])
    w = math.exp(-0.5 * 5**2)
    v = math.exp(-0.5 * 4**2)
    expected = [
        100 * (30 * math.exp(-0.5) + 5 * w) / (200 * math.exp(-0.5) + 50 * w),
        100 * (10 * math.exp(-0.5) + 5 * v) / (100 * math.exp(-0.5) + 50 * v),
        100 * (10 * w + 30 * v) / (100 * w + 200 * v),
    ]
    assert surface.leave_one_out(three, 1000) == pytest.approx(expected, rel=1e-13)


def test_a_bandwidth_that_leaves_a_sensor_without_neighbours_is_never_chosen() -> None:
    line = projection.sites([0, 100, 200, 90_000], [0, 0, 0, 0], [3, 2, 4, 3], [90, 90, 90, 90])
    chosen = surface.choose_bandwidth(line, [10, 30_000])
    assert math.isinf(chosen.deviance[0])
    assert chosen.best_m == 30_000


def test_without_any_event_the_widest_bandwidth_is_chosen() -> None:
    quiet = projection.sites([0, 100, 200], [0, 0, 0], [0, 0, 0], [9, 9, 9])
    assert surface.choose_bandwidth(quiet, [50, 80, 70]).best_m == 70


def test_too_few_sensors_or_no_bandwidth_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 3 sensors with effort, not 2"):
        surface.choose_bandwidth(PAIR)
    with pytest.raises(ValueError, match="bandwidth of 0 m"):
        surface.at_points(PAIR, [0], [0], 0)


@needs_shared
def test_the_reference_surface_is_met_to_1e_12() -> None:
    names = ("x", "y", "rate_per_100d", "eff_exposure_days")
    x, y, rate, exposure = columns("reference/nw_exact_h1.5_40.csv", *names)
    axis = np.unique(x) * 1000
    drawn = surface.surface(reference(), Grid(axis, np.unique(y) * 1000, 500), 1500)
    assert drawn.rate100.T.ravel() == pytest.approx(rate, rel=1e-12)
    assert drawn.exposure_days.T.ravel() == pytest.approx(exposure, rel=1e-12)


@needs_shared
def test_the_reference_cross_validation_is_met_to_1e_12() -> None:
    expected, sites = values("reference/nw_sensors.json"), reference()
    at_sensors = surface.at_points(sites, sites.x_m, sites.y_m, 1500)
    assert at_sensors == pytest.approx(expected["nw_at_sensors_h1.5"], rel=1e-12)
    left_out = surface.leave_one_out(sites, 1500)
    assert left_out == pytest.approx(expected["nw_leave_one_out_h1.5"], rel=1e-12)
    tried = np.array(expected["loo_cv"]["h"]) * 1000
    chosen = surface.choose_bandwidth(sites, tried)
    assert chosen.deviance == pytest.approx(expected["loo_cv"]["poisson_deviance"], rel=1e-12)
    assert chosen.best_m == pytest.approx(expected["loo_cv"]["best_h_km"] * 1000)
    free = surface.choose_bandwidth(sites)
    assert free.deviance.min() <= chosen.deviance.min() * 1.01
