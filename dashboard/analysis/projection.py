"""The local plane in metres: projection about a centre, grids on the plane, positions of sensors.

Owns the conversion between degrees and metres for arrays. Pure. (Single points of alert rules:
`gateway.domain.geo.local_plane`, which loads no numpy.)

Equirectangular with the ellipsoid's radii at the centre: east = N cos(lat0) dlon, north = M dlat.
Parallels get shorter towards the pole, which the plane ignores. So the relative error of east-west
lengths is about tan(lat0) * (lat - lat0): at 33 N 0.10 % at 10 km north or south of the centre and
0.5 % at 50 km. That is far below any bandwidth used here; areas over 100 km need several centres.
"""

import math
from typing import TypeAlias, TypeVar

import numpy as np
import shapely
from msgspec import Struct
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]
Shape = TypeVar("Shape", bound=BaseGeometry)

WGS84_A_M, WGS84_E2 = 6_378_137.0, 0.006_694_379_990_14
MAX_CELLS = 4_000_000  # a grid beyond this is a mistake in the cell size, not a map


class Plane(Struct, frozen=True):
    """The plane tangent to the earth at a centre, given in degrees (WGS 84)."""

    lat0: float
    lon0: float

    @property
    def metres_per_degree(self) -> tuple[float, float]:
        """Length of one degree of latitude and of longitude at the centre."""
        phi = math.radians(self.lat0)
        w = 1 - WGS84_E2 * math.sin(phi) ** 2
        north = WGS84_A_M * (1 - WGS84_E2) / w**1.5
        east = WGS84_A_M / math.sqrt(w) * math.cos(phi)
        return math.radians(north), math.radians(east)

    def to_metres(self, lat: ArrayLike, lon: ArrayLike) -> tuple[Floats, Floats]:
        """Return x (east) and y (north) in metres, of the arrays' shape."""
        north, east = self.metres_per_degree
        x = (np.asarray(lon, dtype=np.float64) - self.lon0) * east
        return x, (np.asarray(lat, dtype=np.float64) - self.lat0) * north

    def to_degrees(self, x_m: ArrayLike, y_m: ArrayLike) -> tuple[Floats, Floats]:
        """Return latitude and longitude of points of the plane, of the arrays' shape."""
        north, east = self.metres_per_degree
        lat = np.asarray(y_m, dtype=np.float64) / north + self.lat0
        return lat, np.asarray(x_m, dtype=np.float64) / east + self.lon0

    def project(self, geometry: Shape) -> Shape:
        """Project a geometry of (longitude, latitude), as in GeoJSON, to metres."""

        def metres(points: Floats) -> Floats:
            return np.column_stack(self.to_metres(points[:, 1], points[:, 0]))

        return shapely.transform(geometry, metres)


class Grid(Struct, frozen=True, eq=False):
    """Centres of square cells: `x_m` (nx) west to east, `y_m` (ny) south to north.

    Arrays over a grid have the shape (ny, nx), the southern row first.
    """

    x_m: Floats
    y_m: Floats
    cell_m: float

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.y_m), len(self.x_m)

    @property
    def extent_m(self) -> tuple[float, float, float, float]:
        """West, south, east and north edge of the outer cells."""
        half = self.cell_m / 2
        x, y = self.x_m, self.y_m
        return x[0] - half, y[0] - half, x[-1] + half, y[-1] + half


class SensorSites(Struct, frozen=True, eq=False):
    """Sensors at fixed positions with their counts and effort; arrays of length S."""

    x_m: Floats
    y_m: Floats
    n: Floats  # independent events
    effort_days: Floats  # above zero: without effort there is no rate

    @property
    def rate100(self) -> Floats:
        """Events per 100 camera-days."""
        return 100 * self.n / self.effort_days


