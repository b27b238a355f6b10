"""The officials' map as GeoJSON: one list of features per layer, in a short form. PURE.

Owns the properties of each layer's features. Must not know words: `static/officials.js` has them.
A rate is [per100, low, high, n, effort], and of several devices [..., basis, sites, dispersion]; without
effort it is [null, null, null, n, 0]. With too little effort it is drawn as "no data", which is different
from the lowest class.
"""

from collections.abc import Iterable, Mapping

import shapely
from msgspec import Struct

from dashboard.analysis.coverage import Shape
from dashboard.analysis.rate import RateInterval, rai
from dashboard.analysis.tallies import DeviceTally
from dashboard.live.device_view import DeviceView
from dashboard.maps import colour_classes
from dashboard.maps.geojson import DECIMALS, Feature, feature, point, square
from dashboard.maps.raster import Picture
from dashboard.office.map.hotspots import Hotspots, SensorSpot
from dashboard.office.map.overview import Caught, Overview
from dashboard.office.map.squares import MeshCell, Reported
from gateway.domain.geo import mesh


class Layer(Struct, frozen=True):
    """One layer that can be switched on and off."""

    name: str  # its text has the key "layer.<name>", its JavaScript function is `Officials.<name>`
    features: list[Feature]
    show: bool


def layers(found: Overview, protected: Iterable[Feature] = ()) -> list[Layer]:
    """All layers except the surface, in drawing order from bottom to top."""
    spots = found.hotspots
    rates = {one.device: one.rate for one in spots.sensors} if spots else {}
    return [
        Layer("gaps", _gaps(found.gaps), False),
        Layer("protected", list(protected), True),
        Layer("mesh", [_cell(cell) for cell in found.cells], False),
        Layer("sensors", [_sensor(t, rates) for t in found.tallies if _placed(t)], True),
        Layer("spots", _spots(spots), True),
        Layer("traps", [_trap(view) for view in found.traps if view.lat is not None], False),
        Layer("reports", [_reported(one) for one in found.reports], False),
        Layer("captures", [_caught(one) for one in found.caught], False),
    ]


def places(
    tallies: Iterable[DeviceTally], traps: Iterable[DeviceView], protected: Iterable[Feature]
) -> list[Layer]:
    """The layers of a map without hot spots: land, detectors with their own rates, traps."""
    placed = [tally for tally in tallies if _placed(tally)]
    rates = {one.device: rai(one.n, one.effort) for one in placed if one.effort > 0}
    return [
        Layer("protected", list(protected), True),
        Layer("sensors", [_sensor(one, rates) for one in placed], True),
        Layer("traps", [_trap(view) for view in traps if view.lat is not None], True),
    ]


def picture(found: Overview) -> Picture | None:
    """The surface, if there is one."""
    return found.hotspots.picture if found.hotspots else None


def rate(value: RateInterval) -> list[float | str | None]:
    """A rate as a list, see above."""
    limits = (_short(value.per100), _short(value.low), _short(value.high))
    row: list[float | str | None] = [*limits, value.n, round(value.effort, 2)]
    if value.basis == "exact":
        return row
    return [*row, value.basis, value.sites, _short(value.dispersion)]


def rate_class(value: RateInterval) -> int | None:
    """The class of a rate on the fixed scale, from 0; None: no data, or too little effort."""
    return colour_classes.class_of(value.per100) if value.enough else None


def _cell(cell: MeshCell) -> Feature:
    about = {"code": cell.code, "c": rate_class(cell.rate), "r": rate(cell.rate), "d": cell.devices}
    return square(cell.bounds, about)


def _sensor(tally: DeviceTally, rates: Mapping[str, RateInterval]) -> Feature:
    unknown = RateInterval(tally.n, tally.effort, "camera-days", None, None, None)
    value = rates.get(tally.device, unknown)
    about = {"name": tally.name, "c": rate_class(value), "r": rate(value)}
    return point(tally.lat or 0.0, tally.lon or 0.0, about)


def _spots(spots: Hotspots | None) -> list[Feature]:
    if spots is None:
        return []
    return [_spot(one) for one in spots.sensors if one.spot]


def _spot(one: SensorSpot) -> Feature:
    about = {"spot": one.spot, "z": _short(one.z), "p": round(one.p, 4), "band": one.band_m}
    return point(one.lat, one.lon, about)


def _trap(view: DeviceView) -> Feature:
    about = {"name": view.name, "condition": view.condition.value, "type": view.trap_type}
    return point(view.lat or 0.0, view.lon or 0.0, about)


def _caught(one: Caught) -> Feature:
    return point(one.lat, one.lon, {"name": one.name, "animals": one.animals, "r": rate(one.rate)})


def _reported(one: Reported) -> Feature:
    lat, lon = mesh.centre(one.code)
    return point(lat, lon, {"code": one.code, "kinds": one.kinds, "last": one.last.isoformat()})


def _gaps(shape: Shape | None) -> list[Feature]:
    if shape is None or shape.is_empty:
        return []
    return [feature(shapely.geometry.mapping(shapely.set_precision(shape, 10**-DECIMALS)), {})]


def _placed(tally: DeviceTally) -> bool:
    return tally.lat is not None and tally.lon is not None


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
