"""Land on paper: the part of a plane that a drawing shows, its coast, a scale bar and north. PURE.

Owns the frame and what every map on paper has. What is marked on it is drawn by whoever knows the marks.
"""

from collections.abc import Sequence

import shapely
from msgspec import Struct
from shapely.geometry.base import BaseGeometry

from dashboard.analysis.projection import Plane
from dashboard.documents.paper.drawing import Drawing, Point, grey

AROUND = 0.15  # of the extent, drawn around the places
LEAST_M = 1_000.0  # the side of the smallest map
BARS_M = (100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000)
LAND = grey(0.95)


class Frame(Struct, frozen=True):
    """A part of the plane, in metres, and how large it is drawn."""

    west: float
    south: float
    width_m: float
    height_m: float
    points_per_m: float

    def at(self, x_m: float, y_m: float) -> Point:
        """Where a place of the plane is drawn."""
        return (x_m - self.west) * self.points_per_m, (y_m - self.south) * self.points_per_m

    @property
    def box(self) -> BaseGeometry:
        """What is seen, in metres."""
        return shapely.box(
            self.west, self.south, self.west + self.width_m, self.south + self.height_m
        )


def frame_around(
    places: Sequence[tuple[float, float]], drawn: Drawing, least_m: float = LEAST_M
) -> Frame:
    """The frame around places in metres that fills a drawing; around the origin without any."""
    xs, ys = [x for x, _ in places] or [0.0], [y for _, y in places] or [0.0]
    wide = max(max(xs) - min(xs), least_m) * (1 + 2 * AROUND)
    high = max(max(ys) - min(ys), least_m) * (1 + 2 * AROUND)
    scale = min(drawn.width / wide, drawn.height / high)
    width_m, height_m = drawn.width / scale, drawn.height / scale
    middle = (max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2
    return Frame(middle[0] - width_m / 2, middle[1] - height_m / 2, width_m, height_m, scale)


def coast(drawn: Drawing, frame: Frame, plane: Plane, land: BaseGeometry) -> None:
    """The land of degrees (longitude, latitude) that lies within the frame."""
    seen = shapely.intersection(plane.project(land), frame.box)
    for shape in shapely.get_parts(seen):
        if shape.geom_type == "Polygon":
            rings = [shape.exterior, *shape.interiors]
            drawn.area([[frame.at(*point) for point in ring.coords] for ring in rings], LAND)


def scale_and_north(drawn: Drawing, frame: Frame) -> None:
    """A bar of a round length, and an arrow to the north."""
    length = max(one for one in BARS_M if one <= max(frame.width_m / 3, BARS_M[0]))
    right = 10 + length * frame.points_per_m
    drawn.line([(10, 16), (10, 10), (right, 10), (right, 16)], 1.0)
    said = f"{length / 1000:g} km" if length >= 1_000 else f"{length} m"
    drawn.label((14, 14), said, 9)
    x, y = drawn.width - 20, drawn.height - 45
    drawn.line([(x, y), (x, y + 28), (x - 5, y + 18)], 1.2)
    drawn.label((x - 3, y - 11), "N", 10)
