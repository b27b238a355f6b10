"""The base layers of maps: address and credit of the coastline, and optional tiles.

Owns these tables. PURE. Tiles come from another host, so they are requested only after the reader has
switched them on.
"""

from msgspec import Struct

from dashboard.web import assets
from gateway.words.catalogue import Translations

COAST = "/map/coast.geojson"
ATTRIBUTION = (
    '<a href="https://www.openstreetmap.org/copyright">&copy; OpenStreetMap contributors</a>'
)
GSI_LAYERS = (("map.gsi_std", "std"), ("map.gsi_pale", "pale"))
GSI_LINK = '<a href="https://maps.gsi.go.jp/development/ichiran.html">{}</a>'


class Tiles(Struct, frozen=True):
    """One layer of tiles with texts in the reader's language; `credit` is HTML."""

    name: str
    url: str
    credit: str
    least_zoom: int = 5


def offered(text: Translations) -> list[Tiles]:
    """The tiles of 国土地理院 (Geospatial Information Authority of Japan)."""
    credit = GSI_LINK.format(text("map.gsi_credit"))
    return [
        Tiles(text(key), f"{assets.GSI}/xyz/{kind}/{{z}}/{{x}}/{{y}}.png", credit)
        for key, kind in GSI_LAYERS
    ]
