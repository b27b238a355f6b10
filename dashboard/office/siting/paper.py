"""The list of proposed sites for the field: a table, GPX, and an A4 list with map and QR codes. PURE.

Owns the content of these files. Numbers are those of the page; the order is that of the walk. A QR code
holds the place as a geo: address (RFC 5870), which opens in a phone's map.
"""

from collections.abc import Sequence

import shapely
from msgspec import Struct

from dashboard.documents.gpx import Waypoint, gpx
from dashboard.documents.paper.drawing import Drawing
from dashboard.documents.paper.ground import Frame, coast, frame_around, scale_and_north
from dashboard.documents.paper.pdf import A4, MARGIN, Pdf
from dashboard.documents.table import Table
from dashboard.office.siting import reasons, walk
from dashboard.office.siting.proposals import Proposals
from dashboard.web.entry import qr
from gateway.words.catalogue import Translations

MAP_SIDE, QR_SIDE = A4[0] - 2 * MARGIN, 84.0
CODES_A_ROW = 5


class FieldList(Struct, frozen=True, eq=False):
    """A plan with the texts around it."""

    plan: Proposals
    sentences: Sequence[str]  # why each site, in the plan's order
    title: str
    expected: str
    missing: Sequence[str]  # sentences about inputs that nobody gave
    land: shapely.geometry.base.BaseGeometry  # degrees
    traps: Sequence[tuple[float, float]]  # in place: latitude, longitude

    @property
    def order(self) -> list[int]:
        """The sites in the order of the walk."""
        rules = self.plan.field.rules
        return walk.order([(p.x_m, p.y_m) for p in self.plan.plan.places], rules.start)


def table(found: FieldList, words: Translations) -> Table:
    """One row per site."""
    keys = (
        "no",
        "lat",
        "lon",
        "road",
        "start_away",
        "next",
        "passes",
        "taken",
        "low",
        "high",
        "why",
    )
    rows = []
    for i in found.order:
        site, place = found.plan.sites[i], found.plan.plan.places[i]
        ways = (place.access_m, place.start_m, place.next_trap_m)
        figures = (site.rate100, site.expected.mean, site.expected.low, site.expected.high)
        rows.append(
            (
                i + 1,
                f"{site.lat:.5f}",
                f"{site.lon:.5f}",
                *(None if way is None else reasons.round_m(way) for way in ways),
                *(round(value, 2) for value in figures),
                found.sentences[i],
            )
        )
    note = " ".join([found.expected, *found.missing])
    return Table(
        found.title, tuple(words(f"sites.column_{key}") for key in keys), tuple(rows), note
    )


def as_gpx(found: FieldList) -> bytes:
    """The sites as waypoints, and the walk as a route."""
    points = [
        Waypoint(site.lat, site.lon, f"{i + 1}", found.sentences[i])
        for i in found.order
        for site in [found.plan.sites[i]]
    ]
    return gpx(points, found.title)


def as_pdf(found: FieldList, words: Translations, made: str) -> bytes:
    """The list on A4: what to expect, what nobody knows, map, sites, codes."""
    document = Pdf(found.title)
    document.text(found.title, 15)
    document.text(f"{found.expected} {made}")
    for sentence in found.missing:
        document.text(f"・{sentence}", 8.5)
    document.drawing(_map(found, words))
    for i in found.order:
        site = found.plan.sites[i]
        document.text(f"{i + 1}.  {site.lat:.5f}, {site.lon:.5f}  {found.sentences[i]}")
    document.text(words("sites.qr"), 8.5)
    for first in range(0, len(found.order), CODES_A_ROW):
        document.drawing(_codes(found, found.order[first : first + CODES_A_ROW]))
    document.text(words("sites.caveat"), 8)
    return document.bytes()


def _codes(found: FieldList, sites: Sequence[int]) -> Drawing:
    drawn = Drawing(MAP_SIDE, QR_SIDE + 10)
    for n, i in enumerate(sites):
        site = found.plan.sites[i]
        left = n * MAP_SIDE / CODES_A_ROW
        drawn.squares(qr.squares(f"geo:{site.lat:.6f},{site.lon:.6f}"), (left, 0), QR_SIDE)
        drawn.label((left + 6, QR_SIDE), f"{i + 1}", 9)
    return drawn


def _frame(found: FieldList, drawn: Drawing) -> Frame:
    start = found.plan.field.rules.start
    places = [(p.x_m, p.y_m) for p in found.plan.plan.places]
    return frame_around([*places, *([start] if start else [])], drawn)


def _map(found: FieldList, words: Translations) -> Drawing:
    """Land, roads, the walk, traps in place and the numbered sites, with a scale and north."""
    drawn, rules = Drawing(MAP_SIDE * 0.8, MAP_SIDE * 0.8), found.plan.field.rules
    frame = _frame(found, drawn)
    coast(drawn, frame, found.plan.plane, found.land)
    if rules.access is not None:
        for part in shapely.get_parts(shapely.intersection(rules.access, frame.box)):
            if part.geom_type == "LineString":
                drawn.line([frame.at(*point) for point in part.coords], 0.8)
    _marks(found, frame, drawn, words)
    scale_and_north(drawn, frame)
    drawn.frame()
    return drawn


def _marks(found: FieldList, frame: Frame, drawn: Drawing, words: Translations) -> None:
    places, rules = found.plan.plan.places, found.plan.field.rules
    way = [frame.at(places[i].x_m, places[i].y_m) for i in found.order]
    start = [] if rules.start is None else [frame.at(*rules.start)]
    drawn.line([*start, *way], 0.6, dashed=True)
    for lat, lon in found.traps:
        x, y = found.plan.plane.to_metres(lat, lon)
        drawn.dot(frame.at(float(x), float(y)), 2.5, filled=True)
    for at in start:
        drawn.dot(at, 4, filled=False)
        drawn.label((at[0] + 6, at[1] - 3), words("sites.start_mark"), 9)
    for i, at in zip(found.order, way, strict=True):
        drawn.dot(at, 4.5, filled=False)
        drawn.label((at[0] + 6, at[1] - 3), f"{i + 1}", 11)
