"""The base layers of maps: address and credit of the coastline, optional tiles, a map pack.

Owns these tables. PURE. Tiles come from another host, so they are requested only after the reader has
switched them on.
"""

from typing import Any

from msgspec import Struct

from dashboard.web import assets
from gateway.words.catalogue import Translations

COAST = "/map/coast.geojson"
SCRIPT = "/static/basemap.js"  # what every map has under its marks
ATTRIBUTION = '<a href="https://www.soest.hawaii.edu/pwessel/gshhg/">GSHHG (LGPL)</a>'
GSI_LAYERS = (("map.gsi_std", "std"), ("map.gsi_pale", "pale"))
GSI_LINK = '<a href="https://maps.gsi.go.jp/development/ichiran.html">{}</a>'


class Tiles(Struct, frozen=True):
    """One layer of tiles with texts in the reader's language; `credit` is HTML."""

    name: str
    url: str
    credit: str
    least_zoom: int = 5


class Ground(Struct, frozen=True):
    """What a map has under its layers."""

    tiles: bool = False  # whether those of GSI are offered
    coast: Any = COAST  # the coastline: its address, or GeoJSON
    first: Any = None  # a coarse one that is drawn until the other is there
    pack: Any = None  # the site's map pack: the address of its list, or the list with its tiles


def offered(text: Translations) -> list[Tiles]:
    """The tiles of 国土地理院 (Geospatial Information Authority of Japan)."""
    credit = GSI_LINK.format(text("map.gsi_credit"))
    return [
        Tiles(text(key), f"{assets.GSI}/xyz/{kind}/{{z}}/{{x}}/{{y}}.png", credit)
        for key, kind in GSI_LAYERS
    ]


def report_tiles(wanted: str) -> str:
    """The address of tiles for the map of residents' reports; "": `dashboard.tiles` allows none."""
    return f"{assets.GSI}/xyz/pale/{{z}}/{{x}}/{{y}}.png" if wanted != "none" else ""
