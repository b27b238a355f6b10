"""dashboard.analysis.density: reports per square kilometre, honest at the edge."""

import math

import numpy as np
import pytest
import shapely

from dashboard.analysis import density, projection
from dashboard.analysis.projection import Grid

H = 500.0
CELL = 100.0
AXIS = np.arange(-950.0, 5000, CELL)
GRID = Grid(AXIS, AXIS, CELL)
SQUARE = shapely.box(0, 0, 4000, 4000)


def share(at: float, low: float, high: float) -> float:
    """Share of a normal of deviation H about `at` between two ends, by the error function."""
    return (math.erf((high - at) / H / math.sqrt(2)) - math.erf((low - at) / H / math.sqrt(2))) / 2


def test_density_in_a_corner_is_divided_by_the_share_of_its_kernel_inside() -> None:
    got = density.density([50], [50], SQUARE, GRID, H)
    row = column = int(np.searchsorted(AXIS, 50))
    plain = 1 / (2 * math.pi * H**2)
    expected = plain / share(50, 0, 4000) ** 2 * 1e6
    assert got.per_km2[row, column] == pytest.approx(expected, rel=1e-3)
    assert expected > 3 * plain * 1e6


def test_even_reports_give_an_even_density_up_to_the_corner() -> None:
    x, y = (v.ravel() for v in np.meshgrid(np.arange(25.0, 4000, 50), np.arange(25.0, 4000, 50)))
    got = density.density(x, y, SQUARE, GRID, H)
    assert got.per_km2[got.inside] == pytest.approx(np.full(1600, 400.0), rel=1e-3)


def test_outside_the_window_nothing_is_known_and_what_is_left_out_is_counted() -> None:
    window = shapely.Polygon([(0, 0), (4000, 0), (0, 4000)])
    got = density.density([100, 3900, 200], [100, 3900, 200], window, GRID, H)
    assert (got.used, got.outside) == (2, 1)
    x, y = np.meshgrid(AXIS, AXIS)
    assert np.isnan(got.per_km2[(x < 0) | (y < 0) | (x + y > 4000)]).all()
    assert np.isfinite(got.per_km2[got.inside]).all()


def test_without_reports_the_density_is_zero() -> None:
    got = density.density([], [], SQUARE, GRID, H)
    assert (got.per_km2[got.inside] == 0).all()


def test_a_grid_too_small_or_too_coarse_is_refused() -> None:
    with pytest.raises(ValueError, match="does not cover the window"):
        density.density([1], [1], shapely.box(0, 0, 9000, 9000), GRID, H)
    coarse = projection.grid_over([0, 4000], [0, 4000], 500, 300)
    with pytest.raises(ValueError, match="300 m are too coarse for a bandwidth of 500"):
        density.density([1], [1], SQUARE, coarse, H)


def test_scotts_bandwidth_follows_the_spread() -> None:
    x, y = [0.0, 6000, 0, 6000], [0.0, 0, 6000, 6000]
    assert density.scott_bandwidth_m(x, y) == pytest.approx(math.sqrt(12e6) * 4 ** (-1 / 6))
    assert density.scott_bandwidth_m([1], [1]) == 100
