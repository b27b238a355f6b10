"""The officials' map drawn by folium: the surface picture and one GeoJSON layer per subject.

Owns how layers become a folium map. PURE: features in, parts of a page out. The look and the text of
a feature are in `static/officials.js`, which sets text as text. Features reach the script as the
page's data, never through folium (see `dashboard.maps.folium_page`).
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from branca.element import MacroElement

from dashboard.maps import bounds, folium_page
from dashboard.maps.base_layers import ATTRIBUTION, Ground
from dashboard.maps.bounds import Box
from dashboard.maps.folium_alone import ImageOverlay, Template, folium
from dashboard.maps.geojson import collection
from dashboard.maps.raster import Picture
from dashboard.office.map.layers import Layer
from dashboard.web.i18n import text
from gateway.words.catalogue import Language, Translations

Corners = tuple[tuple[float, float], tuple[float, float]]  # south-west, north-east; (lat, lon)
ShownLayer = tuple[str, bool]  # a layer's name, and whether it is shown at once
Pictured = tuple[str, Corners]
EMPTY_PICTURE = "data:,"


class _Start(MacroElement):
    """Passes the names of folium's JavaScript variables to officials.js."""

    _template = Template("""
        {% macro script(this, kwargs) %}
        Officials.start({
            map: {{ this._parent.get_name() }},
            layers: { {%- for name, variable in this.layers %}{{ name }}: {{ variable }}, {% endfor -%} },
            attribution: {{ this.attribution|tojson }},
            control: {{ this.control }},
        });
        {% endmacro %}
    """)

    def __init__(self, layers: list[tuple[str, str]], control: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Start"
        self.layers, self.control, self.attribution = layers, control, ATTRIBUTION


def draw(
    layers: Sequence[Layer],
    pictures: Mapping[str, Picture | None],
    limits: Box,
    words: Translations,
    ground: Ground,
    no: int = 0,
) -> folium_page.Page:
    """Draw a map.

    `no`: number of the map on its page, from 0.
    """
    filled = [layer for layer in layers if layer.features]
    drawn = {name: picture for name, picture in pictures.items() if picture}
    corners = [picture.bounds for picture in drawn.values()]
    west, south, east, north = limits
    page = _frame(
        tuple((layer.name, layer.show) for layer in filled),
        tuple(zip(drawn, corners, strict=True)),
        _bounds(filled) or next(iter(corners), ((south, west), (north, east))),
        words.language,
        ground.tiles,
        no,
    )
    data: dict[str, Any] = {
        "layers": {layer.name: collection(layer.features) for layer in filled},
        "pictures": {name: _url(picture) for name, picture in drawn.items()},
        "coast": ground.coast,
        "first": ground.first,
        "pack": ground.pack,
    }
    return msgspec.structs.replace(page, data=data)


@lru_cache(maxsize=32)
def _frame(
    shown: tuple[ShownLayer, ...],
    pictured: tuple[Pictured, ...],
    fitted: Corners,
    language: Language,
    tiles: bool,
    no: int,
) -> folium_page.Page:
    """The map without its data: it depends only on the arguments, so it can be cached.

    `no` separates two maps of one page, because folium's names must be different.
    """
    words = text(language)
    (south, west), (north, east) = fitted
    drawing = folium.Map(
        location=((south + north) / 2, (west + east) / 2),
        tiles=None,
        min_zoom=4,
        max_zoom=18,
        zoom_start=11,
        zoom_snap=0.25,
        zoom_animation=False,
    )
    if tiles:
        folium_page.offer_tiles(drawing, words)
    added = [(name, _picture(name, corners, words)) for name, corners in pictured]
    added += [
        (name, folium_page.layer(words(f"layer.{name}"), f"Officials.{name}", show=show))
        for name, show in shown
    ]
    for _, one in added:
        one.add_to(drawing)
    drawing.fit_bounds(fitted, padding=(12, 12))
    control = folium.LayerControl(collapsed=True).add_to(drawing)
    named = [(name, one.get_name()) for name, one in added]
    drawing.add_child(_Start(named, control.get_name()))
    return folium_page.parts(drawing, {})


def _picture(name: str, corners: Corners, words: Translations) -> folium.map.Layer:
    title = words(f"layer.{name}")
    return ImageOverlay(EMPTY_PICTURE, corners, name=title, alt=title, show=name == "surface")


def _url(picture: Picture) -> str:
    return "data:image/png;base64," + base64.b64encode(picture.png).decode()


def _bounds(layers: Iterable[Layer]) -> Corners | None:
    shapes = [feature["geometry"] for layer in layers for feature in layer.features]
    points = [shape["coordinates"] for shape in shapes if shape["type"] == "Point"]
    if not points:  # squares only
        polygons = [shape for shape in shapes if shape["type"] == "Polygon"]
        points = [corner for shape in polygons for corner in shape["coordinates"][0]]
    if not points:
        return None
    (south, west), (north, east) = bounds.fitted([(lon, lat) for lon, lat in points], bounds.JAPAN)
    return (south, west), (north, east)
