"""From map input to drawn maps: one period, or two that can be compared.

Owns that two compared periods have the same bandwidth and the same frame. Must not know requests.
"""

from functools import lru_cache
from typing import Any

import shapely
from msgspec import Struct
from msgspec.structs import replace

from dashboard.analysis import coverage
from dashboard.analysis.coverage import Shape
from dashboard.analysis.rate import LEAST_EFFORT
from dashboard.maps import bounds, coastline, colour_classes, extent, legend
from dashboard.maps.base_layers import COAST, Ground
from dashboard.maps.bounds import Box
from dashboard.maps.extent import Named
from dashboard.maps.folium_page import Page
from dashboard.office.land_files import OfficeLand
from dashboard.office.map import hotspot_map, layers, overview, report_density
from dashboard.office.map.overview import MapInput, Overview
from dashboard.office.map.report_density import ReportMap
from gateway.words.catalogue import Translations

SHORE_DEGREES = 0.001  # about 100 m
SCRIPT_WORDS = (
    "office.",
    "basis.",
    "layer.",
    "report.",
    "map.",
    "species.",
    "mark.trap",
    "condition.",
    "trap_type.",
)


class Drawn(Struct, frozen=True, eq=False):
    """One map with its figures."""

    overview: Overview
    map: Page
    reports: ReportMap | None  # density of reports, if there are enough


def draw(
    inputs: list[MapInput],
    office_land: OfficeLand,
    limits: Box,
    words: Translations,
    ground: Ground,
) -> list[Drawn]:
    """Draw one period, or two that can be compared."""
    width = overview.common_bandwidth(*inputs) if len(inputs) == 2 else None
    land = land_for(inputs, limits)
    window = office_land.boundary or land
    reports = [report for one in inputs for report in one.reports]
    report_bandwidth = report_density.bandwidth(reports, window)
    if ground.coast == COAST:
        ground = replace(ground, first=first_coast(inputs, limits))
    drawn = []
    for no, one in enumerate(inputs):
        computed = overview.overview(one, width, land)
        parts = layers.layers(computed, office_land.protected)
        density = report_density.draw(one.reports, window, report_bandwidth)
        pictures = {
            "surface": layers.picture(computed),
            "density": density.picture if density else None,
        }
        page = hotspot_map.draw(parts, pictures, limits, words, ground, no)
        drawn.append(Drawn(computed, page, density))
    return drawn


def map_limits(inputs: list[MapInput], centre: tuple[float, float] | None) -> Box:
    """The box around the devices on the map, else the configured centre, else the reports."""
    if inputs[0].limits or centre:
        return inputs[0].limits or bounds.around([centre] if centre else [])
    places = {one.id: Named("", one.lat, one.lon) for part in inputs for one in part.reports}
    return extent.split(places)[1] or bounds.JAPAN


def first_coast(inputs: list[MapInput], limits: Box) -> Any:
    """The coarse coast of a map's first picture; None if nothing is drawn, as in `land_for`."""
    return coastline.features(limits, coastline.COARSE) if _has_any(inputs) else None


def land_for(inputs: list[MapInput], limits: Box) -> Shape:
    """The land that a map needs; empty if nothing is drawn, because the box is then all of Japan."""
    return land_and_shore(limits) if _has_any(inputs) else shapely.Polygon()


def _has_any(inputs: list[MapInput]) -> bool:
    return any(one.drawn or one.reports for one in inputs)


@lru_cache(maxsize=4)
def land_and_shore(limits: Box) -> Shape:
    """The land inside a box with a margin of 100 m, because the coastline is simplified."""
    return coverage.from_geojson(coastline.features(limits)).buffer(SHORE_DEGREES, quad_segs=1)


def legends(words: Translations) -> dict[str, Any]:
    """(colour as seen, text) of the classes of both scales, for the templates."""
    return {
        "legend": legend.shown(legend.rows(), "events", words),
        "reports_legend": legend.shown(report_density.legend_rows(), "reports", words),
    }


def script_values(words: Translations, *maps: Page) -> dict[str, Any]:
    """Data for officials.js: words, colours, and the features of each map in order."""
    return {
        "words": words.group(*SCRIPT_WORDS),
        "colours": colour_classes.COLOURS,
        "opacity": colour_classes.OPACITY,
        "seen": [colour_classes.seen(one) for one in colour_classes.COLOURS],
        "least": LEAST_EFFORT,
        "maps": [one.data for one in maps],
    }
