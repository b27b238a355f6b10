"""Where to trap next, for the page: from what sensors counted to proposed sites with their reasons.

Owns the order kriging -> trap_field -> siting -> reasons and their defaults. Pure; degrees in, degrees
out. Proposes only where a sensor measured near by.
"""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from shapely.geometry.base import BaseGeometry

from dashboard.analysis import kriging, projection, siting, surface, trap_field
from dashboard.analysis.projection import Grid, Plane, SensorSites
from dashboard.analysis.siting import Move, Plan
from dashboard.analysis.tallies import DeviceTally
from dashboard.analysis.trap_field import Rules, TrapField
from dashboard.office.siting import reasons
from dashboard.office.siting.reasons import NearbySensor, SiteReason

CELLS = 200  # along the longer side; more, up to MOST_CELLS, where a trap's reach needs finer cells
MOST_CELLS = 400
MIN_CELL_M = 25.0


class TooWideError(ValueError):
    """The sensors lie too far apart to choose places for traps of this reach."""


class SitingRequest(Struct, frozen=True):
    """What an official asks for. Geometries are of (longitude, latitude), as in GeoJSON."""

    count: int
    reach_m: float = 200.0
    min_distance_m: float = 100.0
    max_access_m: float = 300.0
    access: BaseGeometry | None = None
    excluded: BaseGeometry | None = None
    measured_within_m: float = reasons.FAR_M


class Proposal(Struct, frozen=True):
    """One proposed site."""

    lat: float
    lon: float
    rate100: float  # median expected passes per 100 nights
    low100: float
    high100: float
    gain100: float  # what only this site adds to the plan
    reason: SiteReason


class Proposals(Struct, frozen=True, eq=False):
    """A plan with what it takes to judge a change of it."""

    sites: tuple[Proposal, ...]  # the most valuable first
    plane: Plane
    field: TrapField
    plan: Plan


def propose(
    tallies: Sequence[DeviceTally],
    traps: Sequence[tuple[float, float]],
    wishes: SitingRequest,
    animal: SiteReason,
) -> Proposals:
    """Propose sites for new traps beside the `traps` in place, each (latitude, longitude).

    `tallies` are detectors' independent events of one species; those without place or effort are
    left out. Raises ValueError for fewer than 5 of them, TooWideError for a place too large.
    """
    used = [t for t in tallies if t.effort > 0 and t.lat is not None and t.lon is not None]
    flat, sites = _on_plane(used)
    model = kriging.fit(sites)
    grid = _grid(sites, wishes)
    rate = kriging.predict_grid(sites, model, grid).rate100
    rate[~surface.near(sites, grid, wishes.measured_within_m)] = np.nan
    old_x, old_y = flat.to_metres([lat for lat, _ in traps], [lon for _, lon in traps])
    field = trap_field.prepare(grid, rate, _rules(flat, wishes), old_x, old_y)
    plan = siting.propose(field)
    limits = _limits(sites, model, plan)
    proposed = _explained(flat, sites, used, plan, limits, animal)
    return Proposals(proposed, flat, field, plan)


def moved(proposals: Proposals, index: int, lat: float, lon: float) -> Move:
    """What the plan loses when its site `index` (from 0) goes to another point, in degrees.

    Raises IndexError for a site the plan does not have.
    """
    if not 0 <= index < len(proposals.sites):
        raise IndexError(f"site {index} is not one of the {len(proposals.sites)} proposed")
    x, y = proposals.plane.to_metres(lat, lon)
    return siting.loss_when_moved(proposals.field, proposals.plan, index, float(x), float(y))


def _on_plane(used: Sequence[DeviceTally]) -> tuple[Plane, SensorSites]:
    lats, lons = (
        np.array(axis, dtype=float) for axis in ([t.lat for t in used], [t.lon for t in used])
    )
    flat = Plane(*(float(axis.mean()) if len(axis) else 0.0 for axis in (lats, lons)))
    x, y = flat.to_metres(lats, lons)
    return flat, projection.sites(x, y, [t.n for t in used], [t.effort for t in used])


def _grid(sites: SensorSites, wishes: SitingRequest) -> Grid:
    margin = wishes.measured_within_m
    side = max(float(np.ptp(sites.x_m)), float(np.ptp(sites.y_m))) + 2 * margin
    if side > MOST_CELLS * wishes.reach_m:
        raise TooWideError(
            f"{side / 1000:.0f} km are too wide for traps of {wishes.reach_m:g} m reach; "
            f"at most {MOST_CELLS * wishes.reach_m / 1000:g} km"
        )
    cell = min(max(side / CELLS, MIN_CELL_M), wishes.reach_m)
    return projection.grid_for(sites.x_m, sites.y_m, margin, cell, MOST_CELLS)


def _rules(flat: Plane, wishes: SitingRequest) -> Rules:
    return Rules(
        wishes.count,
        wishes.reach_m,
        wishes.min_distance_m,
        wishes.max_access_m,
        None if wishes.access is None else flat.project(wishes.access),
        None if wishes.excluded is None else flat.project(wishes.excluded),
    )


def _limits(sites: SensorSites, model: kriging.Covariance, plan: Plan) -> list[tuple[float, float]]:
    """95 % limits of the rate at each proposed place, per 100 nights."""
    xs, ys = [place.x_m for place in plan.places], [place.y_m for place in plan.places]
    low, high = kriging.predict(sites, model, xs, ys).between()
    return list(zip(low.tolist(), high.tolist(), strict=True))


def _explained(
    flat: Plane,
    sites: SensorSites,
    used: Sequence[DeviceTally],
    plan: Plan,
    limits: Sequence[tuple[float, float]],
    animal: SiteReason,
) -> tuple[Proposal, ...]:
    at = zip(used, sites.x_m.tolist(), sites.y_m.tolist(), strict=True)
    witnesses = [NearbySensor(t.name or t.device, x, y, t.n, t.effort) for t, x, y in at]
    found = []
    for place, (low, high) in zip(plan.places, limits, strict=True):
        lat, lon = flat.to_degrees(place.x_m, place.y_m)
        why = reasons.reason(place, witnesses, animal, (low, high))
        shown = (place.rate100, low, high, place.gain100, why)
        found.append(Proposal(float(lat), float(lon), *shown))
    return tuple(found)
