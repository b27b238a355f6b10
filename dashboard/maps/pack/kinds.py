"""The kinds of things on a site's own map, and how important each is.

Owns the tables: names of layers and of properties in public data, ranks (1: seen from afar, 3: from near),
and the levels of detail. PURE.
"""

from collections.abc import Mapping
from enum import StrEnum
from math import inf
from typing import Any

from msgspec import Struct


class MapKind(StrEnum):
    """A layer of the map; the order is that of drawing in `static/basemap.js`."""

    BOUNDARY = "boundary"  # 市町村の区域
    OAZA = "oaza"  # 大字・町丁の区域
    WATER = "water"  # lakes, wide rivers
    CONTOURS = "contours"
    RIVERS = "rivers"
    ROADS = "roads"
    RAILS = "rails"
    PLACES = "places"  # names only


class MapLevel(Struct, frozen=True):
    """One level of detail. `zoom`: of its tiles, None: one for all; `least`: the map zoom it is for."""

    zoom: int | None
    least: float
    tolerance: float  # degrees; smaller details are left out
    ranks: Mapping[MapKind, int]  # the last rank that is drawn, 3 if not named

    def shows(self, kind: MapKind, rank: int) -> bool:
        """Whether something of this rank is drawn."""
        return rank <= self.ranks.get(kind, 3)


LEVELS = (
    MapLevel(
        None,
        0,
        0.0005,
        {
            MapKind.OAZA: 0,
            MapKind.CONTOURS: 0,
            MapKind.ROADS: 2,
            MapKind.RIVERS: 2,
            MapKind.PLACES: 2,
        },
    ),
    MapLevel(11, 12, 0.00012, {MapKind.CONTOURS: 1, MapKind.ROADS: 2}),
    MapLevel(13, 13.5, 0.00002, {}),
)
USUAL_RANK = {MapKind.BOUNDARY: 1, MapKind.RAILS: 1}  # of the others: 2

# Layers of vector tiles: of 国土地理院's 最適化ベクトルタイル, of OpenMapTiles and of Protomaps.
TILE_LAYERS: Mapping[str, MapKind] = {
    "AdmBdry": MapKind.BOUNDARY,
    "WA": MapKind.WATER,
    "Cntr": MapKind.CONTOURS,
    "RvrCL": MapKind.RIVERS,
    "RdCL": MapKind.ROADS,
    "RailCL": MapKind.RAILS,
    "Anno": MapKind.PLACES,
    "boundary": MapKind.BOUNDARY,
    "boundaries": MapKind.BOUNDARY,
    "water": MapKind.WATER,
    "waterway": MapKind.RIVERS,
    "transportation": MapKind.ROADS,
    "roads": MapKind.ROADS,
    "place": MapKind.PLACES,
    "places": MapKind.PLACES,
}

# Where public data keep a name; the first one that is filled counts.
NAME_KEYS = (
    "name",
    "name:ja",
    "名称",
    "vt_text",  # 最適化ベクトルタイル
    "S_NAME",  # 国勢調査 小地域
    "N03_004",  # 国土数値情報 行政区域
    "W05_004",  # 国土数値情報 河川
    "N10_002",
)
ROAD_KEYS = ("vt_rdctg", "highway", "class", "kind")
ROAD_RANKS = {
    **dict.fromkeys(("高速自動車国道等", "国道", "主要道路"), 1),
    **dict.fromkeys(("motorway", "trunk", "primary", "highway", "major_road"), 1),
    **dict.fromkeys(("都道府県道", "secondary", "tertiary", "medium_road"), 2),
    **dict.fromkeys(("市区町村道等", "その他", "unclassified", "residential", "service"), 3),
    **dict.fromkeys(("track", "path", "footway", "minor", "minor_road"), 3),
}
HEIGHT_KEYS = ("vt_alti", "alti", "elev", "ELEV", "標高")
PLACE_KEYS = ("place", "class", "kind_detail")
PLACE_RANKS = {
    **dict.fromkeys(("city", "town"), 1),
    **dict.fromkeys(("village", "suburb", "neighbourhood", "quarter"), 2),
    **dict.fromkeys(("hamlet", "isolated_dwelling", "locality"), 3),
}
ANNO_RANKS = ((200, 1), (300, 2), (500, 3))  # vt_code below: municipalities, settlements, land


def name_of(properties: Mapping[str, Any]) -> str:
    """The name of a thing; "" if it has none."""
    found = (properties.get(key) for key in NAME_KEYS)
    return next((str(one).strip() for one in found if one not in (None, "")), "")


def rank_of(kind: MapKind, properties: Mapping[str, Any]) -> int | None:
    """How important a thing is, 1 to 3; its own property `rank` counts first. None: not for this map."""
    if properties.get("rank") in (1, 2, 3):
        return int(properties["rank"])
    if kind is MapKind.PLACES and "vt_code" in properties:
        code = float(properties["vt_code"] or inf)
        return next((rank for below, rank in ANNO_RANKS if code < below), None)
    if kind is MapKind.CONTOURS:
        return _contour_rank(properties)
    if kind is MapKind.PLACES:
        return _listed(properties, PLACE_KEYS, PLACE_RANKS)
    if kind is MapKind.ROADS:
        return _listed(properties, ROAD_KEYS, ROAD_RANKS)
    return USUAL_RANK.get(kind, 2)


def _listed(properties: Mapping[str, Any], keys: tuple[str, ...], ranks: Mapping[str, int]) -> int:
    found = (ranks.get(str(properties.get(key))) for key in keys)
    return next((rank for rank in found if rank), 2)


def _contour_rank(properties: Mapping[str, Any]) -> int:
    """Each 100 m stands out."""
    for key in HEIGHT_KEYS:
        try:
            height = float(properties.get(key, ""))
        except (TypeError, ValueError):
            continue
        return 1 if height % 100 == 0 else 3
    return 3
