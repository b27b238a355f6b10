"""Proposed trap sites with their reasons, computed from sensors' counts.

Owns the order kriging -> trap_field -> choice -> interval -> reasons and their defaults. Pure; degrees in,
degrees out. Proposes only places near a sensor.
"""

from collections.abc import Sequence
from functools import lru_cache

import msgspec
import numpy as np
from msgspec import Struct
from shapely.geometry.base import BaseGeometry

from dashboard.analysis import kriging, projection, surface
from dashboard.analysis.kriging import Covariance, Kriged
from dashboard.analysis.projection import Grid, Plane, SensorSites
from dashboard.analysis.siting import choice, interval, trap_field
from dashboard.analysis.siting.choice import Move, Plan
from dashboard.analysis.siting.interval import ASSUMED, Catch, Expectation
from dashboard.analysis.siting.space_use import OTHERS, SpaceUse
from dashboard.analysis.siting.trap_field import Rules, TrapEffect, TrapField
from dashboard.analysis.tallies import DeviceTally
from dashboard.office.siting import reasons
from dashboard.office.siting.reasons import NearbySensor, SiteReason
from gateway.domain.errors import BadInputError

CELLS = 120  # along the longer side; more, up to MOST_CELLS, where home ranges need finer cells
MOST_CELLS = 240
MIN_CELL_M = 25.0
DOUBT = 0.3  # weight of the variance of a log-rate; by trials of other landscapes than the tests'


class TooWideError(BadInputError, ValueError):
    """The sensors lie too far apart to choose places for animals with such home ranges."""


class SitingRequest(Struct, frozen=True):
    """What an official requests. Geometries are of (longitude, latitude), as in GeoJSON."""

    count: int
    nights: int = 60
    min_distance_m: float = 300.0
    max_access_m: float = 300.0
    access: BaseGeometry | None = None
    excluded: BaseGeometry | None = None
    start: tuple[float, float] | None = None  # latitude, longitude
    max_start_m: float = 3_000.0
    space_use: SpaceUse = OTHERS
    catch: Catch = ASSUMED
    measured_within_m: float = reasons.NEARBY_M


class Proposal(Struct, frozen=True):
    """One proposed site."""

    lat: float
    lon: float
    rate100: float  # median expected passes per 100 nights
    low100: float
    high100: float
    gain: float  # animals that the plan takes less without this site
    expected: Expectation  # animals taken here in all nights
    reason: SiteReason


class Proposals(Struct, frozen=True, eq=False):
    """A plan with the data needed to judge a change of it."""

    sites: tuple[Proposal, ...]  # the most valuable first
    expected: Expectation  # of all sites together
    request: SitingRequest
    plane: Plane
    field: TrapField  # as the places were chosen
    plan: Plan
    estimate: Kriged  # over the grid, NaN where nothing is known


class Surface(Struct, frozen=True, eq=False):
    """What sensors say of passes: the model and its estimate over a grid."""

    plane: Plane
    sites: SensorSites
    model: Covariance
    grid: Grid
    estimate: Kriged


def propose(
    tallies: Sequence[DeviceTally],
    traps: Sequence[tuple[float, float]],
    request: SitingRequest,
) -> Proposals:
    """Propose sites for new traps beside the `traps` in place, each (latitude, longitude).

    `tallies` are detectors' independent events of one species; those without position or effort are
    left out. Raises ValueError for fewer than 5 of them, TooWideError for an area too large.
    """
    used = tuple(t for t in tallies if t.effort > 0 and t.lat is not None and t.lon is not None)
    found = estimated(used, request.space_use.sigma_m, request.measured_within_m)
    flat = found.plane
    old = flat.to_metres([lat for lat, _ in traps], [lon for _, lon in traps])
    field = trap_field.prepare(
        found.grid,
        found.estimate.rate100,
        0.01 / request.space_use.passed_km2,
        _effect(request),
        _rules(flat, request),
        *old,
    )
    chosen_on = careful(field, found.estimate)
    plan = choice.propose(chosen_on)
    sites, total = _with_reasons(found, used, field, plan, request.catch)
    return Proposals(sites, total, request, flat, chosen_on, plan, found.estimate)


def careful(field: TrapField, estimate: Kriged) -> TrapField:
    """The same with fewer animals where the estimate is unsure: doubt counts against a place.

    Chosen by the median, places whose estimate is high by chance are preferred.
    """
    doubt = np.exp(-DOUBT * np.nan_to_num(estimate.sd_log) ** 2)
    return msgspec.structs.replace(field, animals=field.animals * doubt)


