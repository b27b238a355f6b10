"""Other ways to choose trap places, with which ours is compared.

Owns: density of detections, spread by hand, one trap at each of the best sensors, and the plan of passes
that this project used before (reach of 200 m, passes added up, no home ranges). All keep the same rules.
"""

import numpy as np

from dashboard.analysis import kriging
from dashboard.analysis.projection import Bools, Floats, Grid, SensorSites, distances

Points = tuple[Floats, Floats]
REACH_M = 200.0  # of the plan of passes
BANDWIDTH_M = 1_000.0  # of the density of detections


def density_of_detections(
    sites: SensorSites, grid: Grid, allowed: Bools, count: int, apart_m: float
) -> Points:
    """The peaks of the density of detections, whatever the effort behind them."""
    x, y = np.meshgrid(grid.x_m, grid.y_m)
    away = distances(x.ravel(), y.ravel(), sites.x_m, sites.y_m)
    heights = np.exp(-0.5 * (away / BANDWIDTH_M) ** 2) @ sites.n
    return _highest(heights.reshape(grid.shape), grid, allowed, count, apart_m)


def spread_by_hand(grid: Grid, allowed: Bools, count: int) -> Points:
    """Evenly over the land that sensors watch: each trap where it is farthest from all others."""
    x, y = (axis[allowed] for axis in np.meshgrid(grid.x_m, grid.y_m))
    first = int(np.argmin(np.hypot(x - x.mean(), y - y.mean())))
    chosen = [first]
    for _ in range(count - 1):
        nearest = distances(x, y, x[chosen], y[chosen]).min(axis=1)
        chosen.append(int(np.argmax(nearest)))
    return x[chosen], y[chosen]


def best_sensors(sites: SensorSites, count: int) -> Points:
    """One trap beside each of the sensors with the highest rates."""
    order = np.argsort(-sites.rate100, kind="stable")[:count]
    return sites.x_m[order], sites.y_m[order]


def plan_of_passes(
    sites: SensorSites, grid: Grid, allowed: Bools, count: int, apart_m: float
) -> Points:
    """Greedy on passes met within REACH_M; each then moves to its best place, given the others."""
    rate = kriging.predict_grid(sites, kriging.fit(sites), grid).rate100
    rate = np.where(allowed, rate, 0)
    chosen: list[tuple[int, int]] = []
    for _ in range(count):
        chosen.append(_best_cell(rate, grid, allowed, chosen, apart_m))
    for _ in range(4):
        before = list(chosen)
        for i in range(count):
            others = chosen[:i] + chosen[i + 1 :]
            chosen[i] = _best_cell(rate, grid, allowed, others, apart_m)
        if chosen == before:
            break
    rows, columns = np.array(chosen).T
    return grid.x_m[columns], grid.y_m[rows]


def _best_cell(
    rate: Floats, grid: Grid, allowed: Bools, chosen: list[tuple[int, int]], apart_m: float
) -> tuple[int, int]:
    unmet, free = rate.copy(), allowed.copy()
    for row, column in chosen:
        away = np.hypot(grid.y_m[:, None] - grid.y_m[row], grid.x_m - grid.x_m[column])
        unmet *= 1 - np.exp(-0.5 * (away / REACH_M) ** 2)
        free &= away >= apart_m
    north = np.exp(-0.5 * ((grid.y_m[:, None] - grid.y_m) / REACH_M) ** 2)
    east = np.exp(-0.5 * ((grid.x_m[:, None] - grid.x_m) / REACH_M) ** 2)
    return _argmax(np.where(free, north @ unmet @ east, -1))


def _highest(heights: Floats, grid: Grid, allowed: Bools, count: int, apart_m: float) -> Points:
    free, chosen = allowed.copy(), list[tuple[int, int]]()
    for _ in range(count):
        row, column = _argmax(np.where(free, heights, -1))
        chosen.append((row, column))
        away = np.hypot(grid.y_m[:, None] - grid.y_m[row], grid.x_m - grid.x_m[column])
        free &= away >= apart_m
    rows, columns = np.array(chosen).T
    return grid.x_m[columns], grid.y_m[rows]


def _argmax(values: Floats) -> tuple[int, int]:
    row, column = np.unravel_index(np.argmax(values), values.shape)
    return int(row), int(column)
