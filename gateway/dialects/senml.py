"""SenML (RFC 8428) in JSON: base fields, relative times, one device or many in a pack.

The last part of a name (after ``/`` or ``:``) that the row ``senml`` of models.toml knows is the quantity,
the rest is the device; IPSO paths (``.../3302/0/5500``) are read by their object. Records of
one device and one time make one object.
"""

import re
from typing import Any

import msgspec
from msgspec import Struct

from gateway.dialects import Context
from gateway.dialects.payload import bounded, identity, parse_any, shown
from gateway.dialects.payloads.figures import number
from gateway.dialects.payloads.remedies import Remedy
from gateway.dialects.payloads.side_fields import describe, mended
from gateway.dialects.sensors.interpret import Envelope, readings
from gateway.dialects.sensors.models import Model, shipped
from gateway.dialects.timestamps import instant
from gateway.domain.model import Message, MessageRefusedError, Reading, RefusalReason, TimeSource

FILTERS = ("senml/#",)

_ROW = "senml"
_MAX_RECORDS = 512
_RELATIVE = 2**28  # RFC 8428, 4.5.3: smaller times count from now
_IPSO = re.compile(r"(?P<device>.*?)/?(?P<object>\d{4,5})/\d{1,5}/(?P<resource>\d{4})\Z")
_OBJECTS = {
    ("3200", "5500"): "digital",
    ("3302", "5500"): "presence",
    ("3342", "5500"): "digital",
    ("3347", "5500"): "button",
    ("3303", "5700"): "temperature",
    ("3304", "5700"): "humidity",
    ("3", "9"): "battery",
}
_UNITS = {"Cel": "temperature", "%RH": "humidity", "lat": "lat", "lon": "lon"}
_BATTERY = {
    "%EL": "battery_pct",
    "V": "battery_voltage",
    "mV": "battery_voltage",
    "/": "battery_pct",
}
_SCALES = {"mV": 0.001, "/": 100.0}  # factor to the unit of the row
_OF_BATTERY = frozenset(
    ("battery", "batt", "battery_pct", "battery_level", "battery_voltage", "batt_v", "vbat")
)
_VERSION = 10  # RFC 8428, 4.4: in a higher version these fields may mean something else


class _Record(
    Struct,
    rename={
        "base": "bn",
        "base_time": "bt",
        "base_unit": "bu",
        "base_value": "bv",
        "version": "bver",
        "name": "n",
        "unit": "u",
    },
):
    base: str | None = None
    base_time: float | None = None
    base_unit: str | None = None
    base_value: Any = None
    version: Any = None
    name: str = ""
    unit: str | None = None
    t: float = 0.0
    v: Any = None
    vb: Any = None
    vs: Any = None
    vd: Any = None
    s: Any = None


class _Resolved(Struct, frozen=True):
    device: str
    what: str
    value: Any
    time: float  # seconds since 1970, 0 = now


_pack = msgspec.json.Decoder(list[_Record])
_CORE = ("bn", "n")


def decode(message: Message, context: Context) -> list[Reading]:
    """Read a pack; a pack without any record for us is irrelevant."""
    records = _records(message.payload)
    model = (context.models or shipped())[_ROW]
    groups: dict[tuple[float, str], dict[str, Any]] = {}
    for one in _resolve(records, message.received_at.timestamp(), model):
        groups.setdefault((one.time, one.device), {})[one.what] = one.value
    found: list[Reading] = []
    refused = MessageRefusedError(
        RefusalReason.IRRELEVANT, "no record tells of animals, traps or devices"
    )
    now = message.received_at.timestamp()
    for (seconds, device), values in sorted(
        groups.items(), key=lambda item: (item[0][0] or now, item[0][1])
    ):
        try:
            found += readings(_envelope(message, seconds, device), model, values, context.devices)
        except MessageRefusedError as reason:
            refused = reason
    if not found:
        raise refused
    return found


def _envelope(message: Message, seconds: float, device: str) -> Envelope:
    time = instant(seconds) if seconds else None
    return Envelope(
        device=device,
        id=f"{identity(message, time)}:{device}",
        time=time,
        time_source=TimeSource.RTC if time else TimeSource.NONE,
    )


