"""From things to tiles: joined, simplified for each level, cut to tiles, with the names to write. PURE.

Owns the content of a tile: {"layers": {kind: GeoJSON}, "names": [[lon, lat, name, rank]]}.
"""

from collections.abc import Iterable, Iterator

import msgspec
import shapely
from msgspec import Struct
from shapely.geometry.base import BaseGeometry

from dashboard.maps.bounds import Box
from dashboard.maps.geojson import DECIMALS, Feature, collection, feature
from dashboard.maps.pack.errors import MapPackError
from dashboard.maps.pack.kinds import LEVELS, MapKind, MapLevel
from dashboard.maps.pack.places import column, row, tile_box
from dashboard.maps.pack.things import Thing

SITE = "site"
MARGIN = 0.001
MOST_TILES = 3_000
MOST_SITE_BYTES = 1_500_000  # not compressed; a phone draws it at once
MOST_TILE_BYTES = 2_000_000
LINES = {MapKind.ROADS, MapKind.RIVERS, MapKind.RAILS, MapKind.CONTOURS}
BORDERS = {MapKind.BOUNDARY, MapKind.OAZA}
AREAS = ("Polygon", "MultiPolygon")
COARSER = (1, 2, 4, 8)  # a site with much in it is drawn coarser from afar


class _Joined(Struct, frozen=True, eq=False):
    kind: MapKind
    rank: int
    name: str
    shape: BaseGeometry
    label: tuple[float, float] | None


def box_of(things: Iterable[Thing]) -> Box:
    """The box around all things with a little ground, degrees."""
    west, south, east, north = shapely.total_bounds([one.shape for one in things]).tolist()
    return west - MARGIN, south - MARGIN, east + MARGIN, north + MARGIN


def tiles(things: list[Thing], box: Box) -> dict[str, bytes]:
    """The tiles by name: `site`, or zoom/column/row. Raises MapPackError."""
    _check_size(box)
    inside = shapely.box(*box)
    joined = [one for one in _joined(things) if one.shape.intersects(inside)]
    found = {SITE: _site(joined, box)}
    for level in LEVELS[1:]:
        found |= dict(_cut(level, joined, box))
    for name, data in found.items():
        if len(data) > MOST_TILE_BYTES:
            raise MapPackError(
                f"tile {name}: {len(data)} bytes; allowed: {MOST_TILE_BYTES}: give fewer layers, "
                "contours each 20 m, no houses"
            )
    return found


def _check_size(box: Box) -> None:
    west, south, east, north = box
    zoom = LEVELS[-1].zoom or 0
    columns = column(east, zoom) - column(west, zoom) + 1
    rows = row(south, zoom) - row(north, zoom) + 1
    if columns * rows > MOST_TILES:
        raise MapPackError(
            f"{columns * rows} tiles from {west:g}, {south:g} to {east:g}, {north:g}; allowed: "
            f"{MOST_TILES}, some 200 x 200 km: --box WEST,SOUTH,EAST,NORTH"
        )


def _joined(things: Iterable[Thing]) -> list[_Joined]:
    """Things of one kind, rank and name together, so that what tiles had cut is whole again."""
    groups: dict[tuple[MapKind, int, str], list[BaseGeometry]] = {}
    for one in things:
        groups.setdefault((one.kind, one.rank, one.name), []).append(one.shape)
    return [
        _Joined(kind, rank, name, _outline(kind, shape), _label(kind, name, shape))
        for (kind, rank, name), shapes in groups.items()
        for shape in _together(kind, name, shapes)
    ]


def _together(kind: MapKind, name: str, shapes: list[BaseGeometry]) -> list[BaseGeometry]:
    if kind is MapKind.PLACES:  # a name may be that of several places
        return [one.representative_point() for one in shapes]
    whole = shapely.union_all(shapes)
    lines = whole if whole.geom_type != "MultiLineString" else shapely.line_merge(whole)
    return [lines] if name else list(getattr(lines, "geoms", [lines]))


def _outline(kind: MapKind, shape: BaseGeometry) -> BaseGeometry:
    """Borders are drawn as lines: of an area that is cut to a tile the cut would be drawn too."""
    return shape.boundary if kind in BORDERS and shape.geom_type in AREAS else shape


def _label(kind: MapKind, name: str, shape: BaseGeometry) -> tuple[float, float] | None:
    if not name:
        return None
    if kind in LINES:
        longest = max(getattr(shape, "geoms", [shape]), key=lambda one: one.length)
        is_line = longest.geom_type == "LineString" and longest.length > 0
        at = (
            longest.interpolate(0.5, normalized=True) if is_line else longest.representative_point()
        )
    else:
        at = shape.representative_point()
    return round(at.x, DECIMALS), round(at.y, DECIMALS)


def _site(joined: list[_Joined], box: Box) -> bytes:
    level = LEVELS[0]
    data = b""
    for factor in COARSER:
        data = _tile(level, joined, box, level.tolerance * factor)
        if len(data) <= MOST_SITE_BYTES:
            return data
    raise MapPackError(
        f"the map of the whole site: {len(data)} bytes at its coarsest; allowed: {MOST_SITE_BYTES}: "
        "give roads a property rank (1 to 3; 3 is left out from afar), or a smaller --box"
    )


def _cut(level: MapLevel, joined: list[_Joined], box: Box) -> Iterator[tuple[str, bytes]]:
    """The tiles of one level that have something in them."""
    zoom = level.zoom or 0
    west, south, east, north = box
    tree = shapely.STRtree([one.shape for one in joined])
    for x in range(column(west, zoom), column(east, zoom) + 1):
        for y in range(row(north, zoom), row(south, zoom) + 1):
            edges = tile_box(zoom, x, y)
            near = [joined[no] for no in sorted(tree.query(shapely.box(*edges)).tolist())]
            data = _tile(level, near, edges, level.tolerance)
            if data:
                yield f"{zoom}/{x}/{y}", data


def _tile(level: MapLevel, joined: list[_Joined], edges: Box, tolerance: float) -> bytes:
    """What is drawn of a box; b"" if nothing is."""
    layers: dict[MapKind, list[Feature]] = {}
    names = []
    west, south, east, north = edges
    for one in joined:
        if not level.shows(one.kind, one.rank):
            continue
        if one.label and west <= one.label[0] < east and south <= one.label[1] < north:
            names.append([*one.label, one.name, 3 if one.kind in LINES else one.rank])
        if one.kind is not MapKind.PLACES and (shape := _drawn(one.shape, edges, tolerance)):
            drawn = feature(shapely.geometry.mapping(shape), {"rank": one.rank})
            layers.setdefault(one.kind, []).append(drawn)
    if not layers and not names:
        return b""
    ordered = {kind.value: collection(layers[kind]) for kind in MapKind if kind in layers}
    return msgspec.json.encode({"layers": ordered, "names": sorted(names, key=lambda one: one[3])})


def _drawn(shape: BaseGeometry, edges: Box, tolerance: float) -> BaseGeometry | None:
    simple = shapely.simplify(shapely.clip_by_rect(shape, *edges), tolerance)
    short = shapely.set_precision(simple, 10**-DECIMALS, mode="pointwise")
    return None if short.is_empty or short.length < tolerance else short
