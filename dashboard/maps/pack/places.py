"""The tiles of Web Mercator: which one a place is in, and the degrees of one. PURE.

Owns the arithmetic, as `static/basemap.js` has it.
"""

import math

from dashboard.maps.bounds import Box


def column(lon: float, zoom: int) -> int:
    """The column of a longitude."""
    return _inside(math.floor((lon + 180) / 360 * 2**zoom), zoom)


def row(lat: float, zoom: int) -> int:
    """The row of a latitude, from the north."""
    mercator = math.asinh(math.tan(math.radians(lat)))
    return _inside(math.floor((1 - mercator / math.pi) / 2 * 2**zoom), zoom)


def tile_box(zoom: int, x: int, y: int) -> Box:
    """The degrees of a tile."""
    south, north = (latitude(at / 2**zoom) for at in (y + 1, y))
    return x / 2**zoom * 360 - 180, south, (x + 1) / 2**zoom * 360 - 180, north


def latitude(part: float) -> float:
    """The latitude of a part of the map's height, from the north."""
    return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * part))))


def _inside(number: int, zoom: int) -> int:
    return min(max(number, 0), (1 << zoom) - 1)
