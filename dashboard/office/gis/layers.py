"""The layers: which fields, of which rows.

Owns the names and units of the fields; the texts are in the catalogue under `gis.`. No layer names a person.
Places are exact, except for squares.
"""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from dashboard.analysis.rate import RateInterval, rai
from dashboard.documents.geopackage import Cell, Field, Kind, Layer, Point, Shape
from dashboard.live.device_view import Condition, DeviceView
from dashboard.office.gis import styles
from dashboard.office.map import squares
from dashboard.office.map.overview import MapInput
from gateway.domain.geo.mesh import Bounds
from gateway.domain.model import ActionKind, TrapAction
from gateway.words.catalogue import Translations

RATE: tuple[tuple[str, Kind, str], ...] = (
    ("rate", "REAL", "1/100 d"),
    ("rate_low95", "REAL", "1/100 d"),
    ("rate_high95", "REAL", "1/100 d"),
    ("events", "INTEGER", ""),
    ("camera_days", "REAL", "d"),
    ("interval_from", "TEXT", ""),
    ("interval_sites", "INTEGER", ""),
    ("dispersion", "REAL", ""),
)
FIELDS: dict[str, tuple[tuple[str, Kind, str], ...]] = {  # layer -> name, kind, unit
    "captures": (
        ("capture_id", "TEXT", ""),
        ("device_id", "TEXT", ""),
        ("device_name", "TEXT", ""),
        ("captured_at", "DATETIME", "UTC"),
        ("captured_on", "DATE", ""),
        ("outcome", "TEXT", ""),
        ("species", "TEXT", ""),
        ("animals", "INTEGER", ""),
    ),
    "devices": (
        ("device_id", "TEXT", ""),
        ("device_name", "TEXT", ""),
        ("role", "TEXT", ""),
        ("area", "TEXT", ""),
        ("trap_type", "TEXT", ""),
        ("condition", "TEXT", ""),
        ("silent", "INTEGER", "0/1"),
        ("last_seen", "DATETIME", "UTC"),
        ("battery_pct", "REAL", "%"),
        ("battery_v", "REAL", "V"),
    ),
    "rates": (("device_id", "TEXT", ""), ("device_name", "TEXT", ""), *RATE),
    "squares": (("mesh_code", "TEXT", ""), ("sensors", "INTEGER", ""), *RATE),
}
CAUGHT = {ActionKind.CAPTURED, ActionKind.NON_TARGET}


def layers(
    found: MapInput, views: Sequence[DeviceView], words: Translations, zone: tzinfo
) -> list[Layer]:
    """All layers of one map."""
    return [
        _layer("captures", "POINT", _captures(found, zone), styles.single(), words),
        _layer("devices", "POINT", _devices(views), _conditions(words), words),
        _layer("rates", "POINT", _rates(found), styles.by_rate("rate", "marker"), words),
        _layer("squares", "POLYGON", _squares(found), styles.by_rate("rate", "fill"), words),
    ]


Rows = list[tuple[Sequence[Point], tuple[Cell, ...]]]


def _layer(name: str, geometry: Shape, rows: Rows, style: str, words: Translations) -> Layer:
    fields = tuple(
        Field(field, kind, unit, words(f"gis.field_{field}")) for field, kind, unit in FIELDS[name]
    )
    return Layer(name, words(f"gis.layer_{name}"), geometry, fields, rows, style)


def _conditions(words: Translations) -> str:
    return styles.by_condition((one, words.name("condition", one)) for one in Condition)


def _captures(found: MapInput, zone: tzinfo) -> Rows:
    return [_capture(found, one, zone) for one in found.actions if one.deed in CAUGHT]


def _capture(
    found: MapInput, action: TrapAction, zone: tzinfo
) -> tuple[Sequence[Point], tuple[Cell, ...]]:
    device = found.devices[action.device]
    day = action.at.astimezone(zone).date().isoformat()
    cells = (
        action.id,
        device.id,
        device.label,
        _moment(action.at),
        day,
        action.deed.value,
        action.species,
        action.count,
    )
    return _place(device.lat, device.lon), cells


def _devices(views: Sequence[DeviceView]) -> Rows:
    return [
        (
            _place(one.lat, one.lon),
            (
                one.id,
                one.name,
                one.role.value,
                one.area,
                one.trap_type,
                one.condition.value,
                int(one.silent),
                _moment(one.last_seen),
                one.battery_pct,
                one.battery_v,
            ),
        )
        for one in views
    ]


def _rates(found: MapInput) -> Rows:
    return [
        (_place(one.lat, one.lon), (one.device, one.name, *_rate(rai(one.n, one.effort))))
        for one in found.tallies
    ]


def _squares(found: MapInput) -> Rows:
    cells = squares.cells(found.drawn, found.map_filter.square)
    return [(_corners(one.bounds), (one.code, one.devices, *_rate(one.rate))) for one in cells]


def _rate(rate: RateInterval) -> tuple[Cell, ...]:
    """The fields of RATE; no rate where the effort is too little for one to be drawn."""
    if not rate.effort:
        return None, None, None, rate.n, 0.0, None, None, None
    stands_on = (rate.basis, rate.sites, rate.dispersion)
    drawn = rate.per100 if rate.enough else None
    return drawn, rate.low, rate.high, rate.n, round(rate.effort, 2), *stands_on


def _place(lat: float | None, lon: float | None) -> list[Point]:
    return [] if lat is None or lon is None else [(lat, lon)]


def _corners(bounds: Bounds) -> list[Point]:
    south, west, north, east = bounds
    return [(south, west), (south, east), (north, east), (north, west)]


def _moment(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z") if moment else None
