"""What all maps drawn by folium share: own files, offered tiles, the parts for a template.

Owns how a folium map becomes a part of a page. PURE: a drawing in, parts of a page out.
"""

from typing import Any

import folium
from msgspec import Struct

from dashboard import assets, backdrop
from dashboard.text import Text


class Page(Struct, frozen=True):
    """A map as parts for a template; `html` and `script` are safe to embed as they are."""

    html: str
    script: str
    scripts: list[str]  # addresses to load before `script`
    styles: list[str]


def offer_tiles(drawing: folium.Map, text: Text) -> None:
    """Add the tiles, switched off."""
    for tiles in backdrop.offered(text):
        folium.TileLayer(
            tiles.url, attr=tiles.credit, name=tiles.name, overlay=True, show=False,
            min_zoom=tiles.least_zoom, max_zoom=18,
        ).add_to(drawing)  # fmt: skip


def parts(drawing: folium.Map) -> Page:
    """A drawn map as parts of a page that loads own files only."""
    assets.localise(drawing)
    figure: Any = drawing.get_root()
    figure.render()
    scripts, styles = assets.links(drawing)
    return Page(figure.html.render(), figure.script.render(), scripts, styles)
