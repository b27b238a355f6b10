"""The hotspot map: rates of sensors, the rate surface, tests of significance, the picture.

Owns the defaults of the map and the order of the calculations. Pure. The calculations themselves:
`dashboard.analysis`.
"""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from msgspec import Struct
from shapely.geometry.base import BaseGeometry

from dashboard.analysis import projection, surface
from dashboard.analysis.projection import Grid, Plane, SensorSites
from dashboard.analysis.rate import LEAST_EFFORT, RateInterval, rai
from dashboard.analysis.significance import Spot
from dashboard.analysis.spots import against_mean
from dashboard.analysis.spots.scan import Scan, scan
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
    spot: Spot  # with its neighbours, against all
    z: float  # Gi* in the band where it stands out most
    p: float  # corrected for sensors and bands
    band_m: float | None  # None: not tested
    alone: Spot  # by itself, against the mean of all


class Hotspots(Struct, frozen=True, eq=False):
    """The hotspot map of one species and one period."""

    plane: Plane
    grid: Grid
    sites: SensorSites
    surface: Surface
    scan: Scan
    dispersion: (
        float | None
    )  # from week to week; None: cannot be measured, so no sensor is tested alone
    sensors: tuple[SensorSpot, ...]  # in the order of `sites`
    picture: Picture
    unplaced: tuple[str, ...]  # devices left out: no position
    unwatched: tuple[str, ...]  # devices left out: no effort in the period


def hotspots(
    tallies: Sequence[DeviceTally],
    bandwidth_m: float | None = None,
    bands_m: tuple[float, ...] | None = None,
    land: BaseGeometry | None = None,
    dispersion: float | None = None,
) -> Hotspots | None:
    """Estimate, test and draw the rates of detectors; None if no sensor has position and effort.

    `bandwidth_m` None: cross-validated; give one to compare periods. `bands_m`: distances of
    neighbours to test; None: from where the sensors stand. `land` (longitude, latitude): where the
    surface is drawn. `dispersion`: of weekly counts, for testing each sensor alone.
    """
    placed = [t for t in tallies if t.lat is not None and t.lon is not None]
    used = [t for t in placed if t.effort > 0]
    if not used:
        return None
    flat, sites = _on_plane(used)
    grid, rates = _surface(sites, bandwidth_m)
    found = _scan(sites, bands_m)
    return Hotspots(
        plane=flat,
        grid=grid,
        sites=sites,
        surface=rates,
        scan=found,
        dispersion=dispersion,
        sensors=_sensors(used, found, _alone(used, dispersion)),
        picture=_picture(rates, grid, flat, land),
        unplaced=tuple(t.device for t in tallies if t.lat is None or t.lon is None),
        unwatched=tuple(t.device for t in placed if t.effort == 0),
    )


def bandwidth(tallies: Sequence[DeviceTally]) -> float | None:
    """The cross-validated bandwidth of the surface alone; None if no sensor has position and effort."""
    used = [t for t in tallies if t.lat is not None and t.lon is not None and t.effort > 0]
    return _bandwidth(_on_plane(used)[1]) if used else None


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


def _scan(sites: SensorSites, bands_m: tuple[float, ...] | None) -> Scan:
    """The scan of the sensors with enough effort; the others keep p = 1."""
    enough = sites.effort_days >= LEAST_EFFORT
    some = SensorSites(
        sites.x_m[enough], sites.y_m[enough], sites.n[enough], sites.effort_days[enough]
    )
    found, count = scan(some, bands_m), len(sites.n)
    whole = {"z": np.zeros(count), "p": np.ones(count), "band_m": np.full(count, np.nan)}
    for name, values in whole.items():
        values[enough] = getattr(found, name)
    return msgspec.structs.replace(found, **whole)


def _alone(used: Sequence[DeviceTally], dispersion: float | None) -> list[Spot]:
    if dispersion is None:
        return [""] * len(used)
    return against_mean.against_mean([t.n for t in used], [t.effort for t in used], dispersion)[1]


def _sensors(
    used: Sequence[DeviceTally], found: Scan, alone: Sequence[Spot]
) -> tuple[SensorSpot, ...]:
    columns = (found.spots(), found.z.tolist(), found.p.tolist(), found.band_m.tolist(), alone)
    return tuple(
        SensorSpot(
            device=t.device,
            lat=t.lat or 0.0,
            lon=t.lon or 0.0,
            area=t.area,
            rate=rai(t.n, t.effort),
            spot=spot,
            z=z,
            p=p,
            band_m=None if math.isnan(band) else band,
            alone=by_itself,
        )
        for t, spot, z, p, band, by_itself in zip(used, *columns, strict=True)
    )
