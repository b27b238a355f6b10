"""GeoJSON features for maps.

Owns their shape and rounding. Must not read the store.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # numpy stays out of the live pages
    from gateway.domain.geo.mesh import Bounds

DECIMALS = 5  # decimals of a degree: a metre
Feature = dict[str, Any]


def point(lat: float, lon: float, properties: Mapping[str, Any]) -> Feature:
    """A point feature."""
    return feature(
        {"type": "Point", "coordinates": [round(lon, DECIMALS), round(lat, DECIMALS)]}, properties
    )


def square(bounds: "Bounds", properties: Mapping[str, Any]) -> Feature:
    """A mesh square's feature."""
    south, west, north, east = (round(edge, DECIMALS) for edge in bounds)
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return feature({"type": "Polygon", "coordinates": [ring]}, properties)


def feature(geometry: Mapping[str, Any], properties: Mapping[str, Any]) -> Feature:
    return {"type": "Feature", "geometry": geometry, "properties": dict(properties)}


def collection(found: list[Feature]) -> Feature:
    """A GeoJSON FeatureCollection."""
    return {"type": "FeatureCollection", "features": found}
