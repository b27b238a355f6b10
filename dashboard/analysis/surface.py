"""The surface of rates between sensors, weighted by the effort of each sensor.

Owns the Nadaraya-Watson estimate, the choice of its bandwidth, and the mask of cells with too little
effort. Pure.

    rate(x) = 100 * sum_i K_h(x - s_i) n_i / sum_i K_h(x - s_i) T_i

with a Gaussian K of bandwidth h in metres. On a grid the Gaussian is a product of two factors, so the
sums are two exact matrix products; the cost depends on the number of sensors, not of detections.
A kernel density of detections, as in common heat maps, mainly shows where the sensors stand.
Source: Nadaraya 1964, Watson 1964; as spatstat's Smooth.ppp(marks = n/T, weights = T).
"""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike

from dashboard.analysis.projection import Bools, Floats, Grid, SensorSites, distances

MIN_EXPOSURE_DAYS = 30.0  # camera-days; cells with less are not shown
REACH_BANDWIDTHS = 2.0  # cells farther than this from every sensor are not shown


class Surface(Struct, frozen=True, eq=False):
    """Estimates over a grid, each of the shape (ny, nx)."""

    rate100: Floats  # events per 100 camera-days; NaN where no sensor's weight reaches
    exposure_days: Floats  # weighted camera-days of a cell: sum exp(-d^2/2h^2) T
    shown: Bools  # False: too little exposure or too far from any sensor
    bandwidth_m: float

    @property
    def masked(self) -> Floats:
        """The rates, with NaN in cells that are not shown."""
        return np.where(self.shown, self.rate100, np.nan)


class Bandwidths(Struct, frozen=True, eq=False):
    """Candidate bandwidths with their cross-validated deviance; `best_m` has the lowest."""

    bandwidth_m: Floats
    deviance: Floats
    best_m: float


def surface(sites: SensorSites, grid: Grid, bandwidth_m: float) -> Surface:
    """Estimate the rate at every cell of a grid. Raises ValueError for a bandwidth not above 0."""
    _require_positive(bandwidth_m)
    west_east = _gauss(grid.x_m[:, None] - sites.x_m, bandwidth_m)  # (nx, S)
    south_north = _gauss(grid.y_m[:, None] - sites.y_m, bandwidth_m)  # (ny, S)
    exposure = (south_north * sites.effort_days) @ west_east.T
    events = (south_north * sites.n) @ west_east.T
    shown = (exposure >= MIN_EXPOSURE_DAYS) & near(sites, grid, REACH_BANDWIDTHS * bandwidth_m)
    return Surface(_rate(events, exposure), exposure, shown, bandwidth_m)


def at_points(sites: SensorSites, x_m: ArrayLike, y_m: ArrayLike, bandwidth_m: float) -> Floats:
    """The same estimate at P points: events per 100 camera-days, of the shape (P,).

    Raises ValueError for a bandwidth not above 0.
    """
    _require_positive(bandwidth_m)
    xs, ys = np.asarray(x_m, dtype=np.float64), np.asarray(y_m, dtype=np.float64)
    weights = _gauss(distances(xs, ys, sites.x_m, sites.y_m), bandwidth_m)
    return _rate(weights @ sites.n, weights @ sites.effort_days)


def near(sites: SensorSites, grid: Grid, reach_m: float) -> Bools:
    """Mark the cells whose centre lies within `reach_m` of a sensor; array of the shape (ny, nx).

    Each circle covers one interval of a row. A cell is marked if more intervals have begun than
    ended there.
    """
    rest2 = reach_m**2 - (grid.y_m[:, None] - sites.y_m) ** 2
    row, site = np.nonzero(rest2 >= 0)
    half, middle = np.sqrt(rest2[row, site]), sites.x_m[site]
    changes = np.zeros((grid.shape[0], grid.shape[1] + 1), dtype=np.int64)
    np.add.at(changes, (row, np.searchsorted(grid.x_m, middle - half, side="left")), 1)
    np.add.at(changes, (row, np.searchsorted(grid.x_m, middle + half, side="right")), -1)
    marks: Bools = np.cumsum(changes, axis=1)[:, :-1] > 0
    return marks


def leave_one_out(sites: SensorSites, bandwidth_m: float) -> Floats:
    """The rate at each sensor estimated from the others, per 100 camera-days; of the shape (S,).

    Raises ValueError for a bandwidth not above 0.
    """
    _require_positive(bandwidth_m)
    return _left_out(sites, distances(sites.x_m, sites.y_m, sites.x_m, sites.y_m), bandwidth_m)


def choose_bandwidth(
    sites: SensorSites, candidates_m: Sequence[float] | Floats | None = None
) -> Bandwidths:
    """Choose the bandwidth that best predicts each sensor's count from the other sensors.

    Compares the Poisson deviance of leave-one-out predictions. The deviance is infinite if a sensor
    with events has no neighbour within reach. Of equal deviances the wider bandwidth is chosen.
    Without candidates 40 are tried, from half the typical distance between neighbours to half the
    extent.
    Raises ValueError for fewer than 3 sensors.
    """
    if len(sites.n) < 3:
        raise ValueError(f"a bandwidth needs at least 3 sensors with effort, not {len(sites.n)}")
    apart = distances(sites.x_m, sites.y_m, sites.x_m, sites.y_m)
    tried = np.asarray(_candidates(apart) if candidates_m is None else candidates_m, dtype=float)
    deviance = np.array([_deviance(sites, _left_out(sites, apart, h)) for h in tried])
    best = len(tried) - 1 - int(np.argmin(deviance[::-1]))
    return Bandwidths(tried, deviance, float(tried[best]))


def _candidates(apart: Floats) -> Floats:
    others = np.where(np.eye(len(apart), dtype=bool), np.inf, apart)
    widest = max(float(apart.max()) / 2, 1.0)
    narrowest = min(max(float(np.median(others.min(axis=1))) / 2, 1.0), widest / 2)
    return np.geomspace(narrowest, widest, 40)


def _left_out(sites: SensorSites, apart: Floats, bandwidth_m: float) -> Floats:
    weights = _gauss(apart, bandwidth_m)
    np.fill_diagonal(weights, 0)
    return _rate(weights @ sites.n, weights @ sites.effort_days)


def _deviance(sites: SensorSites, rate100: Floats) -> float:
    """Poisson deviance of the counts for given rates; infinite if a rate is unknown or impossible."""
    expected = rate100 * sites.effort_days / 100
    if not np.isfinite(expected).all() or ((expected == 0) & (sites.n > 0)).any():
        return float("inf")
    seen = sites.n > 0
    terms = sites.n[seen] * np.log(sites.n[seen] / expected[seen])
    return 2 * float(terms.sum() - (sites.n - expected).sum())


def _rate(events: Floats, exposure: Floats) -> Floats:
    known = exposure > np.finfo(float).tiny  # smaller values are denormal: too few digits
    return np.divide(100 * events, exposure, out=np.full_like(exposure, np.nan), where=known)


def _gauss(distance_m: Floats, bandwidth_m: float) -> Floats:
    weights: Floats = distance_m / bandwidth_m
    weights *= weights
    weights *= -0.5
    return np.exp(weights, out=weights)


def _require_positive(bandwidth_m: float) -> None:
    if not bandwidth_m > 0:
        raise ValueError(f"a bandwidth of {bandwidth_m} m is impossible; it must be above 0")
