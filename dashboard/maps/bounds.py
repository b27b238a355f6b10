"""The frame of a map: the box of degrees that it shows.

Owns boxes around places. PURE.
"""

from collections.abc import Iterable, Sequence
from math import ceil, floor

Box = tuple[float, float, float, float]  # west, south, east, north, degrees

JAPAN: Box = (122.0, 20.0, 154.0, 46.0)
STEP = 0.5  # degrees; edges are multiples of this, so that coastlines can be cached
MIN_SPAN = 0.01  # degrees; a map fitted to a single point would have no zoom level


def around(points: Iterable[tuple[float, float]], margin: float = 0.3) -> Box:
    """The box around (lat, lon) `points` with `margin` degrees, on the STEP grid.

    Japan if there are no points.
    """
    lats, lons = zip(*points, strict=True) if (points := list(points)) else ((), ())
    if not lats:
        return JAPAN
    return (
        floor((min(lons) - margin) / STEP) * STEP,
        floor((min(lats) - margin) / STEP) * STEP,
        ceil((max(lons) + margin) / STEP) * STEP,
        ceil((max(lats) + margin) / STEP) * STEP,
    )


def fitted(points: Sequence[tuple[float, float]], limits: Box) -> list[list[float]]:
    """South-west and north-east corner around (lon, lat) `points`; `limits` if there are none."""
    if not points:
        west, south, east, north = limits
        return [[south, west], [north, east]]
    lons, lats = zip(*points, strict=True)
    (south, north), (west, east) = _at_least_min_span(lats), _at_least_min_span(lons)
    return [[south, west], [north, east]]


def _at_least_min_span(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    more = max(0.0, MIN_SPAN - (high - low)) / 2
    return low - more, high + more
