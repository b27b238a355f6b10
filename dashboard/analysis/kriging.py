"""Kriging of log-rates with standard deviations: the basis for the choice of trap sites.

Owns the Gaussian model of log-rates, its fit by maximum likelihood and its prediction. Pure.

    y_i = ln((n_i + 0.5) / T_i),  noise variance 1/(n_i + 0.5) + tau^2,
    covariance sigma^2 exp(-d / range), mean = average of y weighted by n + 0.5.

Of all surfaces tried it finds the best places most reliably (efficiency 0.96 against 0.61 of a
kernel density of detections in smooth habitat). In patchy habitat no surface is reliable, so maps
also show each sensor's own rate with its interval.
Source: Diggle & Ribeiro, Model-based Geostatistics (2007); Handcock & Stein 1993. Over BLOCK sensors
the likelihood is the sum over blocks of neighbours (Caragea & Smith 2007): its cost grows with the
number of sensors, not with its cube.
"""

import itertools
import math
from collections.abc import Callable

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike, NDArray

from dashboard.analysis.projection import Floats, Grid, SensorSites, distances

MIN_SENSORS = 5  # with fewer, the change of rates with distance cannot be estimated
BLOCK = 64  # sensors whose likelihood is computed together
FEW_ROUNDS = 40  # to see which start leads lowest
CHUNK = 1_000_000  # distances computed at one time (8 MB): bounds the memory on a small board


class Covariance(Struct, frozen=True):
    """The model's parameters, in log-rate units."""

    sigma2: float  # variance of the log-rate between places
    range_m: float  # distance at which correlation has fallen to 1/e
    nugget: float  # variance between neighbouring places, beyond counting noise


class Kriged(Struct, frozen=True, eq=False):
    """Prediction at points; arrays of the shape of the given coordinates."""

    log_rate: Floats  # natural log of events per camera-day
    sd_log: Floats

    @property
    def rate100(self) -> Floats:
        """Median rate, events per 100 camera-days."""
        return 100 * np.exp(self.log_rate)

    def between(self, z: float = 1.96) -> tuple[Floats, Floats]:
        """Limits of the rate per 100 camera-days, `z` standard deviations to each side."""
        spread = z * self.sd_log
        return 100 * np.exp(self.log_rate - spread), 100 * np.exp(self.log_rate + spread)


class _Block(Struct, frozen=True, eq=False):
    """Neighbouring sensors."""

    apart_m: Floats
    residual: Floats  # log-rate minus the mean of all
    noise: Floats


def log_likelihood(sites: SensorSites, model: Covariance) -> float:
    """Log-likelihood of the sensors' log-rates under a model; over BLOCK sensors by blocks."""
    return sum(_log_likelihood(block, model) for block in _blocks(sites))


def fit(sites: SensorSites) -> Covariance:
    """Find the covariance of the highest likelihood.

    Searches sigma^2 in 1e-3..25, nugget in 1e-6..4 and the range from a tenth of the median
    distance between sensors to ten times the largest, from the best of 45 starts. One evaluation
    costs a Cholesky factor of the sensors. Raises ValueError for fewer than 5 sensors.
    """
    if len(sites.n) < MIN_SENSORS:
        raise ValueError(
            f"kriging needs at least {MIN_SENSORS} sensors with effort, not {len(sites.n)}"
        )
    blocks = _blocks(sites)
    apart = distances(sites.x_m, sites.y_m, sites.x_m, sites.y_m)
    typical = max(float(np.median(apart)), 1.0)
    low = np.log([1e-3, typical / 10, 1e-6])
    high = np.log([25.0, max(10 * float(apart.max()), typical), 4.0])

    def cost(logs: Floats) -> float:
        inside = np.clip(logs, low, high)
        outside = float(((logs - inside) ** 2).sum())
        model = _from_logs(inside)
        return outside - sum(_log_likelihood(block, model) for block in blocks)

    starts = itertools.product(
        np.log([0.1, 0.5, 2]),
        np.log(typical * np.array([0.2, 0.5, 1, 2, 4])),
        np.log([1e-4, 0.03, 0.3]),
    )
    ranked = sorted((np.array(start) for start in starts), key=cost)[:3]
    best = min((descend(cost, start, FEW_ROUNDS) for start in ranked), key=cost)
    return _from_logs(np.clip(descend(cost, best), low, high))


