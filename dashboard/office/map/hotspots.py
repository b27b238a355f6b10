"""The hotspot map: rates of sensors, the rate surface, tests of significance, the picture.

Owns the defaults of the map and the order of the calculations. Pure. The calculations themselves:
`dashboard.analysis`.
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
DEFAULT_BANDWIDTH_M = 1000.0  # with fewer than 3 sensors


class SensorSpot(Struct, frozen=True):
    """One sensor on the map: its own rate with interval, and whether it is a hot or cold spot."""

    device: str
    lat: float
    lon: float
    area: str
    rate: RateInterval
    spot: Spot
    z: float | None
    p_adjusted: float | None


class Hotspots(Struct, frozen=True, eq=False):
    """The hotspot map of one species and one period."""

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
    """Estimate, test and draw the rates of detectors; None if no sensor has position and effort.

    `bandwidth_m` None: cross-validated; give one to compare periods. `band_m` None: the smallest
    that gives every sensor a neighbour. `land` (longitude, latitude): where the surface is drawn.
    """
    placed = [t for t in tallies if t.lat is not None and t.lon is not None]
    used = [t for t in placed if t.effort > 0]
    if not used:
        return None
    flat, sites = _on_plane(used)
    grid, rates = _surface(sites, bandwidth_m)
    band = _band(sites) if band_m is None else band_m
    gi = significance.gi_star(sites, band)
    return Hotspots(
        plane=flat,
        grid=grid,
        sites=sites,
        surface=rates,
        gi=gi,
        band_m=band,
        sensors=_sensors(used, gi),
        picture=_picture(rates, grid, flat, land),
        unplaced=tuple(t.device for t in tallies if t.lat is None or t.lon is None),
        unwatched=tuple(t.device for t in placed if t.effort == 0),
    )


def _on_plane(used: Sequence[DeviceTally]) -> tuple[Plane, SensorSites]:
    """The plane about the middle of the sensors, and the sensors on it."""
    lats, lons = np.array([t.lat for t in used]), np.array([t.lon for t in used])
    flat = Plane(float(lats.min() + lats.max()) / 2, float(lons.min() + lons.max()) / 2)
    x, y = flat.to_metres(lats, lons)
    return flat, projection.sites(x, y, [t.n for t in used], [t.effort for t in used])


def _picture(rates: Surface, grid: Grid, flat: Plane, land: BaseGeometry | None) -> Picture:
    shown = rates.masked
    if land is not None:
        shown[~projection.inside(flat.project(land), grid)] = np.nan
    return raster.picture(shown, grid, flat)


def _surface(sites: SensorSites, bandwidth_m: float | None) -> tuple[Grid, Surface]:
    width = _bandwidth(sites) if bandwidth_m is None else bandwidth_m
    margin = surface.REACH_BANDWIDTHS * width
    grid = projection.grid_for(sites.x_m, sites.y_m, margin, MIN_CELL_M, CELLS)
    return grid, surface.surface(sites, grid, width)


def _bandwidth(sites: SensorSites) -> float:
    if len(sites.n) < 3:
        return DEFAULT_BANDWIDTH_M
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
