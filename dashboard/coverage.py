"""Where nobody watched: land of the place without a sensor that speaks for it. PURE.

Owns what a coverage gap is. A gap is a 1 km square of land, near enough to the place's devices to
be its business, whose centre lies farther than FAR_M from every sensor with enough effort: the same
30 days below which the surface stays empty. Gaps are drawn as one shape, not as hundreds.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from dashboard.plane import Plane
from dashboard.rates import Tally
from dashboard.surface import MIN_EXPOSURE_DAYS
from gateway import mesh

Shape: TypeAlias = BaseGeometry

FAR_M = 1_500.0
AROUND_M = 2_000.0  # beyond the hull of the devices
MAX_SQUARES = 20_000


def gaps(land: Shape, tallies: Sequence[Tally]) -> Shape | None:
    """The unwatched part of `land` (longitude, latitude); None where no device stands."""
    placed = [t for t in tallies if t.lat is not None and t.lon is not None]
    if not placed:
        return None
    lats, lons = np.array([t.lat for t in placed]), np.array([t.lon for t in placed])
    flat = Plane(float(lats.mean()), float(lons.mean()))
    x, y = flat.to_metres(lats, lons)
    ours = shapely.MultiPoint(np.column_stack([x, y])).convex_hull.buffer(AROUND_M)
    squares = _squares(flat, ours)
    watching = np.array([t.effort >= MIN_EXPOSURE_DAYS for t in placed])
    seen = shapely.MultiPoint(np.column_stack([x[watching], y[watching]])).buffer(FAR_M)
    centres = shapely.points(*flat.to_metres(*_centres(squares)))
    near = shapely.intersects(ours, centres) & ~shapely.intersects(seen, centres)
    ground = shapely.intersects(land, squares)
    return shapely.union_all(squares[near & ground])


def from_geojson(collection: dict[str, Any]) -> Shape:
    """The union of a FeatureCollection's shapes."""
    shapes = [shapely.geometry.shape(f["geometry"]) for f in collection["features"]]
    return shapely.union_all(shapes)


def _squares(flat: Plane, ours: Shape) -> Any:
    west, south, east, north = ours.bounds
    (low, high), (left, right) = flat.to_degrees([west, east], [south, north])
    codes = mesh.within(mesh.Bounds(low, left, high, right), "1km")[:MAX_SQUARES]
    edges = np.array([mesh.bounds(code) for code in codes])  # south, west, north, east
    return shapely.box(edges[:, 1], edges[:, 0], edges[:, 3], edges[:, 2])


def _centres(squares: Any) -> tuple[Any, Any]:
    corners = shapely.bounds(squares)
    return (corners[:, 1] + corners[:, 3]) / 2, (corners[:, 0] + corners[:, 2]) / 2
