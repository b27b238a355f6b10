"""One place and its grid square codes of JIS X 0410 (標準地域メッシュ), in integers, without numpy.

Owns the arithmetic between degrees, codes and squares of single places: the always-on service uses it and
must not load what `mesh`, the same for arrays, loads. Pure. Codes are text: spreadsheets turn numbers of
this length into 5.44E+08.

Everything is counted in squares of the finest level (125 m: 1/960 degree of latitude, 1/640 degree
of longitude, from 0 N 100 E). Degrees become integer picodegrees first: a third of the edges of
latitude lie between two nanodegrees, so a float that means an edge would be misplaced by rounding
to those. A point within half a picodegree (0.05 micrometres) below an edge counts as on the edge;
a point on an edge belongs to the square north or east of it.

Source: JIS X 0410:2002 and its 2 km and 5 km supplements (Statistics Bureau of Japan).
"""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from gateway.domain.errors import BadInputError

if TYPE_CHECKING:  # numpy stays out of the always-on service
    import numpy as np
    from numpy.typing import NDArray

MeshLevel = Literal["80km", "10km", "5km", "2km", "1km", "500m", "250m", "125m"]

# Side of a square of each level, in squares of 125 m; coarsest first.
SIDE: Mapping[MeshLevel, int] = MappingProxyType(
    {"80km": 640, "10km": 80, "5km": 40, "2km": 16, "1km": 8, "500m": 4, "250m": 2, "125m": 1}
)
# Digits of a code of each level.
DIGITS: Mapping[MeshLevel, int] = MappingProxyType(
    {"80km": 4, "10km": 6, "5km": 7, "2km": 9, "1km": 8, "500m": 9, "250m": 10, "125m": 11}
)
LEVELS: tuple[MeshLevel, ...] = tuple(SIDE)

PER_LAT_DEGREE, PER_LON_DEGREE, LON_ORIGIN = 960, 640, 100
# What two digits can say, and the globe; a picodegree short, so that rounding cannot leave them.
MAX_LAT, MIN_LON, MAX_LON = 66.666666666666, 100.0, 179.999999999999
PICO = 10**12
EQUATOR_M, ECCENTRICITY2 = 6_378_137.0, 0.00669438002290  # GRS 80, that of JGD2011
N = TypeVar("N", int, "NDArray[np.int64]")


class MeshError(BadInputError, ValueError):
    """A place outside the grid or a text that is no code; the message names what is allowed."""


class Bounds(NamedTuple):
    """A square's edges in degrees."""

    south: float
    west: float
    north: float
    east: float


def code(lat: float, lon: float, level: MeshLevel) -> str:
    """Return the code of the square of `level` that holds a point (degrees). Raises MeshError."""
    y, x = cell(lat, lon)
    return text_of(y, x, level)


def has_code(lat: float, lon: float) -> bool:
    """Whether a point lies inside the grid."""
    return 0 <= lat < MAX_LAT and MIN_LON <= lon < MAX_LON


def code_or_empty(lat: float | None, lon: float | None, level: MeshLevel) -> str:
    """The code of a place's square; "" without a place or outside the grid."""
    if lat is None or lon is None or not has_code(lat, lon):
        return ""
    return code(lat, lon, level)


def codes(lat: float, lon: float) -> dict[MeshLevel, str]:
    """Return a point's codes at every level, coarsest first. Raises MeshError."""
    y, x = cell(lat, lon)
    return {level: text_of(y, x, level) for level in LEVELS}


