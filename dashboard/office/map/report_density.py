"""The density of people's reports as a picture with its own scale. PURE.

Owns which reports count, the bandwidth, the part of the window that is drawn, and the scale. The
estimate: `dashboard.analysis.density`.
"""

from collections.abc import Sequence

import numpy as np
import shapely
from msgspec import Struct

from dashboard.analysis import projection
from dashboard.analysis.coverage import Shape
from dashboard.analysis.density import density, scott_bandwidth_m
from dashboard.analysis.projection import Floats, Plane
from dashboard.maps import legend, raster
from dashboard.maps.colour_classes import REPORT_BREAKS, REPORT_COLOURS
from dashboard.maps.legend import LegendRow
from dashboard.maps.raster import Picture
from gateway.domain.resident_reports import Sighting, SightingKind

MIN_REPORTS = 5  # with fewer no density is drawn
MIN_BANDWIDTH_M = 500.0  # side of the square in which reports are shown; nothing finer is drawn
MAX_BANDWIDTHS_ACROSS = 100.0  # limits the memory if one report lies far away
REACH_BANDWIDTHS = 6.0  # farther than this from every report there is no density
CELLS_PER_BANDWIDTH = 8.0
MAX_CELLS_ALONG = int((MAX_BANDWIDTHS_ACROSS + 2 * REACH_BANDWIDTHS) * CELLS_PER_BANDWIDTH)


class ReportMap(Struct, frozen=True, eq=False):
    """The density of one period's reports."""

    picture: Picture
    bandwidth_m: float
    used: int  # reports inside the window
    outside: int  # reports left out


def draw(reports: Sequence[Sighting], window: Shape, bandwidth_m: float) -> ReportMap | None:
    """Draw reports inside a `window` of (longitude, latitude); None if fewer than MIN_REPORTS."""
    counted, outside = _inside(reports, window)
    if len(counted) < MIN_REPORTS:
        return None
    flat, x, y = _projected(counted)
    grid = projection.grid_for(
        x, y, REACH_BANDWIDTHS * bandwidth_m, bandwidth_m / CELLS_PER_BANDWIDTH, MAX_CELLS_ALONG
    )
    ground = shapely.intersection(flat.project(window), shapely.box(*grid.extent_m))
    per_km2 = density(x, y, ground, grid, bandwidth_m).per_km2
    shown = np.where(per_km2 < REPORT_BREAKS[0], np.nan, per_km2)
    picture = raster.picture(shown, grid, flat, REPORT_BREAKS, REPORT_COLOURS)
    return ReportMap(picture, bandwidth_m, len(counted), outside)


def bandwidth(reports: Sequence[Sighting], window: Shape) -> float:
    """Bandwidth by Scott's rule within the limits above; pass all reports of compared periods."""
    counted, _ = _inside(reports, window)
    if not counted:
        return MIN_BANDWIDTH_M
    _, x, y = _projected(counted)
    across = max(float(np.ptp(x)), float(np.ptp(y)))
    return max(scott_bandwidth_m(x, y), MIN_BANDWIDTH_M, across / MAX_BANDWIDTHS_ACROSS)


def legend_rows() -> list[LegendRow]:
    """The classes that are drawn; the lowest class is left empty on the map."""
    return legend.rows(REPORT_BREAKS, REPORT_COLOURS)[1:]


def _inside(reports: Sequence[Sighting], window: Shape) -> tuple[list[Sighting], int]:
    """The reports that count, and how many lie outside the window.

    Reported captures do not count: their number depends on the traps.
    """
    counted = [one for one in reports if one.kind is not SightingKind.CAPTURE]
    lons, lats = np.array([(one.lon, one.lat) for one in counted]).reshape(-1, 2).T
    marks = shapely.intersects_xy(window, lons, lats).tolist()
    found = [one for one, inside in zip(counted, marks, strict=True) if inside]
    return found, len(counted) - len(found)


def _projected(reports: Sequence[Sighting]) -> tuple[Plane, Floats, Floats]:
    lats, lons = np.array([r.lat for r in reports]), np.array([r.lon for r in reports])
    flat = Plane(float(lats.min() + lats.max()) / 2, float(lons.min() + lons.max()) / 2)
    return flat, *flat.to_metres(lats, lons)
