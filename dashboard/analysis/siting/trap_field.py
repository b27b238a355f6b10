"""The cells to choose trap places among: animals, allowed cells, traps in place. PURE.

Owns the rules for a place and what traps are expected to catch together. An animal whose home range is
centred in a cell at distance d is caught by a trap on one night at the rate

    per_night * exp(-d^2 / 2 sigma^2)

so that of the animals of a cell, traps S take in so many nights the share 1 - exp(-nights * sum of
these rates). What one trap takes its neighbour cannot take. The total is monotone and submodular: one
more trap never lowers it, and adds less the more traps there are.
Source: the half-normal detection of spatial capture-recapture, Efford 2004 (Oikos 106).
"""

import numpy as np
import shapely
from msgspec import Struct
from shapely.geometry.base import BaseGeometry

from dashboard.analysis.projection import Bools, Floats, Grid


class Rules(Struct, frozen=True):
    """The rules for proposed places. Geometries are on the plane, in metres."""

    count: int
    min_distance_m: float = 300.0  # between traps, old ones included
    max_access_m: float = 300.0  # from `access`, in a straight line
    access: BaseGeometry | None = None  # roads, paths, parking; None: every place is reachable
    excluded: BaseGeometry | None = None  # landowners who refuse, protected land, houses
    start: tuple[float, float] | None = None  # where the trapper starts walking
    max_start_m: float = 3_000.0  # from `start`, in a straight line


class TrapEffect(Struct, frozen=True):
    """What one trap does to the animals around it."""

    nights: float
    sigma_m: float  # of a home range
    per_night: float  # rate at which it takes an animal whose home range is centred on it

    def taken(self, away_m: Floats) -> Floats:
        """Accumulated rate over all nights at a distance."""
        return self.nights * self.per_night * np.exp(-0.5 * (away_m / self.sigma_m) ** 2)


class TrapField(Struct, frozen=True, eq=False):
    """The cells to choose among; arrays of the shape (ny, nx)."""

    grid: Grid
    rate100: Floats  # expected passes of a camera per 100 nights; 0 where unknown
    animals: Floats  # whose home range is centred in the cell
    known: Bools  # a sensor is near enough for an estimate
    allowed: Bools  # a trap may stand here
    old_rate: Floats  # accumulated rate of the traps in place
    effect: TrapEffect
    rules: Rules
    old_x_m: Floats
    old_y_m: Floats

    @property
    def left_by_old(self) -> Floats:
        """Animals that the traps in place do not take."""
        return self.animals * np.exp(-self.old_rate)


def prepare(
    grid: Grid,
    rate100: Floats,
    per_km2: float,
    effect: TrapEffect,
    rules: Rules,
    old_x_m: Floats,
    old_y_m: Floats,
) -> TrapField:
    """Prepare a choice: rates over the grid (NaN = unknown, no trap there) and traps in place.

    `per_km2`: animals per km2 where a camera sees one pass in 100 nights. Raises ValueError for cells
    larger than sigma, over which sums are no integrals.
    """
    if effect.sigma_m < grid.cell_m:
        raise ValueError(
            f"home ranges of {effect.sigma_m:.0f} m need cells below it, not {grid.cell_m} m"
        )
    known = ~np.isnan(rate100)
    allowed = known & _reachable(grid, rules)
    for x, y in zip(old_x_m.tolist(), old_y_m.tolist(), strict=True):
        forbid_near(allowed, grid, rules.min_distance_m, x, y)
    old = _taken_by_all(grid, effect, old_x_m, old_y_m)
    rate = np.nan_to_num(rate100)
    animals = rate * per_km2 * (grid.cell_m / 1000) ** 2
    return TrapField(grid, rate, animals, known, allowed, old, effect, rules, old_x_m, old_y_m)


def expected(field: TrapField, x_m: Floats, y_m: Floats) -> float:
    """How many animals traps at these places take beside what the traps in place take."""
    added = _taken_by_all(field.grid, field.effect, x_m, y_m)
    return float((field.left_by_old * -np.expm1(-added)).sum())


def taken_from(field: TrapField, x_m: float, y_m: float) -> Floats:
    """Accumulated rate at which a trap at a point takes the animals of each cell."""
    return _taken_by_all(field.grid, field.effect, np.array([x_m]), np.array([y_m]))


def access_m(rules: Rules, x_m: float, y_m: float) -> float | None:
    """Distance from a point to road or path; None when none is given."""
    return None if rules.access is None else float(rules.access.distance(shapely.Point(x_m, y_m)))


def start_m(rules: Rules, x_m: float, y_m: float) -> float | None:
    """Distance from where the trapper starts; None when it is not given."""
    return (
        None if rules.start is None else float(np.hypot(x_m - rules.start[0], y_m - rules.start[1]))
    )


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


def forbid_near(allowed: Bools, grid: Grid, distance_m: float, x: float, y: float) -> None:
    """Take the cells nearer to a point than a distance from the allowed ones, which are changed.

    With a tolerance for rounding. Only the square of cells around the point is read.
    """
    rows, columns = _within(grid.y_m, y, distance_m), _within(grid.x_m, x, distance_m)
    away = np.hypot(grid.y_m[rows, None] - y, grid.x_m[columns] - x)
    allowed[rows, columns] &= away >= distance_m * (1 - 1e-12)


def _within(centres_m: Floats, at_m: float, distance_m: float) -> slice:
    """The cells of a row or column whose centres are at most a distance away."""
    ends = np.searchsorted(centres_m, (at_m - distance_m, at_m + distance_m), side="left")
    return slice(int(ends[0]), int(ends[1]) + 1)


def _taken_by_all(grid: Grid, effect: TrapEffect, x_m: Floats, y_m: Floats) -> Floats:
    """Accumulated rate of all these traps in each cell.

    The half-normal curve is a product of one in x and one in y: the sum over traps is one of matrices.
    """
    by_row = np.exp(-0.5 * ((grid.y_m[:, None] - y_m) / effect.sigma_m) ** 2)
    by_column = np.exp(-0.5 * ((grid.x_m[:, None] - x_m) / effect.sigma_m) ** 2)
    taken: Floats = effect.nights * effect.per_night * (by_row @ by_column.T)
    return taken


def _reachable(grid: Grid, rules: Rules) -> Bools:
    """Cells whose centre is near enough to access and start, and outside what is excluded."""
    x, y = np.meshgrid(grid.x_m, grid.y_m)
    marks = np.ones(grid.shape, dtype=bool)
    if rules.start is not None:
        marks &= _away(grid, *rules.start) <= rules.max_start_m
    if rules.access is not None:
        shapely.prepare(rules.access)
        marks &= shapely.dwithin(shapely.points(x, y), rules.access, rules.max_access_m)
    if rules.excluded is not None:
        shapely.prepare(rules.excluded)
        marks &= ~shapely.intersects_xy(rules.excluded, x, y)
    return marks


def _away(grid: Grid, x: float, y: float) -> Floats:
    return np.hypot(grid.y_m[:, None] - y, grid.x_m - x)
