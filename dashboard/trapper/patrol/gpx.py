"""The stops of a patrol as GPX 1.1: waypoints and a route, for a map application or a GPS receiver. PURE."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from dashboard.live.device_view import DeviceView

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<gpx version="1.1" creator="Shishigaki" xmlns="http://www.topografix.com/GPX/1/1">\n'
)


def gpx(stops: Sequence[DeviceView], title: str) -> bytes:
    """Every stop that has a place, in the order of the patrol."""
    placed = [one for one in stops if one.lat is not None and one.lon is not None]
    points = [f"<wpt {_at(one)}</wpt>\n" for one in placed]
    way = "".join(f"<rtept {_at(one)}</rtept>\n" for one in placed)
    route = f"<rte><name>{_text(title)}</name>\n{way}</rte>\n"
    return f"{HEAD}{''.join(points)}{route}</gpx>\n".encode()


def _at(stop: DeviceView) -> str:
    return f'lat="{stop.lat:.6f}" lon="{stop.lon:.6f}"><name>{_text(stop.name)}</name>'


def _text(text: str) -> str:
    """Text without the control characters that XML forbids."""
    return escape("".join(one for one in text if one.isprintable()))
