"""Where people reported: the density of their reports as a picture with a scale of its own. PURE.

Owns which reports count, the bandwidth, the part of the window that is drawn, and the scale. The
estimate itself is `density`'s.
"""

from collections.abc import Sequence

import numpy as np
import shapely
from msgspec import Struct

from dashboard.analysis import projection
from dashboard.analysis.coverage import Shape
from dashboard.analysis.density import density, scott_bandwidth_m
from dashboard.analysis.projection import Floats, Plane
from dashboard.maps import raster
from dashboard.maps.raster import LegendRow, Picture
from gateway.domain.resident_reports import Sighting, SightingKind

LEAST = 5  # fewer reports have no density worth drawing
FINEST_M = 500.0  # the square in which reports are told; nothing finer is drawn
WIDEST = 100.0  # bandwidths across all reports at most, so that one stray report costs no memory
REACH = 6.0  # bandwidths; what lies farther from every report has no density
CELLS = 8.0  # a bandwidth
ALONG = int((WIDEST + 2 * REACH) * CELLS)  # cells on the longer side at most
BREAKS: tuple[float, ...] = (0.1, 0.3, 1, 3, 10, 30)  # reports per km2 in the period
COLOURS: tuple[str, ...] = (  # ColorBrewer's Purples
    "#f2f0f7", "#dadaeb", "#bcbddc", "#9e9ac8", "#807dba", "#6a51a3", "#4a1486",
)  # fmt: skip


class ReportMap(Struct, frozen=True, eq=False):
    """The density of one period's reports."""

    picture: Picture
    bandwidth_m: float
    used: int  # reports inside the window
    outside: int  # reports left out


def draw(reports: Sequence[Sighting], window: Shape, bandwidth_m: float) -> ReportMap | None:
    """Draw reports inside a `window` of (longitude, latitude); None where too few lie in it."""
    told, outside = _inside(reports, window)
    if len(told) < LEAST:
        return None
    flat, x, y = _placed(told)
    grid = projection.grid_for(x, y, REACH * bandwidth_m, bandwidth_m / CELLS, ALONG)
    ground = shapely.intersection(flat.project(window), shapely.box(*grid.extent_m))
    per_km2 = density(x, y, ground, grid, bandwidth_m).per_km2
    shown = np.where(per_km2 < BREAKS[0], np.nan, per_km2)
    picture = raster.picture(shown, grid, flat, BREAKS, COLOURS)
    return ReportMap(picture, bandwidth_m, len(told), outside)


def bandwidth(reports: Sequence[Sighting], window: Shape) -> float:
    """Scott's rule, but no finer than a report is told; pool the reports of periods to compare."""
    told, _ = _inside(reports, window)
    if not told:
        return FINEST_M
    _, x, y = _placed(told)
    across = max(float(np.ptp(x)), float(np.ptp(y)))
    return max(scott_bandwidth_m(x, y), FINEST_M, across / WIDEST)


def legend() -> list[LegendRow]:
    """The classes that are drawn; below the first the map stays empty."""
    return raster.legend(BREAKS, COLOURS, "件")[1:]


def _inside(reports: Sequence[Sighting], window: Shape) -> tuple[list[Sighting], int]:
    """The reports that count, and how many lie outside the window.

    Captures do not count: their number follows from the traps, not from who saw something.
    """
    told = [one for one in reports if one.kind is not SightingKind.CAPTURE]
    lons, lats = np.array([(one.lon, one.lat) for one in told]).reshape(-1, 2).T
    held = shapely.intersects_xy(window, lons, lats).tolist()
    found = [one for one, inside in zip(told, held, strict=True) if inside]
    return found, len(told) - len(found)


def _placed(reports: Sequence[Sighting]) -> tuple[Plane, Floats, Floats]:
    lats, lons = np.array([r.lat for r in reports]), np.array([r.lon for r in reports])
    flat = Plane(float(lats.min() + lats.max()) / 2, float(lons.min() + lons.max()) / 2)
    return flat, *flat.to_metres(lats, lons)
