"""SenML (RFC 8428) in JSON: base fields, relative times, one device or many in a pack.

The last part of a name (after ``/`` or ``:``) that the row ``senml`` of models.toml knows is what was
measured, the rest is the device; IPSO paths (``.../3302/0/5500``) are read by their object. Records of
one device and one time make one object.
"""

import re
from typing import Any

import msgspec
from msgspec import Struct

from gateway.dialects import Context
from gateway.dialects.payload import identity, number, parse
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
_UNITS = {"Cel": "temperature", "%RH": "humidity", "%EL": "battery", "lat": "lat", "lon": "lon"}


class _Record(
    Struct,
    rename={"base": "bn", "base_time": "bt", "base_unit": "bu", "unit": "u", "name": "n"},
):
    base: str | None = None
    base_time: float | None = None
    base_unit: str | None = None
    bver: int | None = None
    name: str = ""
    unit: str | None = None
    t: float = 0
    v: Any = None
    vb: bool | None = None
    vs: str | None = None


class _Resolved(Struct, frozen=True):
    device: str
    what: str
    value: Any
    time: float  # seconds since 1970, 0 = now


_pack = msgspec.json.Decoder(list[_Record])


def decode(message: Message, context: Context) -> list[Reading]:
    """Read a pack; what no record of it concerns us is irrelevant."""
    records = parse(_pack, message.payload)
    if not 0 < len(records) <= _MAX_RECORDS:
        raise Refused(Reason.MALFORMED, f"{len(records)} records: 1 to {_MAX_RECORDS}")
    model = (context.models or shipped())[_ROW]
    groups: dict[tuple[float, str], dict[str, Any]] = {}
    for one in _resolve(records, message.received_at.timestamp(), model):
        groups.setdefault((one.time, one.device), {})[one.what] = one.value
    found: list[Reading] = []
    refused = Refused(Reason.IRRELEVANT, "no record tells of animals, traps or devices")
    for (seconds, device), values in sorted(groups.items(), key=lambda item: item[0]):
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


def _resolve(records: list[_Record], now: float, model: Model) -> list[_Resolved]:
    """Apply base name, time and unit, which hold until they are told anew."""
    base, base_time, base_unit = "", 0.0, None
    found = []
    for record in records:
        base = record.base if record.base is not None else base
        base_time = record.base_time if record.base_time is not None else base_time
        base_unit = record.base_unit or base_unit
        device, what = _read_name((base + record.name)[:256], record.unit or base_unit, model)
        if not device:
            raise Refused(Reason.MALFORMED, "a record without a name")
        time = base_time + record.t
        if time and time < _RELATIVE:
            time = max(now + time, 1.0)
        found.append(_Resolved(device, what, _value(record), time))
    return found


def _value(record: _Record) -> Any:
    if record.vb is not None:
        return record.vb
    if record.vs is not None:
        return record.vs
    return number(record.v)


def _read_name(name: str, unit: str | None, model: Model) -> tuple[str, str]:
    """(device, what was measured)."""
    if ipso := _IPSO.match(name):
        what = _OBJECTS.get((ipso["object"], ipso["resource"]), "other")
        return ipso["device"] or name, what
    cut = max(name.rfind("/"), name.rfind(":"))
    leaf = name[cut + 1 :].lower()
    if cut > 0 and leaf in model.own:
        return name[:cut], leaf
    return name.rstrip(":/"), _UNITS.get(unit or "", "other")