@lru_cache(maxsize=4)
def estimated(used: tuple[DeviceTally, ...], sigma_m: float, within_m: float) -> Surface:
    """The surface of passes; cached by all its input, because each change of a rule needs it again."""
    flat, sites = _on_plane(used)
    model = kriging.fit(sites)
    grid = _grid(sites, sigma_m, within_m)
    near = surface.near(sites, grid, within_m)
    xs, ys = np.meshgrid(grid.x_m, grid.y_m)
    known = kriging.predict(sites, model, xs[near], ys[near])
    log_rate, sd = np.full(grid.shape, np.nan), np.full(grid.shape, np.nan)
    log_rate[near], sd[near] = known.log_rate, known.sd_log
    return Surface(flat, sites, model, grid, Kriged(log_rate, sd))


def catch_at(
    found: Surface, traps: Sequence[tuple[float, float, float, int]], measured_m: float
) -> Catch:
    """The share of passes that traps catch, from (latitude, longitude, nights, captures) of each trap.

    Traps farther than `measured_m` from every sensor say nothing: nobody counted passes there.
    """
    if not traps:
        return ASSUMED
    lats, lons, nights, captures = (
        np.array(column, dtype=float) for column in zip(*traps, strict=True)
    )
    x, y = found.plane.to_metres(lats, lons)
    away = projection.distances(x, y, found.sites.x_m, found.sites.y_m).min(axis=1)
    near = away <= measured_m
    rate100 = kriging.predict(found.sites, found.model, x, y).rate100
    return interval.catch_from(
        int(captures[near].sum()), float((nights * rate100 / 100)[near].sum())
    )


def moved(proposals: Proposals, index: int, lat: float, lon: float) -> Move:
    """The loss when site `index` (from 0) of the plan moves to another point, in degrees.

    Raises IndexError for a site the plan does not have.
    """
    if not 0 <= index < len(proposals.sites):
        raise IndexError(f"site {index} is not one of the {len(proposals.sites)} proposed")
    x, y = proposals.plane.to_metres(lat, lon)
    return choice.loss_when_moved(proposals.field, proposals.plan, index, float(x), float(y))


def _on_plane(used: Sequence[DeviceTally]) -> tuple[Plane, SensorSites]:
    lats, lons = (
        np.array(axis, dtype=float) for axis in ([t.lat for t in used], [t.lon for t in used])
    )
    flat = Plane(*(float(axis.mean()) if len(axis) else 0.0 for axis in (lats, lons)))
    x, y = flat.to_metres(lats, lons)
    return flat, projection.sites(x, y, [t.n for t in used], [t.effort for t in used])


def _grid(sites: SensorSites, sigma_m: float, within_m: float) -> Grid:
    """Cells of at least MIN_CELL_M, and never larger than half the sigma of a home range."""
    margin, most_m = within_m, MOST_CELLS * sigma_m / 2
    side = max(float(np.ptp(sites.x_m)), float(np.ptp(sites.y_m))) + 2 * margin
    if side > most_m:
        raise TooWideError(
            f"{side / 1000:.0f} km are too wide for home ranges of {sigma_m:.0f} m; "
            f"at most {most_m / 1000:.0f} km"
        )
    cell = min(max(side / CELLS, MIN_CELL_M), sigma_m / 2)
    return projection.grid_for(sites.x_m, sites.y_m, margin, cell, MOST_CELLS)


def _effect(request: SitingRequest) -> TrapEffect:
    per_night = request.catch.mean * request.space_use.passes_at_middle
    return TrapEffect(request.nights, request.space_use.sigma_m, per_night)


def _rules(flat: Plane, request: SitingRequest) -> Rules:
    start = request.start and tuple(map(float, flat.to_metres(*request.start)))
    return Rules(
        request.count,
        request.min_distance_m,
        request.max_access_m,
        None if request.access is None else flat.project(request.access),
        None if request.excluded is None else flat.project(request.excluded),
        (start[0], start[1]) if start else None,
        request.max_start_m,
    )


def _with_reasons(
    found: Surface, used: Sequence[DeviceTally], field: TrapField, plan: Plan, catch: Catch
) -> tuple[tuple[Proposal, ...], Expectation]:
    """The sites with what they take, and what all take together."""
    if not plan.places:
        return (), Expectation(0.0, 0.0, 0.0, 0.0)
    taken = interval.expectation(field, plan, found.sites, found.model, catch)
    sites = found.sites
    at = zip(used, sites.x_m.tolist(), sites.y_m.tolist(), strict=True)
    nearby = [NearbySensor(t.name or t.device, x, y, t.n, t.effort) for t, x, y in at]
    xs, ys = [place.x_m for place in plan.places], [place.y_m for place in plan.places]
    limits = kriging.predict(sites, found.model, xs, ys).between()
    proposed = []
    for place, one, low, high in zip(
        plan.places, taken.sites, *(side.tolist() for side in limits), strict=True
    ):
        lat, lon = found.plane.to_degrees(place.x_m, place.y_m)
        why = reasons.reason(place, nearby, (low, high))
        facts = (place.rate100, low, high, place.gain, one, why)
        proposed.append(Proposal(float(lat), float(lon), *facts))
    return tuple(proposed), taken.total
