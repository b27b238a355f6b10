"""Proposed trap sites with their reasons, computed from sensors' counts.

Owns the order kriging -> trap_field -> siting -> reasons and their defaults. Pure; degrees in, degrees
out. Proposes only places near a sensor.
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
from gateway.domain.errors import BadInputError

CELLS = 200  # along the longer side; more, up to MOST_CELLS, where a trap's reach needs finer cells
MOST_CELLS = 400
MIN_CELL_M = 25.0


class TooWideError(BadInputError, ValueError):
    """The sensors lie too far apart to choose places for traps of this reach."""


class SitingRequest(Struct, frozen=True):
    """What an official requests. Geometries are of (longitude, latitude), as in GeoJSON."""

    count: int
    reach_m: float = 200.0
    min_distance_m: float = 100.0
    max_access_m: float = 300.0
    access: BaseGeometry | None = None
    excluded: BaseGeometry | None = None
    measured_within_m: float = reasons.NEARBY_M


class Proposal(Struct, frozen=True):
    """One proposed site."""

    lat: float
    lon: float
    rate100: float  # median expected passes per 100 nights
    low100: float
    high100: float
    gain100: float  # loss of the plan without this site
    reason: SiteReason


class Proposals(Struct, frozen=True, eq=False):
    """A plan with the data needed to judge a change of it."""

    sites: tuple[Proposal, ...]  # the most valuable first
    plane: Plane
    field: TrapField
    plan: Plan


def propose(
    tallies: Sequence[DeviceTally],
    traps: Sequence[tuple[float, float]],
    request: SitingRequest,
) -> Proposals:
    """Propose sites for new traps beside the `traps` in place, each (latitude, longitude).

    `tallies` are detectors' independent events of one species; those without position or effort are
    left out. Raises ValueError for fewer than 5 of them, TooWideError for an area too large.
    """
    used = [t for t in tallies if t.effort > 0 and t.lat is not None and t.lon is not None]
    flat, sites = _on_plane(used)
    model = kriging.fit(sites)
    grid = _grid(sites, request)
    rate = kriging.predict_grid(sites, model, grid).rate100
    rate[~surface.near(sites, grid, request.measured_within_m)] = np.nan
    old_x, old_y = flat.to_metres([lat for lat, _ in traps], [lon for _, lon in traps])
    field = trap_field.prepare(grid, rate, _rules(flat, request), old_x, old_y)
    plan = siting.propose(field)
    limits = _limits(sites, model, plan)
    proposed = _with_reasons(flat, sites, used, plan, limits)
    return Proposals(proposed, flat, field, plan)


def moved(proposals: Proposals, index: int, lat: float, lon: float) -> Move:
    """The loss when site `index` (from 0) of the plan moves to another point, in degrees.

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


def _grid(sites: SensorSites, request: SitingRequest) -> Grid:
    margin = request.measured_within_m
    side = max(float(np.ptp(sites.x_m)), float(np.ptp(sites.y_m))) + 2 * margin
    if side > MOST_CELLS * request.reach_m:
        raise TooWideError(
            f"{side / 1000:.0f} km are too wide for traps of {request.reach_m:g} m reach; "
            f"at most {MOST_CELLS * request.reach_m / 1000:g} km"
        )
    cell = min(max(side / CELLS, MIN_CELL_M), request.reach_m)
    return projection.grid_for(sites.x_m, sites.y_m, margin, cell, MOST_CELLS)


def _rules(flat: Plane, request: SitingRequest) -> Rules:
    return Rules(
        request.count,
        request.reach_m,
        request.min_distance_m,
        request.max_access_m,
        None if request.access is None else flat.project(request.access),
        None if request.excluded is None else flat.project(request.excluded),
    )


def _limits(sites: SensorSites, model: kriging.Covariance, plan: Plan) -> list[tuple[float, float]]:
    """95 % limits of the rate at each proposed place, per 100 nights."""
    xs, ys = [place.x_m for place in plan.places], [place.y_m for place in plan.places]
    low, high = kriging.predict(sites, model, xs, ys).between()
    return list(zip(low.tolist(), high.tolist(), strict=True))


def _with_reasons(
    flat: Plane,
    sites: SensorSites,
    used: Sequence[DeviceTally],
    plan: Plan,
    limits: Sequence[tuple[float, float]],
) -> tuple[Proposal, ...]:
    at = zip(used, sites.x_m.tolist(), sites.y_m.tolist(), strict=True)
    nearby = [NearbySensor(t.name or t.device, x, y, t.n, t.effort) for t, x, y in at]
    found = []
    for place, (low, high) in zip(plan.places, limits, strict=True):
        lat, lon = flat.to_degrees(place.x_m, place.y_m)
        why = reasons.reason(place, nearby, (low, high))
        shown = (place.rate100, low, high, place.gain100, why)
        found.append(Proposal(float(lat), float(lon), *shown))
    return tuple(found)
