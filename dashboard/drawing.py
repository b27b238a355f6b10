"""From facts to drawn maps: one period, or two that can be compared.

Owns that two periods get one bandwidth and one frame. Must not know requests.
"""

from functools import lru_cache
from typing import Any

from msgspec import Struct

from dashboard import coast, coverage, frame, hotmap, layers, overview, raster
from dashboard.backdrop import COAST
from dashboard.coverage import Shape
from dashboard.frame import Box
from dashboard.lands import Lands
from dashboard.maps import Page
from dashboard.overview import Facts, Overview
from dashboard.text import Text

SCRIPT_WORDS = (
    "office.", "layer.", "report.", "map.", "species.", "mark.trap", "condition.", "trap_type.",
)  # fmt: skip


class Drawn(Struct, frozen=True, eq=False):
    """One map with its figures."""

    found: Overview
    map: Page


def draw(
    facts: list[Facts], owned: Lands, limits: Box, words: Text, tiles: bool, source: Any = None
) -> list[Drawn]:
    """Draw one period, or two that can be compared; `source`: the land, for a file without server."""
    width = overview.common_bandwidth(*facts) if len(facts) == 2 else None
    drawn = []
    for one in facts:
        found = overview.overview(one, width, land(limits))
        parts = layers.layers(found, owned.protected)
        where = source or COAST
        page = hotmap.draw(parts, layers.picture(found), limits, words, coast=where, tiles=tiles)
        drawn.append(Drawn(found, page))
    return drawn


def limits_of(facts: list[Facts], centre: tuple[float, float] | None) -> Box:
    """The box around all devices, or around the configured centre."""
    devices = facts[0].devices.values()
    points = [(d.lat, d.lon) for d in devices if d.lat is not None and d.lon is not None]
    return frame.around(points or ([centre] if centre else []))


@lru_cache(maxsize=4)
def land(limits: Box) -> Shape:
    """The land inside a box; a coastline does not become stale."""
    return coverage.from_geojson(coast.features(limits))


def script_values(words: Text) -> dict[str, Any]:
    """What officials.js needs to know."""
    return {"words": words.group(*SCRIPT_WORDS), "colours": raster.COLOURS}