def _records(payload: bytes) -> list[_Record]:
    """The records of a pack; the whole pack is refused when a part of it may change the meaning."""
    if b'_"' in payload:
        _must_understand(parse_any(payload, Remedy.SENML_JSON))
    try:
        records = _pack.decode(bounded(payload))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        records = _mended(parse_any(payload, Remedy.SENML_JSON))
    if not 0 < len(records) <= _MAX_RECORDS:
        raise MessageRefusedError(
            RefusalReason.MALFORMED, f"{len(records)} records: 1 to {_MAX_RECORDS}"
        )
    return records


def _mended(pack: Any) -> list[_Record]:
    if not isinstance(pack, list):
        what = describe(pack)
        raise MessageRefusedError(
            RefusalReason.MALFORMED,
            f"{what}: [{{...}}] が必要です / is expected: {Remedy.SENML_JSON}",
        )
    return [mended(_Record, one, _CORE) for one in pack[: _MAX_RECORDS + 1]]


def _must_understand(pack: Any) -> None:
    """RFC 8428, 4.4: a field whose name ends in ``_`` changes what others mean."""
    for record in pack if isinstance(pack, list) else ():
        for name in record if isinstance(record, dict) else ():
            if name.endswith("_"):
                detail = f"{name[:24]}: 理解が必須の項目です / a field that must be understood"
                raise MessageRefusedError(RefusalReason.VERSION, detail)


def _resolve(records: list[_Record], now: float, model: Model) -> list[_Resolved]:
    """Apply the base fields, which hold until a record changes them."""
    base, base_time, base_unit, base_value = "", 0.0, None, 0.0
    found = []
    for record in records:
        base = record.base if record.base is not None else base
        base_time = record.base_time if record.base_time is not None else base_time
        base_unit = record.base_unit or base_unit
        if record.version is not None:
            _check_version(record.version)
        if record.base_value is not None:
            base_value = _number("bv", record.base_value)
        unit = record.unit or base_unit
        device, what = _read_name((base + record.name)[:256], unit, model)
        if not device:
            raise MessageRefusedError(
                RefusalReason.MALFORMED, "名前のない記録です / a record without a name"
            )
        time = base_time + record.t
        if time and time < _RELATIVE:
            time = max(now + time, 1.0)
        value = _value(record, base_value)
        if unit and what in _OF_BATTERY:
            what, value = _in_unit(what, value, unit)
        found.append(_Resolved(device, what, value, time))
    return found


def _check_version(version: Any) -> None:
    if not (type(version) in (int, float) and 0 < version <= _VERSION):
        what = f"bver = {describe(version)}"
        raise MessageRefusedError(
            RefusalReason.VERSION,
            f"{what}: {_VERSION} まで読めます / versions up to {_VERSION} are read",
        )


def _number(name: str, value: Any) -> float:
    """A base value. It changes every value that follows, so an impossible one refuses the pack."""
    figure = number(value) if isinstance(value, int | float) else None
    if figure is None:
        raise MessageRefusedError(
            RefusalReason.MALFORMED,
            f"{name} = {describe(value)}: 数が必要です / a number is needed",
        )
    return figure


def _value(record: _Record, base: float) -> Any:
    """A boolean, a text or the number with its base; anything else is given back as it is."""
    value = record.vb if record.vb is not None else record.vs
    if value is not None:
        return value if isinstance(value, bool) else shown(value)
    value = record.v
    if value is None:
        return base if base and record.vd is None and record.s is None else None
    figure = number(value) if isinstance(value, int | float) else None
    return shown(value) if figure is None else figure + base


def _in_unit(what: str, value: Any, unit: str) -> tuple[str, Any]:
    """A battery's figure under the name of its unit; None in any other unit."""
    if unit not in _BATTERY:
        return what, None
    scale = _SCALES.get(unit, 1.0)
    return _BATTERY[unit], value * scale if isinstance(value, float) else value


def _read_name(name: str, unit: str | None, model: Model) -> tuple[str, str]:
    """(device, quantity)."""
    if ipso := _IPSO.match(name):
        what = _OBJECTS.get((ipso["object"], ipso["resource"]), "other")
        return ipso["device"] or name, what
    cut = max(name.rfind("/"), name.rfind(":"))
    leaf = name[cut + 1 :].lower()
    if cut > 0 and leaf in model.own:
        return name[:cut], leaf
    return name.rstrip(":/"), "battery" if unit == "%EL" else _UNITS.get(unit or "", "other")
