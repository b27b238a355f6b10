"""Places of reports and of whoever wants warnings: distances, and the squares that coarsen them. PURE.

Owns the size of the square that a warning depends on. Somebody who is warned learns no more than that the
square touches their circle: no number of subscriptions finds a place more exactly.
"""

import math

from gateway.domain.geo.local_plane import to_metres
from gateway.domain.geo.mesh_code import MeshLevel, bounds, code, has_code

WARNED_SQUARE: MeshLevel = "500m"


def in_reach(lat: float, lon: float) -> bool:
    """Whether a place has grid squares; NaN has none."""
    return math.isfinite(lat) and math.isfinite(lon) and has_code(lat, lon)


def distance_m(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Metres between two near places."""
    return math.hypot(*to_metres(lat, lon, other_lat, other_lon))


def square_of(lat: float, lon: float) -> str:
    """The square that warnings of a place depend on. Raises MeshError outside the grid."""
    return code(lat, lon, WARNED_SQUARE)


def to_square_m(lat: float, lon: float, square: str) -> float:
    """Metres from a place to the nearest point of a square; 0 inside it. Raises MeshError."""
    edges = bounds(square)
    nearest_lat = min(max(lat, edges.south), edges.north)
    nearest_lon = min(max(lon, edges.west), edges.east)
    return distance_m(nearest_lat, nearest_lon, lat, lon)
