"""dashboard.analysis.kriging: the best guess of the log-rate, and how sure it is."""

import math

import numpy as np
import pytest

from dashboard.analysis import kriging, projection
from dashboard.analysis.kriging import Covariance
from dashboard.analysis.projection import Grid, SensorSites
from tests.science.shared import columns, needs_shared, values

MODEL = Covariance(0.8, 2000.0, 0.05)


def reference() -> SensorSites:
    x, y, days, n = columns("reference/sensors.csv", "x_km", "y_km", "camera_days", "events")
    return projection.sites(x * 1000, y * 1000, n, days)


def published() -> Covariance:
    fitted = values("reference/krige_params.json")
    return Covariance(fitted["sigma2"], fitted["ell_km"] * 1000, fitted["nugget"])


def scattered(size: int, seed: int) -> SensorSites:
    rng = np.random.default_rng(seed)
    x, y, days = rng.uniform(0, 2e4, size), rng.uniform(0, 2e4, size), rng.uniform(50, 400, size)
    rate = 0.05 * np.exp(np.sin(x / 4000) + np.cos(y / 5000))
    return projection.sites(x, y, rng.poisson(rate * days), days)


def test_one_sensor_gives_the_values_of_the_formula() -> None:
    # With two equal sensors far apart the mean is their common log-rate: nothing to pull.
    even = projection.sites([0, 1e9], [0, 0], [9, 9], [95, 95])
    flat = kriging.predict(even, MODEL, [0, 700], [0, 0])
    assert flat.log_rate == pytest.approx([math.log(0.1)] * 2, rel=1e-12)
    # Far apart, each sensor alone shrinks the variance: s2 - s2^2 c^2 / (s2 + noise).
    noise = 1 / 9.5 + 0.05
    correlation = np.array([1, math.exp(-700 / 2000)])
    expected = np.sqrt(0.8 - (0.8 * correlation) ** 2 / (0.8 + noise))
    assert flat.sd_log == pytest.approx(expected, rel=1e-12)


def test_unequal_sensors_are_shrunk_towards_the_mean() -> None:
    pair = projection.sites([0, 1e9], [0, 0], [4, 14], [45, 29])  # 0.1 and 0.5 a day
    y = np.log([0.1, 0.5])
    mean = (4.5 * y[0] + 14.5 * y[1]) / 19
    pull = 0.8 / (0.8 + 1 / np.array([4.5, 14.5]) + 0.05)
    got = kriging.predict(pair, MODEL, [0, 1e9], [0, 0])
    assert got.log_rate == pytest.approx(mean + pull * (y - mean), rel=1e-12)
    low, high = got.between()
    assert (low < got.rate100).all()
    assert np.sqrt(low * high) == pytest.approx(got.rate100, rel=1e-12)


def test_far_from_all_sensors_the_prediction_is_mean_and_variance() -> None:
    sites = scattered(20, 1)
    away = kriging.predict(sites, MODEL, [1e9], [0])
    weight = sites.n + 0.5
    mean = np.average(np.log(weight / sites.effort_days), weights=weight)
    assert away.log_rate[0] == pytest.approx(mean, rel=1e-12)
    assert away.sd_log[0] == pytest.approx(math.sqrt(0.8), rel=1e-12)


def test_independent_sensors_have_the_likelihood_of_independent_normals() -> None:
    apart = projection.sites([0, 1e9, 2e9], [0, 0, 0], [4, 14, 0], [45, 29, 10])
    weight = apart.n + 0.5
    y = np.log(weight / apart.effort_days)
    variance = 0.8 + 1 / weight + 0.05
    residual = y - np.average(y, weights=weight)
    expected = -0.5 * (residual**2 / variance + np.log(2 * np.pi * variance)).sum()
    assert kriging.log_likelihood(apart, MODEL) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_fit_is_no_worse_than_a_fine_search(seed: int) -> None:
    sites = scattered(40, seed)
    best = kriging.log_likelihood(sites, kriging.fit(sites))
    for sigma2 in np.geomspace(0.01, 20, 14):
        for range_m in np.geomspace(1200, 2e5, 14):
            for nugget in (1e-6, 0.01, 0.1, 0.5):
                other = kriging.log_likelihood(sites, Covariance(sigma2, range_m, nugget))
                assert best >= other - 1e-6


