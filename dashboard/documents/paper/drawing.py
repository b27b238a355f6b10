"""Lines, areas, dots and labels for a page of a PDF, in points from the lower left corner. PURE.

Owns these values. `pdf.Pdf.drawing` draws them on a page.
"""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

Point = tuple[float, float]
Colour = tuple[int, int, int]
BLACK, WHITE, INK = (0, 0, 0), (255, 255, 255), (115, 115, 115)


def grey(share: float) -> Colour:
    """From 0 (black) to 1 (white)."""
    value = round(255 * share)
    return value, value, value


class Label(Struct, frozen=True):
    """A text at a point: where it begins, its middle, or where it ends."""

    x: float
    y: float
    text: str
    size: float
    anchor: Literal["start", "middle", "end"] = "start"


class Area(Struct, frozen=True):
    """A filled polygon with its holes."""

    rings: tuple[tuple[Point, ...], ...]
    fill: Colour


class Line(Struct, frozen=True):
    """A line through points."""

    points: tuple[Point, ...]
    width: float
    dashed: bool = False
    colour: Colour = BLACK


class Dot(Struct, frozen=True):
    """A circle."""

    at: Point
    radius: float
    fill: Colour
    edge: Colour = BLACK


class Box(Struct, frozen=True):
    """An upright rectangle without an edge: its lower left corner, width and height."""

    at: Point
    width: float
    height: float
    fill: Colour


Shape: TypeAlias = Area | Line | Dot | Box


class Drawing:
    """What is drawn within a frame of a width and a height; nothing is seen outside of it."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.shapes: list[Shape] = []
        self.labels: list[Label] = []
        self.is_framed = False

    def area(self, rings: Sequence[Sequence[Point]], fill: Colour) -> None:
        """A filled polygon; rings within the first one are holes."""
        kept = tuple(tuple(ring) for ring in rings if len(ring) > 2)
        if kept:
            self.shapes.append(Area(kept, fill))

    def line(
        self, points: Sequence[Point], width: float, *, dashed: bool = False, colour: Colour = BLACK
    ) -> None:
        """A line through points."""
        if len(points) > 1:
            self.shapes.append(Line(tuple(points), width, dashed, colour))

    def dot(
        self,
        at: Point,
        radius: float,
        *,
        filled: bool,
        colour: Colour = BLACK,
        edge: Colour = BLACK,
    ) -> None:
        """A circle."""
        self.shapes.append(Dot(at, radius, colour if filled else WHITE, edge))

    def squares(self, rows: Sequence[Sequence[bool]], at: Point, side: float) -> None:
        """Black squares where a row says so, the first row on top: a QR code."""
        size = side / max(len(rows), 1)
        for r, row in enumerate(rows):
            for c, is_dark in enumerate(row):
                if is_dark:
                    corner = at[0] + c * size, at[1] + side - (r + 1) * size
                    self.shapes.append(Box(corner, size, size, BLACK))

    def frame(self) -> None:
        """A line around everything."""
        self.is_framed = True

    def label(
        self,
        at: Point,
        text: str,
        size: float,
        anchor: Literal["start", "middle", "end"] = "start",
    ) -> None:
        """A text at a point."""
        self.labels.append(Label(*at, text, size, anchor))
