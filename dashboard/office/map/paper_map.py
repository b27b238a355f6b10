"""A map of places for one page of paper: the coast, dots, a scale bar and north.

Owns the marks. Large dots are drawn first, so that none hides another. What they mean is said by whoever
draws.
"""

from collections.abc import Sequence

from msgspec import Struct

from dashboard.analysis import coverage
from dashboard.analysis.projection import Plane
from dashboard.documents.paper import ground
from dashboard.documents.paper.drawing import BLACK, WHITE, Colour, Drawing
from dashboard.maps import bounds, coastline

DARK: Colour = BLACK
MIDDLE: Colour = (90, 140, 200)
OPEN: Colour = WHITE
NUMBER_SIZE = 7.5
LEAST_M = 8_000.0  # so that coasts and bays say where it is


class Mark(Struct, frozen=True):
    """A dot at a place in degrees; `radius` in points."""

    lat: float
    lon: float
    radius: float
    fill: Colour
    text: str = ""


def draw(marks: Sequence[Mark], width: float, height: float) -> Drawing:
    """The map of at least one mark, framed."""
    drawn = Drawing(width, height)
    places = [(one.lat, one.lon) for one in marks]
    lats, lons = zip(*places, strict=True)
    plane = Plane((min(lats) + max(lats)) / 2, (min(lons) + max(lons)) / 2)
    x, y = plane.to_metres(lats, lons)
    metres = list(zip(x.tolist(), y.tolist(), strict=True))
    frame = ground.frame_around(metres, drawn, LEAST_M)
    land = coverage.from_geojson(coastline.features(bounds.around(places)))
    ground.coast(drawn, frame, plane, land)
    order = sorted(range(len(marks)), key=lambda i: -marks[i].radius)
    for i in order:
        drawn.dot(frame.at(*metres[i]), marks[i].radius, filled=True, colour=marks[i].fill)
    for i in order:
        at = frame.at(*metres[i])
        drawn.label((at[0] + marks[i].radius + 1.5, at[1] - 2.5), marks[i].text, NUMBER_SIZE)
    ground.scale_and_north(drawn, frame)
    drawn.frame()
    return drawn
