"""The offline coastline: the land around a site, from the file made by the build hook.

Owns reading and clipping that file. Must not know devices or pages.
`python -m dashboard.maps.coastline WEST SOUTH EAST NORTH` writes the land as GeoJSON, for
`coastline_process`.
"""

import gzip
import json
import sys
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any

from shapely import LinearRing, Polygon, clip_by_rect, make_valid, set_precision
from shapely.geometry import mapping

from dashboard.maps.bounds import Box

SOURCE = Path(__file__).parents[1] / "static" / "vendor" / "coast.json.gz"
GRID = 10_000  # units per degree in the file
DETAILS_ALONG = 2_000  # details smaller than the longer side / DETAILS_ALONG are left out


def geojson(limits: Box) -> bytes:
    """One GeoJSON FeatureCollection of the land inside `limits`."""
    return json.dumps(features(limits), separators=(",", ":")).encode()


@lru_cache(maxsize=4)
def features(limits: Box) -> dict[str, Any]:
    """The same as Python values, one feature per polygon. Cached: callers must not change it."""
    shapes = [shape for land in _land(limits) for shape in _cut(land, limits)]
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": {}, "geometry": mapping(shape)} for shape in shapes
        ],
    }


def _land(limits: Box) -> Iterator[Polygon]:
    west, south, east, north = (round(edge * GRID) for edge in limits)
    with gzip.open(SOURCE, "rt") as lines:
        for line in lines:
            (left, bottom, right, top), *rings = json.loads(line)
            if left <= east and right >= west and bottom <= north and top >= south:
                shell, *holes = map(_ring, rings)
                if len(shell) >= 4:
                    yield Polygon(shell, [hole for hole in holes if len(hole) >= 4])


def _ring(steps: list[int]) -> list[tuple[float, float]]:
    xs, ys = accumulate(steps[::2]), accumulate(steps[1::2])
    return [(x / GRID, y / GRID) for x, y in zip(xs, ys, strict=True)]


def _cut(land: Polygon, limits: Box) -> Iterator[Polygon]:
    west, south, east, north = limits
    tolerance = max(east - west, north - south) / DETAILS_ALONG / 2
    shape = clip_by_rect(land, west, south, east, north)
    if tolerance > 2 / GRID:
        shape = shape.simplify(tolerance)
    shape = set_precision(shape if shape.is_valid else make_valid(shape), 1 / GRID)
    for part in getattr(shape, "geoms", [shape]):
        if part.geom_type == "Polygon" and part.area >= tolerance**2:
            yield Polygon(part.exterior, [h for h in part.interiors if _area(h) >= tolerance**2])


def _area(ring: LinearRing) -> float:
    return float(Polygon(ring).area)


if __name__ == "__main__":
    west, south, east, north = map(float, sys.argv[1:])
    sys.stdout.buffer.write(geojson((west, south, east, north)))
