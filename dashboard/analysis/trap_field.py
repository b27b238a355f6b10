"""The cells to choose trap places among: expected passes, allowed cells, traps in place.

Owns the objective of siting and the rules for a place. Pure.

A trap at s meets a share exp(-d^2 / 2 reach^2) of the animals that pass a cell at distance d. An
animal that meets several traps counts once; animals met by traps already in place do not count:

    expected(S) = sum over cells of passes * unmet by old traps * (1 - prod_S (1 - share))

It is scaled so that a single trap in a field of constant rate expects that rate (events per 100
nights). It is monotone and submodular: one more trap never lowers the value, and its gain gets
smaller the more traps there are.
"""

import numpy as np
import shapely
from msgspec import Struct
from shapely.geometry.base import BaseGeometry

from dashboard.analysis.projection import Bools, Floats, Grid


class Rules(Struct, frozen=True):
    """The rules for proposed places. Geometries are on the plane, in metres."""

    count: int
    reach_m: float = 200.0  # scale of the distance at which a trap meets passing animals
    min_distance_m: float = 100.0  # between traps, old ones included
    max_access_m: float = 300.0  # from `access`
    access: BaseGeometry | None = None  # roads, paths, parking; None: every place is reachable
    excluded: BaseGeometry | None = None  # landowners who refuse, protected land, houses


class TrapField(Struct, frozen=True, eq=False):
    """The cells to choose among; arrays of the shape (ny, nx)."""

    grid: Grid
    rate100: Floats  # expected passes per 100 nights; 0 where unknown
    known: Bools  # a sensor is near enough for an estimate
    allowed: Bools  # a trap may stand here
    unmet: Floats  # share of the animals that old traps do not meet
    rules: Rules
    old_x_m: Floats
    old_y_m: Floats


def prepare(
    grid: Grid, rate100: Floats, rules: Rules, old_x_m: Floats, old_y_m: Floats
) -> TrapField:
    """Prepare a choice: rates over the grid (NaN = unknown, no trap there) and traps in place.

    Raises ValueError for a reach below the cells' size, at which sums over cells are no integrals.
    """
    if rules.reach_m < grid.cell_m:
        raise ValueError(f"a reach of {rules.reach_m} m needs cells below it, not {grid.cell_m} m")
    unmet = np.ones(grid.shape)
    known = ~np.isnan(rate100)
    allowed = known & _reachable(grid, rules)
    for x, y in zip(old_x_m.tolist(), old_y_m.tolist(), strict=True):
        unmet *= 1 - _share(grid, rules.reach_m, x, y)
        allowed &= _apart(grid, rules.min_distance_m, x, y)
    return TrapField(grid, np.nan_to_num(rate100), known, allowed, unmet, rules, old_x_m, old_y_m)


def expected100(field: TrapField, x_m: Floats, y_m: Floats) -> float:
    """The objective: what traps at these places would expect together, per 100 nights."""
    met = field.unmet - _unmet(field, x_m, y_m)
    return float((_passes(field) * met).sum())


def gains100(field: TrapField, x_m: Floats, y_m: Floats) -> tuple[Floats, Bools]:
    """The gain of one more trap in each cell beside the given ones, and the allowed cells."""
    grid, rules = field.grid, field.rules
    free = field.allowed.copy()
    for x, y in zip(x_m.tolist(), y_m.tolist(), strict=True):
        free &= _apart(grid, rules.min_distance_m, x, y)
    south_north = _gauss(grid.y_m[:, None] - grid.y_m, rules.reach_m)
    west_east = _gauss(grid.x_m[:, None] - grid.x_m, rules.reach_m)
    return south_north @ (_passes(field) * _unmet(field, x_m, y_m)) @ west_east, free


def access_m(rules: Rules, x_m: float, y_m: float) -> float | None:
    """Distance from a point to road or path; None when none is given."""
    return None if rules.access is None else float(rules.access.distance(shapely.Point(x_m, y_m)))


def is_excluded(rules: Rules, x_m: float, y_m: float) -> bool:
    """Whether a point lies where no trap may stand."""
    return rules.excluded is not None and bool(shapely.intersects_xy(rules.excluded, x_m, y_m))


def is_known(field: TrapField, x_m: float, y_m: float) -> bool:
    """Whether a point lies in a cell with an estimate."""
    west, south, east, north = field.grid.extent_m
    if not (west <= x_m < east and south <= y_m < north):
        return False
    row = int((y_m - south) // field.grid.cell_m)
    column = int((x_m - west) // field.grid.cell_m)
    return bool(
        field.known[min(row, field.grid.shape[0] - 1), min(column, field.grid.shape[1] - 1)]
    )


def _passes(field: TrapField) -> Floats:
    """Passes per cell, scaled so that a single trap in a field of constant rate expects that rate."""
    return field.rate100 * field.grid.cell_m**2 / (2 * np.pi * field.rules.reach_m**2)


def _unmet(field: TrapField, x_m: Floats, y_m: Floats) -> Floats:
    unmet = field.unmet.copy()
    for x, y in zip(x_m.tolist(), y_m.tolist(), strict=True):
        unmet *= 1 - _share(field.grid, field.rules.reach_m, x, y)
    return unmet


def _reachable(grid: Grid, rules: Rules) -> Bools:
    """Cells whose centre is near enough to access and outside what is excluded."""
    x, y = np.meshgrid(grid.x_m, grid.y_m)
    marks = np.ones(grid.shape, dtype=bool)
    if rules.access is not None:
        shapely.prepare(rules.access)
        marks &= shapely.dwithin(shapely.points(x, y), rules.access, rules.max_access_m)
    if rules.excluded is not None:
        shapely.prepare(rules.excluded)
        marks &= ~shapely.intersects_xy(rules.excluded, x, y)
    return marks


def _share(grid: Grid, reach_m: float, x: float, y: float) -> Floats:
    return np.outer(_gauss(grid.y_m - y, reach_m), _gauss(grid.x_m - x, reach_m))


def _apart(grid: Grid, distance_m: float, x: float, y: float) -> Bools:
    """Cells at least this distance from a point, with a tolerance for rounding."""
    apart: Bools = np.hypot(grid.y_m[:, None] - y, grid.x_m - x) >= distance_m * (1 - 1e-12)
    return apart


def _gauss(away_m: Floats, reach_m: float) -> Floats:
    return np.exp(-0.5 * (away_m / reach_m) ** 2)
