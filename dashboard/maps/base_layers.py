"""What lies under a map's marks: the coastline's address and credit, and the tiles a reader may add.

Owns these tables. PURE. Tiles of another host are offered, never asked for unasked: the reader
switches them on.
"""

from msgspec import Struct

from dashboard.web import assets
from dashboard.web.i18n import Translations

COAST = "/map/coast.geojson"
ATTRIBUTION = (
    '<a href="https://www.openstreetmap.org/copyright">&copy; OpenStreetMap contributors</a>'
)
GSI_LAYERS = (("map.gsi_std", "std"), ("map.gsi_pale", "pale"))
GSI_LINK = '<a href="https://maps.gsi.go.jp/development/ichiran.html">{}</a>'


class Tiles(Struct, frozen=True):
    """One layer of tiles, in the reader's words; `credit` is HTML."""

    name: str
    url: str
    credit: str
    least_zoom: int = 5


def offered(text: Translations) -> list[Tiles]:
    """The tiles of 国土地理院."""
    credit = GSI_LINK.format(text("map.gsi_credit"))
    return [
        Tiles(text(key), f"{assets.GSI}/xyz/{kind}/{{z}}/{{x}}/{{y}}.png", credit)
        for key, kind in GSI_LAYERS
    ]
