"""Coverage gaps: land near the devices that no sensor watches. PURE.

Owns the definition of a gap. A gap is a mesh square of land (1 km; coarser if there are too many
squares) within AROUND_M of the devices' convex hull, with its centre farther than FAR_M from every
sensor with at least MIN_EXPOSURE_DAYS of effort, the limit of the rate surface. All gaps are merged
into one shape.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from dashboard.analysis.projection import Bools, Floats, Plane, distances
from dashboard.analysis.surface import MIN_EXPOSURE_DAYS
from dashboard.analysis.tallies import DeviceTally
from gateway.domain.geo import mesh

Shape: TypeAlias = BaseGeometry

FAR_M = 1_500.0
AROUND_M = 2_000.0  # beyond the convex hull of the devices
MAX_SQUARES = 20_000  # for more of them a coarser mesh level is used
AT_ONCE = 1_000_000  # distances computed at one time: bounds the memory


def gaps(land: Shape, tallies: Sequence[DeviceTally]) -> Shape | None:
    """The unwatched part of `land` (longitude, latitude).

    None if no device has a position or the area lies outside the mesh grid.
    """
    placed = [t for t in tallies if t.lat is not None and t.lon is not None]
    if not placed:
        return None
    lats, lons = np.array([t.lat for t in placed]), np.array([t.lon for t in placed])
    flat = Plane(float(lats.mean()), float(lons.mean()))
    x, y = flat.to_metres(lats, lons)
    hull = shapely.MultiPoint(np.column_stack([x, y])).convex_hull
    edges = _squares(flat, hull)
    if edges is None:
        return None
    at_x, at_y = flat.to_metres((edges[:, 0] + edges[:, 2]) / 2, (edges[:, 1] + edges[:, 3]) / 2)
    ours = shapely.dwithin(hull, shapely.points(at_x, at_y), AROUND_M)
    watching = np.array([t.effort >= MIN_EXPOSURE_DAYS for t in placed])
    south, west, north, east = edges[ours & _far(at_x, at_y, x[watching], y[watching])].T
    unwatched = shapely.box(west, south, east, north)
    shapely.prepare(land)
    return shapely.union_all(unwatched[shapely.intersects(land, unwatched)])


def from_geojson(collection: dict[str, Any]) -> Shape:
    """The union of a FeatureCollection's shapes."""
    shapes = [shapely.geometry.shape(f["geometry"]) for f in collection["features"]]
    return shapely.union_all(shapes)


def _far(x: Floats, y: Floats, sensor_x: Floats, sensor_y: Floats) -> Bools:
    """Mark the squares farther than FAR_M from every sensor, in chunks of bounded memory."""
    step = max(1, AT_ONCE // max(1, len(sensor_x)))
    parts = [
        (distances(x[i : i + step], y[i : i + step], sensor_x, sensor_y) > FAR_M).all(axis=1)
        for i in range(0, len(x), step)
    ]
    return np.concatenate(parts)


def _squares(flat: Plane, hull: Shape) -> Floats | None:
    """Edges of the mesh squares around the hull, of the finest level within MAX_SQUARES."""
    west, south, east, north = hull.bounds
    (low, high), (left, right) = flat.to_degrees(
        [west - AROUND_M, east + AROUND_M], [south - AROUND_M, north + AROUND_M]
    )
    area = mesh.clipped(mesh.Bounds(*map(float, (low, left, high, right))))
    if area is None:
        return None
    return mesh.edges_within(area, mesh.finest_within(area, MAX_SQUARES))
