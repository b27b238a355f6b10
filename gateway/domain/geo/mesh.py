"""The grid squares of JIS X 0410 for arrays of places and for areas; one place: `mesh_code`.

Owns the same arithmetic on arrays, squares as polygons, the squares of an area, and the reading of a
prefecture's table of hunter-map numbers. Pure; must not open files. Loads numpy and shapely, 20 MB.
"""

import csv
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from gateway.domain.geo.mesh_code import DIGITS as DIGITS
from gateway.domain.geo.mesh_code import LEVELS as LEVELS
from gateway.domain.geo.mesh_code import (
    LON_ORIGIN,
    PER_LAT_DEGREE,
    PER_LON_DEGREE,
    PICO,
    number_of,
    outside,
    text_of,
)
from gateway.domain.geo.mesh_code import MAX_LAT as MAX_LAT
from gateway.domain.geo.mesh_code import MAX_LON as MAX_LON
from gateway.domain.geo.mesh_code import MIN_LON as MIN_LON
from gateway.domain.geo.mesh_code import SIDE as SIDE
from gateway.domain.geo.mesh_code import Bounds as Bounds
from gateway.domain.geo.mesh_code import MeshError as MeshError
from gateway.domain.geo.mesh_code import MeshLevel as MeshLevel
from gateway.domain.geo.mesh_code import blur_m as blur_m
from gateway.domain.geo.mesh_code import bounds as bounds
from gateway.domain.geo.mesh_code import cell as cell
from gateway.domain.geo.mesh_code import centre as centre
from gateway.domain.geo.mesh_code import code as code
from gateway.domain.geo.mesh_code import code_or_empty as code_or_empty
from gateway.domain.geo.mesh_code import codes as codes
from gateway.domain.geo.mesh_code import corner as corner
from gateway.domain.geo.mesh_code import has_code as has_code
from gateway.domain.geo.mesh_code import level_of as level_of
from gateway.domain.geo.mesh_code import parent as parent

HAIR = 1e-11  # degrees (a micrometre): keeps an area that ends on an edge out of the next square

Ints: TypeAlias = NDArray[np.int64]


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
    return np.strings.zfill(number_of(y, x, level).astype(f"U{digits}"), digits)


def polygon(code: str) -> shapely.Polygon:
    """Return a code's square as a polygon of (longitude, latitude). Raises MeshError."""
    edges = bounds(code)
    return shapely.box(edges.west, edges.south, edges.east, edges.north)


def within(area: Bounds, level: MeshLevel) -> list[str]:
    """List the codes of all squares that touch the inside of an area, from the south-west."""
    rows, columns = _corners(area, level)
    return [text_of(y, x, level) for y in rows for x in columns]


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


def _corners(area: Bounds, level: MeshLevel) -> tuple[range, range]:
    """South-west corners' rows and columns of the squares that touch the inside of an area."""
    side = SIDE[level]
    south, west = cell(area.south, area.west)
    north, east = cell(area.north - HAIR, area.east - HAIR)
    return range(south // side * side, north + 1, side), range(west // side * side, east + 1, side)


def _rows(degrees: NDArray[np.float64], per_degree: int) -> Ints:
    pico = np.rint(degrees * PICO).astype(np.int64)
    return (pico * per_degree + per_degree // 2) // PICO


def _require(axis: str, values: NDArray[np.float64], allowed: NDArray[np.bool_]) -> None:
    if not allowed.all():
        raise MeshError(outside(axis, float(values[~allowed].flat[0])))