def test_the_simplex_method_finds_the_minimum_of_the_rosenbrock_function() -> None:
    found = kriging.descend(
        lambda p: float((1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2), np.array([-1.2, 1.0])
    )
    assert found == pytest.approx([1, 1], abs=1e-4)


def test_a_grid_is_predicted_in_parts_without_a_seam() -> None:
    sites = scattered(12, 5)
    axis = np.linspace(0, 2e4, 170)  # 28,900 cells: two parts
    whole = kriging.predict_grid(sites, MODEL, Grid(axis, axis, axis[1]))
    assert whole.log_rate.shape == (170, 170)
    probe = kriging.predict(sites, MODEL, axis[[3, 160]], axis[[4, 165]])
    assert whole.log_rate[[4, 165], [3, 160]] == pytest.approx(probe.log_rate, rel=1e-12)


def test_too_few_sensors_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 5 sensors with effort, not 4"):
        kriging.fit(scattered(4, 1))


@needs_shared
def test_the_reference_map_is_met_to_1e_6() -> None:
    names = ("x", "y", "log_rate_per_day", "sd_log", "median_rate_per_100d")
    x, y, log_rate, sd_log, median = columns("reference/krige_lograte_40.csv", *names)
    got = kriging.predict(reference(), published(), x * 1000, y * 1000)
    assert got.log_rate == pytest.approx(log_rate, abs=1e-9)
    assert got.sd_log == pytest.approx(sd_log, abs=1e-9)
    assert got.rate100 == pytest.approx(median, rel=1e-9)


@needs_shared
def test_the_fit_reaches_the_references_likelihood() -> None:
    expected = values("reference/krige_params.json")["log_marginal_likelihood"]
    sites = reference()
    assert kriging.log_likelihood(sites, published()) == pytest.approx(expected, abs=1e-9)
    assert kriging.log_likelihood(sites, kriging.fit(sites)) >= expected - 1e-9


def test_over_a_block_of_sensors_the_likelihood_is_that_of_blocks_of_neighbours() -> None:
    near, far = scattered(60, 4), scattered(60, 5)
    both = projection.sites(
        np.append(near.x_m, far.x_m + 1e9),
        np.append(near.y_m, far.y_m),
        np.append(near.n, far.n),
        np.append(near.effort_days, far.effort_days),
    )
    weight = both.n + 0.5
    y = np.log(weight / both.effort_days)
    residual = y - np.average(y, weights=weight)
    apart = np.hypot(both.x_m[:, None] - both.x_m, both.y_m[:, None] - both.y_m)
    covariance = MODEL.sigma2 * np.exp(-apart / MODEL.range_m)
    covariance += np.diag(1 / weight + MODEL.nugget)
    _, log_det = np.linalg.slogdet(covariance)
    whole = residual @ np.linalg.solve(covariance, residual) + log_det
    expected = -0.5 * (whole + len(y) * math.log(2 * math.pi))
    # The groups do not know of each other: two blocks lose nothing.
    assert kriging.log_likelihood(both, MODEL) == pytest.approx(expected, rel=1e-12)


def test_a_fit_by_blocks_predicts_nearly_as_well_as_the_true_model() -> None:
    rng = np.random.default_rng(8)
    x, y = rng.uniform(0, 2e4, (2, 240))
    apart = np.hypot(x[:, None] - x, y[:, None] - y)
    root = np.linalg.cholesky(MODEL.sigma2 * np.exp(-apart / MODEL.range_m) + 1e-9 * np.eye(240))
    truth = math.log(0.3) + root @ rng.standard_normal(240)
    own = rng.normal(0, math.sqrt(MODEL.nugget), 240)
    sites = projection.sites(
        x[:200], y[:200], rng.poisson(np.exp(truth + own)[:200] * 90), np.full(200, 90.0)
    )

    def error(model: Covariance) -> float:
        found = kriging.predict(sites, model, x[200:], y[200:])
        return float(np.sqrt(np.mean((found.log_rate - truth[200:]) ** 2)))

    fitted = kriging.fit(sites)
    assert error(fitted) <= 1.05 * error(MODEL)
    assert error(Covariance(0.8, 50.0, 0.05)) > 1.2 * error(MODEL)  # control: a wrong range is seen
