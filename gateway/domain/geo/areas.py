"""Watched areas: farmland, school routes, where people live. Polygons from GeoJSON. PURE.

Owns the geometry and the question "which of them is this point in or near". Must not read files.
Distances are measured on a plane around each piece of land, with an error of a few per mille.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from gateway.domain.errors import BadInputError
from gateway.domain.geo.local_plane import to_metres

if TYPE_CHECKING:  # shapely is loaded with the first file of areas
    from shapely.geometry.base import BaseGeometry


class AreaError(BadInputError, ValueError):
    """A GeoJSON file cannot be used; the text says why."""


class Land(Struct, frozen=True, kw_only=True):
    """The configuration of one GeoJSON file."""

    name: str
    living: bool = False
    near_m: float = 200.0
    species: tuple[str, ...] = ()  # empty: all
    hours: str = "00-24"  # local


class WatchedLand(Struct, frozen=True):
    """One area, widened by its `near_m` and prepared for many look-ups."""

    name: str
    living: bool
    species: tuple[str, ...]
    hours: str
    lat: float  # the plane's origin
    lon: float
    shape: "BaseGeometry"  # metres east and north of the origin

    def touches(self, lat: float, lon: float) -> bool:
        """Whether a point lies inside or near."""
        import shapely

        x, y = to_metres(lat, lon, self.lat, self.lon)
        return bool(self.shape.intersects(shapely.Point(x, y)))

    def distance_m(self, lat: float, lon: float) -> float:
        """Metres from a point to the land with its surroundings; 0 inside."""
        import shapely

        x, y = to_metres(lat, lon, self.lat, self.lon)
        return float(self.shape.distance(shapely.Point(x, y)))


class Areas:
    """All watched areas of a site."""

    def __init__(self, areas: Iterable[WatchedLand] = ()) -> None:
        self._areas = tuple(areas)
        self.by_name = {one.name: one for one in self._areas}
        self.around = lru_cache(4_096)(self._around)  # devices do not move: few different points

    def _around(self, lat: float, lon: float) -> tuple[WatchedLand, ...]:
        return tuple(area for area in self._areas if area.touches(lat, lon))


def parse(land: Land, data: bytes) -> WatchedLand:
    """The union of all polygons of a GeoJSON text, widened by `near_m`; AreaError says what is wrong."""
    import shapely

    try:
        found = [g for g in _geometries(msgspec.json.decode(data)) if g]
        shapes = [shapely.from_geojson(msgspec.json.encode(one)) for one in found]
    except (msgspec.DecodeError, shapely.errors.ShapelyError, AttributeError, TypeError) as error:
        raise AreaError(f"{land.name}: not GeoJSON: {error}") from None
    shapes = [shape for shape in shapes if not shape.is_empty]
    if not shapes:
        raise AreaError(f"{land.name}: no geometry in it; polygons or lines are needed")
    whole = shapely.union_all([shapely.make_valid(shape) for shape in shapes])
    lon, lat = whole.centroid.x, whole.centroid.y
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise AreaError(f"{land.name}: coordinates must be degrees, longitude first")
    metres = shapely.transform(whole, lambda points: _to_plane(points, lat, lon))
    shape = metres.buffer(max(land.near_m, 0.01))
    shapely.prepare(shape)
    return WatchedLand(land.name, land.living, land.species, land.hours, lat, lon, shape)


def _geometries(data: Any) -> list[Any]:
    if data.get("type") == "FeatureCollection":
        return [feature.get("geometry") for feature in data["features"]]
    return [data.get("geometry")] if data.get("type") == "Feature" else [data]


def _to_plane(points: Any, lat0: float, lon0: float) -> Any:
    scaled = points.copy()
    scaled[:, 0], scaled[:, 1] = to_metres(points[:, 1], points[:, 0], lat0, lon0)
    return scaled