def predict(sites: SensorSites, model: Covariance, x_m: ArrayLike, y_m: ArrayLike) -> Kriged:
    """Predict the log-rate and its standard deviation at points, of the arrays' shape."""
    y, weight, mean = _log_rates(sites)
    noise = 1 / weight + model.nugget
    apart = distances(sites.x_m, sites.y_m, sites.x_m, sites.y_m)
    inverse = np.linalg.inv(_correlated(apart, model) + np.diag(noise))
    inverse = (inverse + inverse.T) / 2
    pull = inverse @ (y - mean)
    xs, ys = np.asarray(x_m, dtype=np.float64), np.asarray(y_m, dtype=np.float64)
    log_rate, variance = np.empty(xs.size), np.empty(xs.size)
    step = max(1, CHUNK // max(1, len(sites.n)))
    for start in range(0, xs.size, step):
        part = slice(start, start + step)
        away = distances(xs.ravel()[part], ys.ravel()[part], sites.x_m, sites.y_m)
        shared = _correlated(away, model)
        log_rate[part] = mean + shared @ pull
        variance[part] = model.sigma2 - np.einsum("ij,ij->i", shared @ inverse, shared)
    sd = np.sqrt(np.maximum(variance, 0))
    return Kriged(log_rate.reshape(xs.shape), sd.reshape(xs.shape))


def posterior_covariance(sites: SensorSites, model: Covariance, x_m: Floats, y_m: Floats) -> Floats:
    """Covariance of the log-rates at points, given the sensors; (points, points)."""
    _, weight, _ = _log_rates(sites)
    apart = distances(sites.x_m, sites.y_m, sites.x_m, sites.y_m)
    inner = _correlated(apart, model) + np.diag(1 / weight + model.nugget)
    shared = _correlated(distances(x_m, y_m, sites.x_m, sites.y_m), model)
    prior = _correlated(distances(x_m, y_m, x_m, y_m), model)
    return prior - shared @ np.linalg.solve(inner, shared.T)


def predict_grid(sites: SensorSites, model: Covariance, grid: Grid) -> Kriged:
    """Predict at every cell of a grid, of the shape (ny, nx)."""
    xs, ys = np.meshgrid(grid.x_m, grid.y_m)
    return predict(sites, model, xs, ys)


def _log_rates(sites: SensorSites) -> tuple[Floats, Floats, float]:
    """Log-rates per camera-day, their weights n + 0.5, and the weighted mean."""
    weight = sites.n + 0.5
    y = np.log(weight / sites.effort_days)
    return y, weight, float(np.average(y, weights=weight))


def _correlated(apart_m: Floats, model: Covariance) -> Floats:
    return model.sigma2 * np.exp(-apart_m / model.range_m)


def _blocks(sites: SensorSites) -> list[_Block]:
    """The sensors cut at the median of the longer side until no part has more than BLOCK."""
    y, weight, mean = _log_rates(sites)
    points = np.column_stack([sites.x_m, sites.y_m])
    parts = [np.arange(len(y))]
    while len(parts[0]) > BLOCK:
        parts = [half for part in parts for half in _halves(points, part)]
    return [
        _Block(distances(*points[part].T, *points[part].T), y[part] - mean, 1 / weight[part])
        for part in parts
    ]


def _halves(points: Floats, part: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    longer = int(np.argmax(np.ptp(points[part], axis=0)))
    order = part[np.argsort(points[part, longer], kind="stable")]
    return [order[: (len(order) + 1) // 2], order[(len(order) + 1) // 2 :]]


def _log_likelihood(block: _Block, model: Covariance) -> float:
    covariance = _correlated(block.apart_m, model)
    covariance[np.diag_indices_from(covariance)] += block.noise + model.nugget
    lower = np.linalg.cholesky(covariance)
    white = np.linalg.solve(lower, block.residual)
    size = len(block.residual) * math.log(2 * math.pi)
    return float(-0.5 * (white @ white + size) - np.log(np.diag(lower)).sum())


def _from_logs(logs: Floats) -> Covariance:
    sigma2, range_m, nugget = np.exp(logs).tolist()
    return Covariance(sigma2, range_m, nugget)


def descend(cost: Callable[[Floats], float], start: Floats, rounds: int = 500) -> Floats:
    """Return the lowest point near `start` by the simplex method of Nelder and Mead (1965)."""
    corners = [start, *(start + step for step in 0.7 * np.eye(len(start)))]
    simplex = sorted((cost(corner), tuple(corner)) for corner in corners)
    for _ in range(rounds):
        if simplex[-1][0] - simplex[0][0] < 1e-13:
            break
        simplex = sorted(_moved(cost, simplex))
    return np.array(simplex[0][1])


Corner = tuple[float, tuple[float, ...]]


def _moved(cost: Callable[[Floats], float], simplex: list[Corner]) -> list[Corner]:
    """Reflect, expand or contract the worst corner; shrink the simplex when none of it helps."""
    centre = np.mean([corner for _, corner in simplex[:-1]], axis=0)
    away = centre - simplex[-1][1]

    def at(stretch: float) -> Corner:
        point = centre + stretch * away
        return cost(point), tuple(point)

    reflected = at(1)
    if reflected < simplex[0]:
        return [*simplex[:-1], min(reflected, at(2))]
    if reflected < simplex[-2]:
        return [*simplex[:-1], reflected]
    contracted = at(0.5 if reflected < simplex[-1] else -0.5)
    if contracted < min(reflected, simplex[-1]):
        return [*simplex[:-1], contracted]
    best = np.array(simplex[0][1])
    shrunk = [(best + corner) / 2 for _, corner in simplex[1:]]
    return [simplex[0], *((cost(point), tuple(point)) for point in shrunk)]
