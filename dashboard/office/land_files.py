"""The land files of the office: boundary, protected areas, refused plots, roads, hunter-map numbers.

Owns reading these files once, when the pages start. A file that cannot be used is a ConfigError.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import shapely
from msgspec import Struct

from dashboard.analysis.coverage import Shape
from dashboard.maps.geojson import DECIMALS, Feature
from gateway.config import ConfigError
from gateway.config.office import Office
from gateway.domain.geo import mesh

T = TypeVar("T")
UNUSABLE = (  # raised for a file that is not as expected
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    msgspec.MsgspecError,
    shapely.errors.ShapelyError,
)


class OfficeLand(Struct, frozen=True, eq=False):
    """The content of the files; shapes are of (longitude, latitude)."""

    boundary: Shape | None = None  # of the municipality
    protected: tuple[Feature, ...] = ()  # to draw, each with its `name`
    excluded: Shape | None = None  # protected and refused: no trap may be proposed there
    roads: Shape | None = None
    hunter_numbers: Mapping[str, str] = {}  # 5 km code to number


def read(office: Office) -> OfficeLand:
    """Read all files of the settings. Raises ConfigError."""
    protected = [one for name in office.protected for one in _features(name)]
    refused = [one for name in office.refused for one in _features(name)]
    roads = [one for name in office.roads for one in _features(name)]
    boundary = [one for name in office.boundary for one in _features(name)]
    return OfficeLand(
        boundary=_union(boundary),
        protected=tuple(_drawn(one) for one in protected),
        excluded=_union([*protected, *refused]),
        roads=_union(roads),
        hunter_numbers=_hunter_numbers(office.hunter_map),
    )


def _features(name: str) -> list[tuple[str, Shape]]:
    """(name, shape) of each feature of a GeoJSON file."""
    found = _read(name, lambda data: [_feature(one) for one in _listed(msgspec.json.decode(data))])
    if not found:
        raise ConfigError(f"office: {name}: no feature in it")
    return found


def _listed(data: Any) -> list[Any]:
    return list(data["features"]) if data["type"] == "FeatureCollection" else [data]


def _feature(one: Any) -> tuple[str, Shape]:
    shape = shapely.make_valid(shapely.from_geojson(msgspec.json.encode(one["geometry"])))
    west, south, east, north = shape.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise ValueError("coordinates must be degrees, longitude first")
    return str((one.get("properties") or {}).get("name", "")), shape


def _drawn(one: tuple[str, Shape]) -> Feature:
    name, shape = one
    simple = shapely.set_precision(shape.simplify(2 * 10**-DECIMALS), 10**-DECIMALS)
    geometry = shapely.geometry.mapping(simple)
    return {"type": "Feature", "geometry": geometry, "properties": {"name": name}}


def _union(found: list[tuple[str, Shape]]) -> Shape | None:
    return shapely.union_all([shape for _, shape in found]) if found else None


def _hunter_numbers(name: str) -> Mapping[str, str]:
    if not name:
        return {}
    return _read(name, lambda data: mesh.hunter_numbers(data.decode("utf-8-sig").splitlines()))


def _read(name: str, parse: Callable[[bytes], T]) -> T:
    try:
        return parse(Path(name).read_bytes())
    except OSError as error:
        raise ConfigError(f"office: {name}: cannot be read: {error.strerror}") from None
    except UNUSABLE as error:
        raise ConfigError(f"office: {name}: cannot be used: {error}") from None
