"""The offline coastline: the land around a site, from the file made by the build hook.

Owns reading, clipping and simplifying that file. Must not know devices or pages.
`python -m dashboard.maps.coastline WEST SOUTH EAST NORTH` writes the land as GeoJSON twice, each on a
line, for `coastline_process`: coarse, for a map's first picture, and fine.
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
FINE, COARSE = 2_000, 300  # details smaller than the longer side / this are left out


def geojson(limits: Box, details: int = FINE) -> bytes:
    """One GeoJSON FeatureCollection of the land inside `limits`."""
    return json.dumps(features(limits, details), separators=(",", ":")).encode()


@lru_cache(maxsize=8)
def features(limits: Box, details: int = FINE) -> dict[str, Any]:
    """The same as Python values, one feature per polygon. Cached: callers must not change it."""
    tolerance = max(limits[2] - limits[0], limits[3] - limits[1]) / details / 2
    shapes = [shape for land in _land(limits, tolerance) for shape in _cut(land, limits, tolerance)]
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": {}, "geometry": mapping(shape)} for shape in shapes
        ],
    }


def _land(limits: Box, tolerance: float) -> Iterator[Polygon]:
    """The polygons that touch a box and are large enough to be seen there."""
    west, south, east, north = (round(edge * GRID) for edge in limits)
    with gzip.open(SOURCE, "rt") as lines:
        for line in lines:
            left, bottom, right, top = map(int, line[2 : line.index("]")].split(","))
            touches = left <= east and right >= west and bottom <= north and top >= south
            if touches and max(right - left, top - bottom) >= tolerance * GRID:
                shell, *holes = map(_ring, json.loads(line)[1:])
                if len(shell) >= 4:
                    yield Polygon(shell, [hole for hole in holes if len(hole) >= 4])


def _ring(steps: list[int]) -> list[tuple[float, float]]:
    xs, ys = accumulate(steps[::2]), accumulate(steps[1::2])
    return [(x / GRID, y / GRID) for x, y in zip(xs, ys, strict=True)]


def _cut(land: Polygon, limits: Box, tolerance: float) -> Iterator[Polygon]:
    shape = clip_by_rect(land, *limits)
    if tolerance > 2 / GRID:
        shape = shape.simplify(tolerance, preserve_topology=False)
    shape = set_precision(shape if shape.is_valid else make_valid(shape), 1 / GRID)
    for part in getattr(shape, "geoms", [shape]):
        if part.geom_type == "Polygon" and part.area >= tolerance**2:
            yield Polygon(part.exterior, [h for h in part.interiors if _area(h) >= tolerance**2])


def _area(ring: LinearRing) -> float:
    return float(Polygon(ring).area)


if __name__ == "__main__":
    west, south, east, north = map(float, sys.argv[1:])
    frame = (west, south, east, north)
    sys.stdout.buffer.write(geojson(frame, COARSE) + b"\n" + geojson(frame))
