"""Places as GPX 1.1: waypoints and a route, for a map application or a GPS receiver. PURE."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from msgspec import Struct

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<gpx version="1.1" creator="Shishigaki" xmlns="http://www.topografix.com/GPX/1/1">\n'
)


class Waypoint(Struct, frozen=True):
    """A place with its name, and what is to be said of it."""

    lat: float
    lon: float
    name: str
    about: str = ""


def gpx(points: Sequence[Waypoint], title: str) -> bytes:
    """Every place, and a route through them in their order."""
    places = "".join(f"<wpt {_at(one, with_text=True)}</wpt>\n" for one in points)
    way = "".join(f"<rtept {_at(one)}</rtept>\n" for one in points)
    route = f"<rte><name>{_text(title)}</name>\n{way}</rte>\n"
    return f"{HEAD}{places}{route}</gpx>\n".encode()


def _at(one: Waypoint, *, with_text: bool = False) -> str:
    about = f"<desc>{_text(one.about)}</desc>" if with_text and one.about else ""
    return f'lat="{one.lat:.6f}" lon="{one.lon:.6f}"><name>{_text(one.name)}</name>{about}'


def _text(text: str) -> str:
    """Text without the control characters that XML forbids."""
    return escape("".join(one for one in text if one.isprintable()))
