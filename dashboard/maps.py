"""The maps, drawn by folium: own files, offline coastline, one GeoJSON layer a subject.

Owns which layers a map has. PURE: features in, parts of a page out. Marks and pop-ups are drawn by
`static/map.js`, which writes text as text. Data never pass through folium, which would read a name
like "{{ 7*7 }}" as a template and run it: they reach the page as escaped JSON, `Page.data`.
Tiles of another host are offered, never asked for unasked: the reader switches them on.
"""

from collections.abc import Sequence
from typing import Any

import folium
from branca.element import MacroElement
from folium.template import Template
from folium.utilities import JsCode
from msgspec import Struct

from dashboard import assets
from dashboard.coast import ATTRIBUTION, Box
from dashboard.look import Feature, collection
from dashboard.text import Text

GSI_LAYERS = (("map.gsi_std", "std"), ("map.gsi_pale", "pale"))
LEAST_SPAN = 0.01  # degrees: a map fitted to one single point has no zoom at all
GSI_LINK = '<a href="https://maps.gsi.go.jp/development/ichiran.html">{}</a>'


class Page(Struct, frozen=True):
    """A map as parts for a template; `html` and `script` are safe to embed as they are."""

    html: str
    script: str
    data: dict[str, Any]  # GeoJSON by layer, for the script
    scripts: list[str]  # addresses to load before `script`
    styles: list[str]


class _Start(MacroElement):
    """Hands folium's variables to map.js."""

    _template = Template("""
        {% macro script(this, kwargs) %}
        Shishigaki.start({
            map: {{ this._parent.get_name() }},
            layers: { rates: {{ this.rates }}, devices: {{ this.devices }} },
            tiles: [{{ this.tiles|join(", ") }}],
            coast: {{ this.coast|tojson }},
            attribution: {{ this.attribution|tojson }},
        });
        {% endmacro %}
    """)

    def __init__(self, rates: str, devices: str, tiles: list[str], coast: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Start"
        self.rates, self.devices, self.tiles, self.coast = rates, devices, tiles, coast
        self.attribution = ATTRIBUTION


def live_map(
    devices: list[Feature], rates: list[Feature], limits: Box, text: Text, *, tiles: bool
) -> Page:
    """The live map: devices, sensors' rates, coastline inside `limits`, GSI tiles if offered."""
    west, south, east, north = limits
    drawing = folium.Map(
        location=((south + north) / 2, (west + east) / 2),
        tiles=None,
        min_zoom=4,
        max_zoom=18,
        zoom_start=11,
        prefer_canvas=True,
        zoom_snap=0.5,
    )
    offered = offer_tiles(drawing, text) if tiles else []
    circles = layer(text("map.rates"), "Shishigaki.rate", show=False).add_to(drawing)
    marks = layer(text("map.devices"), "Shishigaki.mark", show=True).add_to(drawing)
    drawing.fit_bounds(_bounds(devices) or [[south, west], [north, east]], padding=(18, 18))
    folium.LayerControl(collapsed=True).add_to(drawing)
    names = circles.get_name(), marks.get_name()
    drawing.add_child(_Start(*names, offered, "/map/coast.geojson"))
    return parts(drawing, {"rates": collection(rates), "devices": collection(devices)})


def layer(name: str, draw: str, *, show: bool) -> folium.GeoJson:
    """An empty layer that the page's script fills; `draw`: its function for a point."""
    return folium.GeoJson(collection([]), name=name, show=show, point_to_layer=JsCode(draw))


def offer_tiles(drawing: folium.Map, text: Text) -> list[str]:
    """Add GSI's tiles, switched off; gives the layers' names in the script."""
    layers = [
        folium.TileLayer(
            f"{assets.GSI}/xyz/{kind}/{{z}}/{{x}}/{{y}}.png",
            attr=GSI_LINK.format(text("map.gsi_credit")),
            name=text(key),
            overlay=True,
            show=False,
            min_zoom=5,
            max_zoom=18,
        ).add_to(drawing)
        for key, kind in GSI_LAYERS
    ]
    return [layer.get_name() for layer in layers]


def _bounds(found: list[Feature]) -> list[list[float]] | None:
    if not found:
        return None
    lons, lats = zip(*(feature["geometry"]["coordinates"] for feature in found), strict=True)
    (south, north), (west, east) = _span(lats), _span(lons)
    return [[south, west], [north, east]]


def _span(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    more = max(0.0, LEAST_SPAN - (high - low)) / 2
    return low - more, high + more


def parts(drawing: folium.Map, data: dict[str, Any]) -> Page:
    """A drawn map as parts of a page that loads own files only."""
    assets.localise(drawing)
    figure: Any = drawing.get_root()
    figure.render()
    scripts, styles = assets.links(drawing)
    return Page(figure.html.render(), figure.script.render(), data, scripts, styles)
