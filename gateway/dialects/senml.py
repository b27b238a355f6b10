"""SenML (RFC 8428) in JSON: base fields, relative times, one device or many in a pack.

The last part of a name (after ``/`` or ``:``) that the row ``senml`` of models.toml knows is what was
measured, the rest is the device; IPSO paths (``.../3302/0/5500``) are read by their object. Records of
one device and one time make one object.
"""

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from gateway.dialects import Context
from gateway.dialects.figures import number
from gateway.dialects.mending import describe
from gateway.dialects.payload import identity, parse_any, shown
from gateway.dialects.remedies import SENML_JSON
from gateway.dialects.sensors.interpret import Envelope, readings
from gateway.dialects.sensors.models import Model, shipped
from gateway.dialects.timestamps import instant
from gateway.domain.model import Message, Reading, Reason, Refused, TimeSource

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
_SCALES = {"mV": 0.001, "/": 100.0}  # to the unit of the row
_OF_BATTERY = frozenset(
    ("battery", "batt", "battery_pct", "battery_level", "battery_voltage", "batt_v", "vbat")
)
_VERSION = 10  # RFC 8428, 4.4: a higher one may mean anything by these fields


class _Resolved(Struct, frozen=True):
    device: str
    what: str
    value: Any
    time: float  # seconds since 1970, 0 = now


class _Bases(Struct):
    """Base fields hold until they are told anew."""

    name: str = ""
    time: float = 0.0
    unit: str = ""
    value: float = 0.0


def decode(message: Message, context: Context) -> list[Reading]:
    """Read a pack; what no record of it concerns us is irrelevant."""
    records = _records(message.payload)
    model = (context.models or shipped())[_ROW]
    groups: dict[tuple[float, str], dict[str, Any]] = {}
    for one in _resolve(records, message.received_at.timestamp(), model):
        groups.setdefault((one.time, one.device), {})[one.what] = one.value
    found: list[Reading] = []
    refused = Refused(Reason.IRRELEVANT, "no record tells of animals, traps or devices")
    now = message.received_at.timestamp()
    for (seconds, device), values in sorted(
        groups.items(), key=lambda item: (item[0][0] or now, item[0][1])
    ):
        try:
            found += readings(_envelope(message, seconds, device), model, values, context.devices)
        except Refused as reason:
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


def _records(payload: bytes) -> list[dict[str, Any]]:
    """The records of a pack; the whole pack is refused when a part of it may change the meaning."""
    pack = parse_any(payload, SENML_JSON)
    if not isinstance(pack, list) or not all(isinstance(one, dict) for one in pack):
        shown = describe(pack)
        raise Refused(
            Reason.MALFORMED, f"{shown}: [{{...}}] が必要です / [{{...}}] is expected: {SENML_JSON}"
        )
    if not 0 < len(pack) <= _MAX_RECORDS:
        raise Refused(Reason.MALFORMED, f"{len(pack)} records: 1 to {_MAX_RECORDS}")
    for record in pack:
        _check(record)
    return pack


def _check(record: dict[str, Any]) -> None:
    version = record.get("bver")
    if version is not None and not (type(version) in (int, float) and 0 < version <= _VERSION):
        told = f"bver = {describe(version)}"
        raise Refused(
            Reason.VERSION, f"{told}: {_VERSION} まで読めます / versions up to {_VERSION} are read"
        )
    for name in record:
        if name.endswith("_"):
            shown = name[:24]
            raise Refused(
                Reason.VERSION,
                f"{shown}: 必ず理解すべき項目で、読めません / a field that must be understood, and is not",
            )


def _resolve(records: list[dict[str, Any]], now: float, model: Model) -> list[_Resolved]:
    """Apply the base fields; records without a value only tell them."""
    bases = _Bases()
    found = []
    for record in records:
        _rebase(bases, record)
        name, unit = record.get("n", ""), record.get("u") or bases.unit
        if not isinstance(name, str):
            raise Refused(
                Reason.MALFORMED, f"n = {describe(name)}: 名前が必要です / a name is needed"
            )
        device, what = _read_name((bases.name + name)[:256], unit, model)
        if not device:
            raise Refused(Reason.MALFORMED, "名前のない記録です / a record without a name")
        value = _value(record, bases)
        if value is not None:
            what, value = _in_unit(what, value, unit)
        found.append(_Resolved(device, what, value, _time(record, bases, now)))
    return found


def _rebase(bases: _Bases, record: Mapping[str, Any]) -> None:
    base = record.get("bn", bases.name)
    if not isinstance(base, str):
        raise Refused(Reason.MALFORMED, f"bn = {describe(base)}: 名前が必要です / a name is needed")
    bases.name = base
    if "bt" in record:
        bases.time = number(record["bt"]) or 0.0
    if "bu" in record:
        bases.unit = record["bu"] if isinstance(record["bu"], str) else ""
    if "bv" in record:
        bases.value = _base("bv", record["bv"])


def _base(name: str, value: Any) -> float:
    """A base value changes every value that follows: an odd one cannot be passed over."""
    if value is None:
        return 0.0
    figure = number(value) if isinstance(value, int | float) else None
    if figure is None:
        raise Refused(
            Reason.MALFORMED, f"{name} = {describe(value)}: 数が必要です / a number is needed"
        )
    return figure


def _time(record: Mapping[str, Any], bases: _Bases, now: float) -> float:
    """Seconds since 1970; small times count from now, 0 is now."""
    time = bases.time + (number(record.get("t")) or 0.0)
    return max(now + time, 1.0) if time and time < _RELATIVE else time


def _value(record: Mapping[str, Any], bases: _Bases) -> Any:
    """A boolean, a text or the figure with its base; what is odd stays as it is, and is none of them."""
    for name in ("vb", "vs"):
        if record.get(name) is not None:
            return record[name] if isinstance(record[name], bool) else shown(record[name])
    told = record.get("v")
    if told is None:
        return bases.value if bases.value and not ("vd" in record or "s" in record) else None
    figure = number(told) if isinstance(told, int | float) else None
    return shown(told) if figure is None else figure + bases.value


def _in_unit(what: str, value: Any, unit: Any) -> tuple[str, Any]:
    """A battery's figure under the name that stands for its unit; in a foreign unit it is none."""
    if not unit or not isinstance(unit, str) or what not in _OF_BATTERY:
        return what, value
    if unit not in _BATTERY:
        return "other", value
    scale = _SCALES.get(unit, 1.0)
    return _BATTERY[unit], value * scale if isinstance(value, float) else value


def _read_name(name: str, unit: Any, model: Model) -> tuple[str, str]:
    """(device, what was measured)."""
    if ipso := _IPSO.match(name):
        what = _OBJECTS.get((ipso["object"], ipso["resource"]), "other")
        return ipso["device"] or name, what
    cut = max(name.rfind("/"), name.rfind(":"))
    leaf = name[cut + 1 :].lower()
    if cut > 0 and leaf in model.own:
        return name[:cut], leaf
    told = unit if isinstance(unit, str) else ""
    return name.rstrip(":/"), "battery" if told == "%EL" else _UNITS.get(told, "other")
