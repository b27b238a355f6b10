"""From what sensors counted to the map an official can defend: rates, surface, tests, picture.

Owns the defaults of the hotspot map and the order of its parts. Pure; the parts have their own
modules: rates, plane, surface, significance, raster (and kriging, density, activity, siting).
"""

import math
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from shapely.geometry.base import BaseGeometry

from dashboard.analysis import projection, significance, surface
from dashboard.analysis.projection import Grid, Plane, SensorSites
from dashboard.analysis.rate import RateInterval, rai
from dashboard.analysis.significance import GiStar, Spot
from dashboard.analysis.surface import Surface
from dashboard.analysis.tallies import DeviceTally
from dashboard.maps import raster
from dashboard.maps.raster import Picture

CELLS = 300  # along the longer side of the map
MIN_CELL_M = 10.0
FEW_BANDWIDTH_M = 1000.0  # where there are too few sensors to choose one


class SensorSpot(Struct, frozen=True):
    """One sensor on the map: its own rate with its interval, and whether its area stands out."""

    device: str
    lat: float
    lon: float
    area: str
    rate: RateInterval
    spot: Spot
    z: float | None
    p_adjusted: float | None


class Hotspots(Struct, frozen=True, eq=False):
    """All a hotspot map shows of one species and one period."""

    plane: Plane
    grid: Grid
    sites: SensorSites
    surface: Surface
    gi: GiStar
    band_m: float
    sensors: tuple[SensorSpot, ...]  # in the order of `sites`
    picture: Picture
    unplaced: tuple[str, ...]  # devices left out: no position
    unwatched: tuple[str, ...]  # devices left out: no effort in the period


def hotspots(
    tallies: Sequence[DeviceTally],
    bandwidth_m: float | None = None,
    band_m: float | None = None,
    land: BaseGeometry | None = None,
) -> Hotspots | None:
    """Estimate, test and draw the rates of detectors; None without a placed, watching sensor.

    `bandwidth_m` None: cross-validated; give one to compare periods. `band_m` None: the smallest
    that gives every sensor a neighbour. `land` (longitude, latitude): where the surface is drawn.
    """
    placed = [t for t in tallies if t.lat is not None and t.lon is not None]
    used = [t for t in placed if t.effort > 0]
    if not used:
        return None
    lats, lons = np.array([t.lat for t in used]), np.array([t.lon for t in used])
    flat = Plane(float(lats.min() + lats.max()) / 2, float(lons.min() + lons.max()) / 2)
    sites = projection.sites(
        *flat.to_metres(lats, lons), [t.n for t in used], [t.effort for t in used]
    )
    grid, drawn = _surface(sites, bandwidth_m)
    shown = drawn.masked
    if land is not None:
        shown[~projection.inside(flat.project(land), grid)] = np.nan
    band = _band(sites) if band_m is None else band_m
    gi = significance.gi_star(sites, band)
    return Hotspots(
        plane=flat,
        grid=grid,
        sites=sites,
        surface=drawn,
        gi=gi,
        band_m=band,
        sensors=_sensors(used, gi),
        picture=raster.picture(shown, grid, flat),
        unplaced=tuple(t.device for t in tallies if t.lat is None or t.lon is None),
        unwatched=tuple(t.device for t in placed if t.effort == 0),
    )


def _surface(sites: SensorSites, bandwidth_m: float | None) -> tuple[Grid, Surface]:
    width = _bandwidth(sites) if bandwidth_m is None else bandwidth_m
    margin = surface.REACH_BANDWIDTHS * width
    grid = projection.grid_for(sites.x_m, sites.y_m, margin, MIN_CELL_M, CELLS)
    return grid, surface.surface(sites, grid, width)


def _bandwidth(sites: SensorSites) -> float:
    if len(sites.n) < 3:
        return FEW_BANDWIDTH_M
    return surface.choose_bandwidth(sites).best_m


def _band(sites: SensorSites) -> float:
    apart = projection.distances(sites.x_m, sites.y_m, sites.x_m, sites.y_m)
    np.fill_diagonal(apart, np.inf)
    widest = float(apart.min(axis=1).max())
    return widest if math.isfinite(widest) else 0.0


def _sensors(used: Sequence[DeviceTally], gi: GiStar) -> tuple[SensorSpot, ...]:
    tested = zip(used, gi.spots(), gi.z.tolist(), gi.p_adjusted.tolist(), strict=True)
    return tuple(
        SensorSpot(
            device=t.device,
            lat=t.lat or 0.0,
            lon=t.lon or 0.0,
            area=t.area,
            rate=rai(t.n, t.effort),
            spot=spot,
            z=None if math.isnan(z) else z,
            p_adjusted=None if math.isnan(p) else p,
        )
        for t, spot, z, p in tested
    )
