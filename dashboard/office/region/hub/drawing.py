"""The region's map drawn by folium: an empty map with its frame; squares and points come as data.

Owns how the frame is drawn and the map's data for `static/region.js`, which sets text as text. PURE: squares
in, parts of a page out. Nothing from a town passes through folium (see `dashboard.maps.folium_page`).
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import msgspec
from branca.element import MacroElement

from dashboard.analysis.rate import rai
from dashboard.maps import bounds, folium_page, legend
from dashboard.maps.base_layers import ATTRIBUTION
from dashboard.maps.bounds import JAPAN, Box
from dashboard.maps.colour_classes import COLOURS, OPACITY, class_of, seen
from dashboard.maps.folium_alone import Template, folium
from dashboard.office.region.hub.queries import ExactDevice
from dashboard.office.region.hub.squares import ShownSquare
from dashboard.web.i18n import text
from gateway.domain.epoch import DAY_MS
from gateway.domain.geo import mesh_code
from gateway.words.catalogue import Language, Translations
from gateway.words.visible import shown

COAST = "/region/coast.geojson"
WORDS = ("region.map.", "office.mesh", "role.")


class _Start(MacroElement):
    """Passes the name of folium's JavaScript variable to region.js."""

    _template = Template("""
        {% macro script(this, kwargs) %}
        Region.start({ map: {{ this._parent.get_name() }}, attribution: {{ this.attribution|tojson }} });
        {% endmacro %}
    """)

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Start"
        self.attribution = ATTRIBUTION


def draw(
    squares: Sequence[ShownSquare],
    devices: Sequence[ExactDevice],
    words: Translations,
    link: str = "",
    *,
    tiles: bool = False,
) -> folium_page.Page:
    """A map of squares and devices. `link`: where a square is shown larger, without its code."""
    fitted = _fitted(squares)
    west, south, east, north = bounds.around([(s, w) for s, w in fitted]) if squares else JAPAN
    data = {
        "squares": [one.row for one in squares],
        "devices": [_device(one) for one in devices],
        "colours": COLOURS,
        "opacity": OPACITY,
        "seen": [seen(one) for one in COLOURS],
        "link": link,
        "coast": f"{COAST}?{urlencode({'w': west, 's': south, 'e': east, 'n': north})}",
        "words": words.group(*WORDS),
    }
    page = _frame(fitted, words.language, tiles)
    return msgspec.structs.replace(page, data=data)


def scale(words: Translations) -> list[tuple[str, str]]:
    """Colour and text of each class."""
    return legend.shown(legend.rows(), "events", words)


def _fitted(squares: Sequence[ShownSquare]) -> tuple[tuple[float, float], tuple[float, float]]:
    """South-west and north-east corner of the squares, degrees; of Japan without any."""
    if not squares:
        west, south, east, north = JAPAN
        return (south, west), (north, east)
    edges = [mesh_code.bounds(one.code) for one in squares]
    return (
        (min(one.south for one in edges), min(one.west for one in edges)),
        (max(one.north for one in edges), max(one.east for one in edges)),
    )


@lru_cache(maxsize=32)
def _frame(
    fitted: tuple[tuple[float, float], tuple[float, float]], language: Language, tiles: bool
) -> folium_page.Page:
    (south, west), (north, east) = fitted
    drawing = folium.Map(
        location=((south + north) / 2, (west + east) / 2),
        tiles=None,
        min_zoom=4,
        max_zoom=18,
        zoom_start=8,
        zoom_snap=0.25,
        zoom_animation=False,
        prefer_canvas=True,
    )
    if tiles:
        folium_page.offer_tiles(drawing, text(language))
        folium.LayerControl(collapsed=True).add_to(drawing)
    drawing.fit_bounds(fitted, padding=(12, 12))
    drawing.add_child(_Start())
    return folium_page.parts(drawing, {})


def _device(one: ExactDevice) -> list[object]:
    rate = rai(one.n, one.alive_ms / DAY_MS) if one.role == "detector" else None
    told: list[Any] = [shown(one.name), one.role, round(one.lat, 5), round(one.lon, 5)]
    if rate is None or rate.per100 is None or rate.low is None or rate.high is None:
        return told
    figures = [rate.n, round(rate.effort, 1), rate.per100, rate.low, rate.high]
    return [*told, class_of(rate.per100), *(round(one, 1) for one in figures)]


def coast_box(query: Any) -> Box:
    """The frame of a coastline. Raises ValueError for one that no map asks for."""
    west, south, east, north = (float(query.get(key, "nan")) for key in "wsen")
    on_grid = all((edge / bounds.STEP).is_integer() for edge in (west, south, east, north))
    left, bottom, right, top = JAPAN
    if not (
        on_grid
        and left - 1 <= west < east <= right + 27
        and bottom - 21 <= south < north <= top + 21
    ):
        raise ValueError("w, s, e, n must be degrees around Japan in steps of 0.5")
    return west, south, east, north