def sites(x_m: ArrayLike, y_m: ArrayLike, n: ArrayLike, effort_days: ArrayLike) -> SensorSites:
    """Build SensorSites from array-likes, without the sensors that have no effort.

    Raises ValueError for unequal lengths, negative counts or effort, or values not finite.
    """
    columns = [np.asarray(c, dtype=np.float64).ravel() for c in (x_m, y_m, n, effort_days)]
    if len({len(column) for column in columns}) > 1:
        raise ValueError(f"sites need columns of one length, not {[len(c) for c in columns]}")
    if not all(np.isfinite(column).all() for column in columns):
        raise ValueError("sites need finite numbers in every column")
    if (columns[2] < 0).any() or (columns[3] < 0).any():
        raise ValueError("counts and effort of sites must be 0 or more")
    watched = columns[3] > 0
    return SensorSites(*(column[watched] for column in columns))


def grid_over(x_m: ArrayLike, y_m: ArrayLike, margin_m: float, cell_m: float) -> Grid:
    """Return a grid of `cell_m` squares over points and a margin around them.

    Raises ValueError for no points or for more than 4 million cells.
    """
    xs, ys = np.asarray(x_m, dtype=np.float64), np.asarray(y_m, dtype=np.float64)
    if xs.size == 0:
        raise ValueError("a grid needs at least one point to cover")
    nx, ny = (math.ceil((np.ptp(v) + 2 * margin_m) / cell_m) or 1 for v in (xs, ys))
    if nx * ny > MAX_CELLS:
        raise ValueError(f"{nx} x {ny} cells of {cell_m} m are more than {MAX_CELLS}")
    x0, y0 = ((v.max() + v.min() - size * cell_m) / 2 for v, size in ((xs, nx), (ys, ny)))
    half = cell_m / 2
    return Grid(x0 + half + cell_m * np.arange(nx), y0 + half + cell_m * np.arange(ny), cell_m)


def grid_for(
    x_m: ArrayLike, y_m: ArrayLike, margin_m: float, least_cell_m: float, along: int
) -> Grid:
    """A grid over points and a margin with about `along` cells on the longer side.

    Cells are at least `least_cell_m` wide. All pictures use this function: however far apart the
    points lie, the grid has at most (along + 1) ** 2 cells. Raises ValueError for no points.
    """
    xs, ys = np.asarray(x_m, dtype=np.float64), np.asarray(y_m, dtype=np.float64)
    side = max((float(np.ptp(v)) for v in (xs, ys) if v.size), default=0.0) + 2 * margin_m
    return grid_over(xs, ys, margin_m, max(side / along, least_cell_m))


def inside(shape: BaseGeometry, grid: Grid) -> Bools:
    """Mark the cells whose centre lies in a polygon on the plane; array of the shape (ny, nx).

    Even-odd rule by rows: a cell is inside if an odd number of edges lies west of its centre.
    """
    rings = shapely.get_rings(shapely.get_parts(shape))
    points, ring = shapely.get_coordinates(rings, return_index=True)
    joined = ring[1:] == ring[:-1]
    (x0, y0), (x1, y1) = points[:-1][joined].T, points[1:][joined].T
    low, high = (np.searchsorted(grid.y_m, edge(y0, y1)) for edge in (np.minimum, np.maximum))
    edge = np.repeat(np.arange(len(x0)), high - low)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(high - low) - high, high - low)
    share = (grid.y_m[row] - y0[edge]) / (y1[edge] - y0[edge])
    column = np.searchsorted(grid.x_m, x0[edge] + share * (x1[edge] - x0[edge]))
    crossings = np.zeros((grid.shape[0], grid.shape[1] + 1), dtype=np.int64)
    np.add.at(crossings, (row, column), 1)
    marks: Bools = np.cumsum(crossings, axis=1)[:, :-1] % 2 == 1
    return marks


def distances(x_m: Floats, y_m: Floats, to_x_m: Floats, to_y_m: Floats) -> Floats:
    """Distances between points in metres, of the shape (points, to points)."""
    east, north = x_m[:, None] - to_x_m, y_m[:, None] - to_y_m
    apart: Floats = np.sqrt(east * east + north * north)
    return apart
