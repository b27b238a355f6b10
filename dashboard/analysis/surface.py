"""The surface of rates between sensors, weighted by how long each of them watched.

Owns the Nadaraya-Watson estimate, the choice of its bandwidth and the mask where nobody may read a
value. Pure.

    rate(x) = 100 * sum_i K_h(x - s_i) n_i / sum_i K_h(x - s_i) T_i

with a Gaussian K of bandwidth h in metres. On a grid the Gaussian separates into two factors, so
that the sums are two matrix products and exact: the cost is that of the place, not of the history.
A kernel density of detections (what heat maps draw) shows where the sensors are instead.
Source: Nadaraya 1964, Watson 1964; as spatstat's Smooth.ppp(marks = n/T, weights = T).
"""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike

from dashboard.analysis.projection import Bools, Floats, Grid, SensorSites, distances

MIN_EXPOSURE_DAYS = 30.0  # below this the map stays empty
REACH_BANDWIDTHS = 2.0  # as it does farther than this from every sensor


class Surface(Struct, frozen=True, eq=False):
    """Estimates over a grid, each of the shape (ny, nx)."""

    rate100: Floats  # events per 100 camera-days; NaN where no sensor's weight reaches
    exposure_days: Floats  # camera-days that speak for a cell: sum exp(-d^2/2h^2) T
    shown: Bools  # False: too little exposure or too far from any sensor
    bandwidth_m: float

    @property
    def masked(self) -> Floats:
        """The rates with NaN where they must not be shown."""
        return np.where(self.shown, self.rate100, np.nan)


class Bandwidths(Struct, frozen=True, eq=False):
    """Candidate bandwidths with their cross-validated deviance; `best_m` is the lowest's."""

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
    """The same estimate at P free points: events per 100 camera-days, of the shape (P,)."""
    _require_positive(bandwidth_m)
    xs, ys = np.asarray(x_m, dtype=np.float64), np.asarray(y_m, dtype=np.float64)
    weights = _gauss(distances(xs, ys, sites.x_m, sites.y_m), bandwidth_m)
    return _rate(weights @ sites.n, weights @ sites.effort_days)


def near(sites: SensorSites, grid: Grid, reach_m: float) -> Bools:
    """Mark the cells whose centre lies within `reach_m` of a sensor; of the shape (ny, nx).

    Each circle cuts a row of cells in one chord; a cell is marked where more have begun than ended.
    """
    rest2 = reach_m**2 - (grid.y_m[:, None] - sites.y_m) ** 2
    row, site = np.nonzero(rest2 >= 0)
    half, middle = np.sqrt(rest2[row, site]), sites.x_m[site]
    turns = np.zeros((grid.shape[0], grid.shape[1] + 1), dtype=np.int64)
    np.add.at(turns, (row, np.searchsorted(grid.x_m, middle - half, side="left")), 1)
    np.add.at(turns, (row, np.searchsorted(grid.x_m, middle + half, side="right")), -1)
    marks: Bools = np.cumsum(turns, axis=1)[:, :-1] > 0
    return marks


def leave_one_out(sites: SensorSites, bandwidth_m: float) -> Floats:
    """The rate at each sensor as the others tell it, per 100 camera-days; of the shape (S,)."""
    _require_positive(bandwidth_m)
    return _left_out(sites, distances(sites.x_m, sites.y_m, sites.x_m, sites.y_m), bandwidth_m)


def choose_bandwidth(
    sites: SensorSites, candidates_m: Sequence[float] | Floats | None = None
) -> Bandwidths:
    """Choose the bandwidth that best foretells each sensor's count from the others'.

    Compares the Poisson deviance of leave-one-out predictions; a bandwidth at which a sensor with
    events has no neighbour to speak for it has infinite deviance. Ties go to the wider. Without
    candidates 40 are tried, from half the typical distance between neighbours to half the extent.
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
    """Poisson deviance of the counts given rates; infinite where the rate is unknown or absurd."""
    expected = rate100 * sites.effort_days / 100
    if not np.isfinite(expected).all() or ((expected == 0) & (sites.n > 0)).any():
        return float("inf")
    seen = sites.n > 0
    surprise = sites.n[seen] * np.log(sites.n[seen] / expected[seen])
    return 2 * float(surprise.sum() - (sites.n - expected).sum())


def _rate(events: Floats, exposure: Floats) -> Floats:
    known = exposure > np.finfo(float).tiny  # below it products have lost their digits
    return np.divide(100 * events, exposure, out=np.full_like(exposure, np.nan), where=known)


def _gauss(distance_m: Floats, bandwidth_m: float) -> Floats:
    weights: Floats = distance_m / bandwidth_m
    weights *= weights
    weights *= -0.5
    return np.exp(weights, out=weights)


def _require_positive(bandwidth_m: float) -> None:
    if not bandwidth_m > 0:
        raise ValueError(f"a bandwidth of {bandwidth_m} m is impossible; it must be above 0")
