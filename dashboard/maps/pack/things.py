"""What a user's files hold: things with a kind, a rank, a name and a shape in degrees.

Owns reading GeoJSON: a FeatureCollection, or one feature a line. Must not simplify or cut.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import shapely
from msgspec import Struct
from shapely.geometry.base import BaseGeometry

from dashboard.maps.pack.errors import MapPackError
from dashboard.maps.pack.kinds import MapKind, name_of, rank_of


class Thing(Struct, frozen=True, eq=False):
    """One thing to draw."""

    kind: MapKind
    rank: int
    name: str
    shape: BaseGeometry  # longitude, latitude


def from_geojson(kind: MapKind, path: Path) -> list[Thing]:
    """The things of a file. Raises MapPackError."""
    try:
        data = path.read_bytes()
        found = [thing(kind, one["properties"], one["geometry"]) for one in _features(data)]
    except OSError as error:
        raise MapPackError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, shapely.errors.ShapelyError) as error:
        raise MapPackError(
            f"{path}: not GeoJSON: {error}; allowed: a FeatureCollection or one feature a line, made by "
            "ogr2ogr -f GeoJSON -t_srs EPSG:4326"
        ) from None
    kept = [one for one in found if one is not None]
    if not kept:
        raise MapPackError(f"{path}: no {kind} in it")
    _check_degrees(path, kept)
    return kept


def thing(kind: MapKind, properties: Mapping[str, Any] | None, geometry: Any) -> Thing | None:
    """One feature; None if it has no place or is not for this map."""
    about = properties or {}
    rank = rank_of(kind, about)
    if rank is None or geometry is None:
        return None
    shape = shapely.force_2d(shapely.from_geojson(msgspec.json.encode(geometry)))
    if shape.is_empty:
        return None
    whole = _repaired(shape)
    return None if whole is None else Thing(kind, rank, name_of(about), whole)


def _repaired(shape: BaseGeometry) -> BaseGeometry | None:
    """A valid shape of the same sort; None if nothing of that is left."""
    if shape.is_valid:
        return shape
    made = shapely.make_valid(shape)
    dimensions = shapely.get_dimensions(shape)
    parts = [one for one in shapely.get_parts(made) if shapely.get_dimensions(one) == dimensions]
    return shapely.union_all(parts) if parts else None


def _features(data: bytes) -> Iterator[Any]:
    try:
        whole = msgspec.json.decode(data)
    except msgspec.DecodeError:
        whole = [
            msgspec.json.decode(line) for line in data.replace(b"\x1e", b"").splitlines() if line
        ]
    listed = whole if isinstance(whole, list) else [whole]
    for one in listed:
        yield from one["features"] if one["type"] == "FeatureCollection" else [one]


def _check_degrees(path: Path, found: list[Thing]) -> None:
    west, south, east, north = shapely.total_bounds([one.shape for one in found])
    if not (-180 <= west <= east <= 180 and -85 <= south <= north <= 85):
        raise MapPackError(
            f"{path}: coordinates from {west:g}, {south:g} to {east:g}, {north:g} are no degrees; "
            "allowed: longitude, latitude, made by ogr2ogr -f GeoJSON -t_srs EPSG:4326"
        )
