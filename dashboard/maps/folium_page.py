"""Common parts of maps drawn by folium: local files, optional tiles, the parts for a template.

Owns how a folium map becomes a part of a page. PURE: a drawing in, parts of a page out. Data must never
pass through folium, which would execute a name such as "{{ 7*7 }}" as a template. They go to the page as
escaped JSON, `Page.data`.
"""

from typing import Any

from msgspec import Struct

from dashboard.maps import base_layers
from dashboard.maps.folium_alone import JsCode, folium
from dashboard.maps.geojson import collection
from dashboard.web import assets
from gateway.words.catalogue import Translations


class Page(Struct, frozen=True):
    """A map as parts for a template; `html` and `script` are safe to embed as they are."""

    html: str
    script: str
    data: dict[str, Any]  # GeoJSON by layer, for the script
    scripts: list[str]  # URLs to load before `script`
    styles: list[str]


def layer(name: str, draw: str, *, show: bool) -> folium.GeoJson:
    """An empty layer, filled by the page's script; `draw`: the JavaScript function for a point."""
    return folium.GeoJson(collection([]), name=name, show=show, point_to_layer=JsCode(draw))


def offer_tiles(drawing: folium.Map, text: Translations) -> None:
    """Add the tiles, switched off."""
    for tiles in base_layers.offered(text):
        layer = folium.TileLayer(
            tiles.url,
            attr=tiles.credit,
            name=tiles.name,
            overlay=True,
            show=False,
            min_zoom=tiles.least_zoom,
            max_zoom=18,
        )
        layer.add_to(drawing)


def parts(drawing: folium.Map, data: dict[str, Any]) -> Page:
    """A drawn map as parts of a page that loads local files only."""
    assets.localise(drawing)
    figure: Any = drawing.get_root()
    figure.render()
    scripts, styles = assets.links(drawing)
    return Page(
        figure.html.render(), figure.script.render(), data, [*scripts, base_layers.SCRIPT], styles
    )
