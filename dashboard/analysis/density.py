"""Density of free-location reports (damage, sightings) per square kilometre.

Owns the edge-corrected kernel density. Pure.

Reports have no measured effort: the map shows where people reported, not where animals are, and the
page must say so. Near the edge of the window a plain kernel estimate is too low, because part of the
kernel lies outside. Here the estimate is divided by the share of the kernel that lies inside
(Diggle 1985; the uniform correction of spatstat):

    density(x) = sum_i K_h(x - s_i) / integral over the window of K_h(x - u) du
"""

import numpy as np
import shapely
from msgspec import Struct
from numpy.typing import ArrayLike
from shapely.geometry.base import BaseGeometry

from dashboard.analysis import projection
from dashboard.analysis.projection import Bools, Floats, Grid

MIN_CELLS_PER_BANDWIDTH = 2.0  # with fewer, the integral over the window is too coarse


class Density(Struct, frozen=True, eq=False):
    """Reports per square kilometre over a grid (ny, nx); NaN outside the window."""

    per_km2: Floats
    inside: Bools
    used: int  # reports inside the window
    outside: int  # reports left out
    bandwidth_m: float


def density(
    x_m: ArrayLike, y_m: ArrayLike, window: BaseGeometry, grid: Grid, bandwidth_m: float
) -> Density:
    """Estimate the density of points inside a window (a polygon of the plane, metres).

    The grid must cover the window. Raises ValueError when it does not, or when its cells are
    coarser than half the bandwidth.
    """
    _require_cover(window, grid, bandwidth_m)
    xs, ys = np.asarray(x_m, dtype=np.float64), np.asarray(y_m, dtype=np.float64)
    shapely.prepare(window)
    known = shapely.intersects_xy(window, xs, ys)
    inside = projection.inside(window, grid)
    kernels = (
        _kernel(grid.y_m, ys[known], bandwidth_m) @ _kernel(grid.x_m, xs[known], bandwidth_m).T
    )
    share = _share_inside(inside, grid, bandwidth_m)
    per_m2 = np.divide(kernels, share, out=np.full(grid.shape, np.nan), where=inside)
    used = int(known.sum())
    return Density(per_m2 * 1e6, inside, used, known.size - used, bandwidth_m)


def scott_bandwidth_m(x_m: ArrayLike, y_m: ArrayLike) -> float:
    """Scott's rule of thumb: mean spread of the two axes times n^(-1/6); at least 100 m."""
    xs, ys = np.asarray(x_m, dtype=np.float64), np.asarray(y_m, dtype=np.float64)
    if len(xs) < 2:
        return 100.0
    spread = (float(np.std(xs, ddof=1)) + float(np.std(ys, ddof=1))) / 2
    return max(spread * float(len(xs) ** (-1 / 6)), 100.0)


def _kernel(axis_m: Floats, at_m: Floats, bandwidth_m: float) -> Floats:
    """One factor of the Gaussian, of the shape (axis, points), in 1/m."""
    scaled = (axis_m[:, None] - at_m) / bandwidth_m
    kernel: Floats = np.exp(-0.5 * scaled**2) / (bandwidth_m * np.sqrt(2 * np.pi))
    return kernel


def _share_inside(inside: Bools, grid: Grid, bandwidth_m: float) -> Floats:
    """Share of each cell's kernel that lies inside the window, by the midpoint rule."""
    south_north = _kernel(grid.y_m, grid.y_m, bandwidth_m)
    west_east = _kernel(grid.x_m, grid.x_m, bandwidth_m)
    return south_north @ inside.astype(np.float64) @ west_east.T * grid.cell_m**2


def _require_cover(window: BaseGeometry, grid: Grid, bandwidth_m: float) -> None:
    if not shapely.box(*grid.extent_m).buffer(1e-6).covers(window):
        raise ValueError(f"the grid {grid.extent_m} does not cover the window {window.bounds}")
    if grid.cell_m * MIN_CELLS_PER_BANDWIDTH > bandwidth_m:
        raise ValueError(
            f"cells of {grid.cell_m} m are too coarse for a bandwidth of {bandwidth_m} m"
        )