def cell(lat: float, lon: float) -> tuple[int, int]:
    """Row and column of the 125 m square that holds a point, from 0 N 100 E. Raises MeshError."""
    if not 0 <= lat < MAX_LAT:
        raise MeshError(outside("latitude", lat))
    if not MIN_LON <= lon < MAX_LON:
        raise MeshError(outside("longitude", lon))
    y = (round(lat * PICO) * PER_LAT_DEGREE + PER_LAT_DEGREE // 2) // PICO
    x = (round((lon - LON_ORIGIN) * PICO) * PER_LON_DEGREE + PER_LON_DEGREE // 2) // PICO
    return y, x


def level_of(code: str) -> MeshLevel:
    """Tell a code's level from its digits; 2 km codes end in 5. Raises MeshError."""
    if code.isascii() and code.isdigit():
        if len(code) == DIGITS["500m"]:
            return "2km" if code.endswith("5") else "500m"
        for level, digits in DIGITS.items():
            if digits == len(code):
                return level
    raise MeshError(f"mesh code {code!r} is not 4, 6, 7, 8, 9, 10 or 11 digits")


def corner(code: str) -> tuple[int, int]:
    """Row and column of the south-west 125 m square inside a code's square. Raises MeshError."""
    level = level_of(code)
    y, x = int(code[:2]) * 640, int(code[2:4]) * 640
    rest, side = code[4:], 80
    if rest:
        y, x, rest = y + int(rest[0]) * 80, x + int(rest[1]) * 80, rest[2:]
    if level == "2km":
        y, x, rest = y + int(rest[0]) * 8, x + int(rest[1]) * 8, ""
    elif len(rest) >= 2:
        y, x, rest, side = y + int(rest[0]) * 8, x + int(rest[1]) * 8, rest[2:], 8
    for digit in rest:
        side //= 2
        north, east = divmod(int(digit) - 1, 2)
        y, x = y + north * side, x + east * side
    if x >= 80 * 640 or text_of(y, x, level) != code:
        raise MeshError(f"mesh code {code!r} names no square of the {level} level")
    return y, x


def bounds(code: str) -> Bounds:
    """Return the edges of a code's square, in degrees, correctly rounded. Raises MeshError."""
    y, x = corner(code)
    side = SIDE[level_of(code)]
    return Bounds(_lat(y), _lon(x), _lat(y + side), _lon(x + side))


def centre(code: str) -> tuple[float, float]:
    """Return latitude and longitude of the middle of a code's square. Raises MeshError."""
    edges = bounds(code)
    return (edges.south + edges.north) / 2, (edges.west + edges.east) / 2


def blur_m(code: str) -> int:
    """How far a place in a square may be from its middle: to the farthest corner, in whole metres, up."""
    edges = bounds(code)
    lat, lon = centre(code)
    nearest = min(abs(edges.south), abs(edges.north))  # the longer of the two sides
    north = (edges.north - lat) * _metres_north(max(abs(edges.south), abs(edges.north)))
    return math.ceil(math.hypot(north, (edges.east - lon) * _metres_east(nearest)))


def _metres_north(lat: float) -> float:
    """Of a degree of latitude, on the ellipsoid of GRS 80."""
    curved = 1 - ECCENTRICITY2 * math.sin(math.radians(lat)) ** 2
    return math.radians(EQUATOR_M * (1 - ECCENTRICITY2) / curved**1.5)


def _metres_east(lat: float) -> float:
    """Of a degree of longitude there."""
    curved = 1 - ECCENTRICITY2 * math.sin(math.radians(lat)) ** 2
    return math.radians(EQUATOR_M / math.sqrt(curved) * math.cos(math.radians(lat)))


def parent(code: str, level: MeshLevel) -> str:
    """Return the code of the coarser (or equal) `level` that holds a code. Raises MeshError."""
    own = level_of(code)
    if SIDE[level] % SIDE[own]:
        raise MeshError(f"a {own} square ({code}) does not lie in one {level} square")
    return text_of(*corner(code), level)


def number_of(y: N, x: N, level: MeshLevel) -> N:
    """Spell a square in digits; leading zeros are added by the callers."""
    first = y // 640 * 100 + x // 640
    if level == "80km":
        return first
    second = first * 100 + y % 640 // 80 * 10 + x % 640 // 80
    if level == "10km":
        return second
    if level == "2km":
        return second * 1000 + y % 80 // 16 * 200 + x % 80 // 16 * 20 + 5
    third = second * 100 + y % 80 // 8 * 10 + x % 80 // 8
    return _halved(second if level == "5km" else third, y, x, level)


def _halved(number: N, y: N, x: N, level: MeshLevel) -> N:
    """Append 1 (SW), 2 (SE), 3 (NW) or 4 (NE) for every halving below 10 km or 1 km."""
    sides = {"5km": (40,), "500m": (4,), "250m": (4, 2), "125m": (4, 2, 1)}.get(level, ())
    for side in sides:
        number = number * 10 + y // side % 2 * 2 + x // side % 2 + 1
    return number


def text_of(y: int, x: int, level: MeshLevel) -> str:
    return str(number_of(y, x, level)).zfill(DIGITS[level])


def _lat(y: int) -> float:
    return y / PER_LAT_DEGREE


def _lon(x: int) -> float:
    return (x + LON_ORIGIN * PER_LON_DEGREE) / PER_LON_DEGREE


def outside(axis: str, value: float) -> str:
    allowed = "0 to below 66.666..." if axis == "latitude" else "100 to below 180"
    return f"{axis} {value!r} is outside the mesh grid of JIS X 0410: {allowed} degrees"
