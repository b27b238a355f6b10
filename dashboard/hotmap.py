"""The officials' map, drawn by folium: the surface, one GeoJSON layer a subject, a legend's data.

Owns how layers become a folium map. PURE: features in, parts of a page out. What a feature looks
like and says is `static/officials.js`'s, which writes text as text.
"""

import base64
from collections.abc import Iterable, Sequence
from typing import Any

import folium
from branca.element import MacroElement
from folium.raster_layers import ImageOverlay
from folium.template import Template
from folium.utilities import JsCode

from dashboard import maps
from dashboard.backdrop import ATTRIBUTION, COAST
from dashboard.frame import Box
from dashboard.layers import Layer
from dashboard.look import collection
from dashboard.raster import Picture
from dashboard.text import Text


class _Start(MacroElement):
    """Hands folium's variables to officials.js."""

    _template = Template("""
        {% macro script(this, kwargs) %}
        Officials.start({
            map: {{ this._parent.get_name() }},
            layers: { {%- for name, variable in this.layers %}{{ name }}: {{ variable }}, {% endfor -%} },
            coast: {{ this.coast|tojson }},
            attribution: {{ this.attribution|tojson }},
        });
        {% endmacro %}
    """)

    def __init__(self, layers: list[tuple[str, str]], coast: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Start"
        self.layers, self.coast, self.attribution = layers, coast, ATTRIBUTION


def draw(
    layers: Sequence[Layer], picture: Picture | None, limits: Box, text: Text, *,
    coast: Any = COAST, tiles: bool = False,
) -> maps.Page:  # fmt: skip
    """Draw a map. `coast`: where the page finds the land, or the land itself as GeoJSON."""
    west, south, east, north = limits
    drawing = folium.Map(
        location=((south + north) / 2, (west + east) / 2), tiles=None, min_zoom=4, max_zoom=18,
        zoom_start=11, zoom_snap=0.25, zoom_animation=False,
    )  # fmt: skip
    if tiles:
        maps.offer_tiles(drawing, text)
    added = [("surface", _surface(picture, text))] if picture else []
    added += [(layer.name, _layer(layer, text)) for layer in layers if layer.features]
    for _, one in added:
        one.add_to(drawing)
    drawing.fit_bounds(_bounds(layers, picture) or [[south, west], [north, east]], padding=(12, 12))
    folium.LayerControl(collapsed=True).add_to(drawing)
    drawing.add_child(_Start([(name, one.get_name()) for name, one in added], coast))
    return maps.parts(drawing)


def _surface(picture: Picture, text: Text) -> Any:
    url = "data:image/png;base64," + base64.b64encode(picture.png).decode()
    return ImageOverlay(url, picture.bounds, name=text("layer.surface"), alt=text("layer.surface"))


def _layer(layer: Layer, text: Text) -> Any:
    return folium.GeoJson(
        collection(layer.features),
        name=text(f"layer.{layer.name}"),
        show=layer.show,
        point_to_layer=JsCode(f"Officials.{layer.name}"),
    )


def _bounds(layers: Iterable[Layer], picture: Picture | None) -> list[list[float]] | None:
    shapes = [feature["geometry"] for layer in layers for feature in layer.features]
    points = [shape["coordinates"] for shape in shapes if shape["type"] == "Point"]
    if not points:  # squares only
        points = [corner for shape in shapes if shape["type"] == "Polygon"
                  for corner in shape["coordinates"][0]]  # fmt: skip
    if not points:
        return picture.bounds if picture else None
    lons, lats = zip(*points, strict=True)
    return [[min(lats), min(lons)], [max(lats), max(lons)]]
