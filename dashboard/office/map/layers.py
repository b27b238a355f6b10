"""The officials' map as GeoJSON: one list of features a layer, as short as they can be. PURE.

Owns what each layer tells of a feature. Must not know words: `static/officials.js` writes them.
A rate is told as [per100, low, high, n, effort]; without effort as [null, null, null, n, 0], and is
drawn as "no data", which is not the lowest class and not the highest.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping

import shapely
from msgspec import Struct

from dashboard.analysis.coverage import Shape
from dashboard.analysis.rate import RateInterval
from dashboard.analysis.tallies import DeviceTally
from dashboard.live.device_view import DeviceView
from dashboard.maps import raster
from dashboard.maps.geojson import PLACES, Feature, _feature, point, square
from dashboard.maps.raster import Picture
from dashboard.office.map.hotspots import Hotspots
from dashboard.office.map.overview import Caught, Overview
from dashboard.office.map.squares import MeshCell, Reported
from gateway.domain.geo import mesh


class Layer(Struct, frozen=True):
    """One layer that can be switched."""

    name: str  # the word's key is "layer.<name>", its drawing `Officials.<name>`
    features: list[Feature]
    show: bool


def layers(found: Overview, protected: Iterable[Feature] = ()) -> list[Layer]:
    """All layers but the surface, the lowest first."""
    spots = found.hotspots
    rates = {one.device: one.rate for one in spots.sensors} if spots else {}
    return [
        Layer("gaps", _gaps(found.gaps), False),
        Layer("protected", list(protected), True),
        Layer("mesh", [_cell(cell) for cell in found.cells], False),
        Layer("sensors", [_sensor(t, rates) for t in found.tallies if _placed(t)], True),
        Layer("spots", _spots(spots), True),
        Layer("traps", [_trap(sight) for sight in found.traps if sight.lat is not None], False),
        Layer("reports", [_reported(one) for one in found.reports], False),
        Layer("captures", [_caught(one) for one in found.caught], False),
    ]


def picture(found: Overview) -> Picture | None:
    """The surface, if there is one."""
    return found.hotspots.picture if found.hotspots else None


def rate(value: RateInterval) -> list[float | None]:
    """A rate in short."""
    return [
        _short(value.per100),
        _short(value.low),
        _short(value.high),
        value.n,
        round(value.effort, 1),
    ]


def classed(value: RateInterval) -> int | None:
    """Its class on the fixed scale, from 0; None: no data."""
    return None if value.per100 is None else bisect_right(raster.BREAKS, value.per100)


def _cell(cell: MeshCell) -> Feature:
    about = {"code": cell.code, "c": classed(cell.rate), "r": rate(cell.rate), "d": cell.devices}
    return square(cell.bounds, about)


def _sensor(tally: DeviceTally, rates: Mapping[str, RateInterval]) -> Feature:
    unknown = RateInterval(tally.n, tally.effort, "camera-days", None, None, None)
    value = rates.get(tally.device, unknown)
    about = {"name": tally.name, "c": classed(value), "r": rate(value)}
    return point(tally.lat or 0.0, tally.lon or 0.0, about)


def _spots(spots: Hotspots | None) -> list[Feature]:
    if spots is None:
        return []
    return [
        point(s.lat, s.lon, {"spot": s.spot, "z": _short(s.z), "p": s.p_adjusted and round(s.p_adjusted, 4)})
        for s in spots.sensors
        if s.spot
    ]  # fmt: skip


def _trap(sight: DeviceView) -> Feature:
    about = {"name": sight.name, "condition": sight.condition.value, "type": sight.trap_type}
    return point(sight.lat or 0.0, sight.lon or 0.0, about)


def _caught(one: Caught) -> Feature:
    return point(one.lat, one.lon, {"name": one.name, "animals": one.animals, "r": rate(one.rate)})


def _reported(one: Reported) -> Feature:
    lat, lon = mesh.centre(one.code)
    return point(lat, lon, {"code": one.code, "kinds": one.kinds, "last": one.last.isoformat()})


def _gaps(shape: Shape | None) -> list[Feature]:
    if shape is None or shape.is_empty:
        return []
    return [_feature(shapely.geometry.mapping(shapely.set_precision(shape, 10**-PLACES)), {})]


def _placed(tally: DeviceTally) -> bool:
    return tally.lat is not None and tally.lon is not None


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
