"""A camera, a square of land, and which rules have an open alert."""

from typing import Any

import msgspec

from gateway.domain.geo.areas import Land, WatchedLand, parse
from gateway.domain.model import Device, Kind, Role
from tests.gateway.alerts.site import Site

LAT, LON = 32.69, 128.84
DETECTION, HEARTBEAT = Kind.DETECTION, Kind.HEARTBEAT


def square(name: str, half_m: float = 100.0, **settings: Any) -> WatchedLand:
    """A square of land around (LAT, LON)."""
    d = half_m / 111_320
    ring = [
        [LON - d, LAT - d],
        [LON + d, LAT - d],
        [LON + d, LAT + d],
        [LON - d, LAT + d],
        [LON - d, LAT - d],
    ]
    shape = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "properties": {}, "geometry": shape}
    data = msgspec.json.encode({"type": "FeatureCollection", "features": [feature]})
    return parse(Land(name=name, **settings), data)


def camera(
    id_: str = "cam-01", north_m: float = 0.0, area: str = "三井楽", dialect: str = ""
) -> Device:
    return Device(
        id=id_,
        role=Role.DETECTOR,
        lat=LAT + north_m / 111_320,
        lon=LON,
        heartbeat_s=3600,
        area=area,
        dialect=dialect,
    )


def rules_of(site: Site) -> list[str]:
    return sorted(rule for rule, _ in site.open())
