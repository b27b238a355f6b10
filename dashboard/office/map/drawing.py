"""From facts to drawn maps: one period, or two that can be compared.

Owns that two periods get one bandwidth and one frame. Must not know requests.
"""

from functools import lru_cache
from typing import Any

import shapely
from msgspec import Struct

from dashboard.analysis import coverage
from dashboard.analysis.coverage import Shape
from dashboard.maps import bounds, coastline, extent, raster
from dashboard.maps.base_layers import COAST
from dashboard.maps.bounds import Box
from dashboard.maps.extent import Named
from dashboard.maps.folium_page import Page
from dashboard.office.land_files import Lands
from dashboard.office.map import hotspot_map, layers, overview, report_density
from dashboard.office.map.overview import MapInput, Overview
from dashboard.office.map.report_density import ReportMap
from dashboard.web.i18n import Translations

SHORE_DEGREES = 0.001  # about 100 m
SCRIPT_WORDS = (
    "office.", "layer.", "report.", "map.", "species.", "mark.trap", "condition.", "trap_type.",
)  # fmt: skip


class Drawn(Struct, frozen=True, eq=False):
    """One map with its figures."""

    found: Overview
    map: Page
    reports: ReportMap | None  # their density, if there are enough


def draw(
    facts: list[MapInput],
    owned: Lands,
    limits: Box,
    words: Translations,
    tiles: bool,
    source: Any = None,
) -> list[Drawn]:
    """Draw one period, or two that can be compared; `source`: the land, for a file without server."""
    width = overview.common_bandwidth(*facts) if len(facts) == 2 else None
    land = land_for(facts, limits)
    window = owned.boundary or land
    told_width = report_density.bandwidth([told for one in facts for told in one.reports], window)
    drawn = []
    for no, one in enumerate(facts):
        found = overview.overview(one, width, land)
        parts = layers.layers(found, owned.protected)
        where = source or COAST
        told = report_density.draw(one.reports, window, told_width)
        pictures = {"surface": layers.picture(found), "density": told.picture if told else None}
        page = hotspot_map.draw(parts, pictures, limits, words, coast=where, tiles=tiles, no=no)
        drawn.append(Drawn(found, page, told))
    return drawn


def limits_of(facts: list[MapInput], centre: tuple[float, float] | None) -> Box:
    """The box around the devices that are drawn, else the configured centre, else what people reported."""
    if facts[0].limits or centre:
        return facts[0].limits or bounds.around([centre] if centre else [])
    told = {one.id: Named("", one.lat, one.lon) for part in facts for one in part.reports}
    return extent.split(told)[1] or bounds.JAPAN


def land_for(facts: list[MapInput], limits: Box) -> Shape:
    """The land that a map needs: none where nothing is to be drawn on it, which is all of Japan."""
    return ashore(limits) if any(one.drawn or one.reports for one in facts) else shapely.Polygon()


@lru_cache(maxsize=4)
def ashore(limits: Box) -> Shape:
    """The land inside a box and 100 m of water: the coastline is crude; it does not become stale."""
    return coverage.from_geojson(coastline.features(limits)).buffer(SHORE_DEGREES, quad_segs=1)


def script_values(words: Translations, *maps: Page) -> dict[str, Any]:
    """What officials.js needs to know: words, and each map's features in the maps' order."""
    return {
        "words": words.group(*SCRIPT_WORDS),
        "colours": raster.COLOURS,
        "maps": [one.data for one in maps],
    }
