"""The Japanese grid square codes of JIS X 0410 (標準地域メッシュ), in integers.

Owns the arithmetic between degrees, codes and squares, and the reading of a prefecture's table of
hunter-map numbers. Pure; must not open files. Codes are text: spreadsheets turn numbers of this
length into 5.44E+08.

Everything is counted in squares of the finest level (125 m: 1/960 degree of latitude, 1/640 degree
of longitude, from 0 N 100 E). Degrees become integer picodegrees first: a third of the edges of
latitude lie between two nanodegrees, so a float that means an edge would be misplaced by rounding
to those. A point within half a picodegree (0.05 micrometres) below an edge counts as on the edge;
a point on an edge belongs to the square north or east of it.

Source: JIS X 0410:2002 and its 2 km and 5 km supplements (Statistics Bureau of Japan).
"""

import csv
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias, TypeVar

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from gateway.domain.errors import BadInputError

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
HAIR = 1e-11  # degrees (a micrometre): keeps an area that ends on an edge out of the next square

Ints: TypeAlias = NDArray[np.int64]
N = TypeVar("N", int, Ints)


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
    return _text(y, x, level)


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
    return {level: _text(y, x, level) for level in LEVELS}


def cell(lat: float, lon: float) -> tuple[int, int]:
    """Row and column of the 125 m square that holds a point, from 0 N 100 E. Raises MeshError."""
    if not 0 <= lat < MAX_LAT:
        raise MeshError(_outside("latitude", lat))
    if not MIN_LON <= lon < MAX_LON:
        raise MeshError(_outside("longitude", lon))
    y = (round(lat * PICO) * PER_LAT_DEGREE + PER_LAT_DEGREE // 2) // PICO
    x = (round((lon - LON_ORIGIN) * PICO) * PER_LON_DEGREE + PER_LON_DEGREE // 2) // PICO
    return y, x


def cells_of(lat: ArrayLike, lon: ArrayLike) -> tuple[Ints, Ints]:
    """Like `cell` for arrays of equal shape; the first point outside is named. Raises MeshError."""
    lats, lons = np.asarray(lat, dtype=np.float64), np.asarray(lon, dtype=np.float64)
    _require("latitude", lats, (lats >= 0) & (lats < MAX_LAT))
    _require("longitude", lons, (lons >= MIN_LON) & (lons < MAX_LON))
    return _rows(lats, PER_LAT_DEGREE), _rows(lons - LON_ORIGIN, PER_LON_DEGREE)


def codes_of(lat: ArrayLike, lon: ArrayLike, level: MeshLevel) -> NDArray[np.str_]:
    """Like `code` for arrays of equal shape: an array of text of that shape. Raises MeshError."""
    y, x = cells_of(lat, lon)
    digits = DIGITS[level]
    return np.strings.zfill(_number(y, x, level).astype(f"U{digits}"), digits)


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
    if x >= 80 * 640 or _text(y, x, level) != code:
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


def polygon(code: str) -> shapely.Polygon:
    """Return a code's square as a polygon of (longitude, latitude). Raises MeshError."""
    edges = bounds(code)
    return shapely.box(edges.west, edges.south, edges.east, edges.north)


def parent(code: str, level: MeshLevel) -> str:
    """Return the code of the coarser (or equal) `level` that holds a code. Raises MeshError."""
    own = level_of(code)
    if SIDE[level] % SIDE[own]:
        raise MeshError(f"a {own} square ({code}) does not lie in one {level} square")
    return _text(*corner(code), level)


def within(area: Bounds, level: MeshLevel) -> list[str]:
    """List the codes of all squares that touch the inside of an area, from the south-west."""
    rows, columns = _corners(area, level)
    return [_text(y, x, level) for y in rows for x in columns]


def clipped(area: Bounds) -> Bounds | None:
    """The part of an area that has codes at all; None where none is left, or a hair's breadth."""
    south, west = max(area.south, 0.0), max(area.west, MIN_LON)
    north, east = min(area.north, MAX_LAT), min(area.east, MAX_LON)
    thin = min(north - south, east - west) <= 2 * HAIR
    return None if thin else Bounds(south, west, north, east)


def finest_within(area: Bounds, most: int) -> MeshLevel:
    """The finest level from 1 km on of which at most `most` squares touch an area; else 80 km."""
    for level in ("1km", "2km", "5km", "10km"):
        rows, columns = _corners(area, level)
        if len(rows) * len(columns) <= most:
            return level
    return "80km"


def edges_within(area: Bounds, level: MeshLevel) -> NDArray[np.float64]:
    """The edges of the same squares in the same order, one `Bounds` a row."""
    rows, columns = np.meshgrid(*_corners(area, level), indexing="ij")
    y, x, side = rows.ravel(), columns.ravel() + LON_ORIGIN * PER_LON_DEGREE, SIDE[level]
    lats, lons = (np.array([a, a + side]) for a in (y, x))
    (south, north), (west, east) = lats / PER_LAT_DEGREE, lons / PER_LON_DEGREE
    return np.column_stack([south, west, north, east])


def hunter_numbers(lines: Iterable[str]) -> Mapping[str, str]:
    """Read a prefecture's table of hunter-map numbers (ハンターマップ): 5 km code to number.

    `lines` are of a CSV file with the columns `mesh5km` and `number`. Raises MeshError naming the
    row for a code that is not of 7 digits (a spreadsheet's 4.93E+06) or that comes twice.
    """
    table: dict[str, str] = {}
    for row in csv.DictReader(lines):
        mesh, number = (row.get("mesh5km") or "").strip(), (row.get("number") or "").strip()
        if not number or level_of(mesh) != "5km" or corner(mesh) is None:
            raise MeshError(f"hunter-map row {row} needs a mesh5km of 7 digits and a number")
        if mesh in table:
            raise MeshError(f"hunter-map number of {mesh} is given twice: {table[mesh]}, {number}")
        table[mesh] = number
    return MappingProxyType(table)


def _number(y: N, x: N, level: MeshLevel) -> N:
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


def _text(y: int, x: int, level: MeshLevel) -> str:
    return str(_number(y, x, level)).zfill(DIGITS[level])


def _corners(area: Bounds, level: MeshLevel) -> tuple[range, range]:
    """South-west corners' rows and columns of the squares that touch the inside of an area."""
    side = SIDE[level]
    south, west = cell(area.south, area.west)
    north, east = cell(area.north - HAIR, area.east - HAIR)
    return range(south // side * side, north + 1, side), range(west // side * side, east + 1, side)


def _rows(degrees: NDArray[np.float64], per_degree: int) -> Ints:
    pico = np.rint(degrees * PICO).astype(np.int64)
    return (pico * per_degree + per_degree // 2) // PICO


def _lat(y: int) -> float:
    return y / PER_LAT_DEGREE


def _lon(x: int) -> float:
    return (x + LON_ORIGIN * PER_LON_DEGREE) / PER_LON_DEGREE


def _require(axis: str, values: NDArray[np.float64], allowed: NDArray[np.bool_]) -> None:
    if not allowed.all():
        raise MeshError(_outside(axis, float(values[~allowed].flat[0])))


def _outside(axis: str, value: float) -> str:
    allowed = "0 to below 66.666..." if axis == "latitude" else "100 to below 180"
    return f"{axis} {value!r} is outside the mesh grid of JIS X 0410: {allowed} degrees"
