"""The schema in InfluxDB: measurements, tags, and fields with their types. PURE.

Owns these tables; INFLUX.md documents them and a test compares both. The first write of a field fixes
its type on the server, so types are decided here only. A tag and a field never share a name. Ids, places
and free text are fields, because each value of a tag makes a series.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal
from urllib.parse import unquote
from zlib import crc32
from zoneinfo import ZoneInfo

from gateway.domain.epoch import HOUR_MS, first_day, local_midnight
from gateway.domain.model import Kind
from gateway.store.rollups.sums import SumUnit

Type = Literal["integer", "float", "string", "boolean"]
NS_A_MS = 1_000_000
HOUR_NS = HOUR_MS * NS_A_MS

LAYOUT = 2  # a new number: all roll-ups are sent again, and read only when that is done
ENDINGS: Mapping[SumUnit, str] = {"hour": "1h", "day": "1d", "month": "1mo"}
"""Roll-ups: `device_1h` has all species together and the effort, `detection_1h` is by species."""

MEASUREMENTS: Mapping[Kind, str] = {
    Kind.DETECTION: "detection",
    Kind.SPRUNG: "trap_event",
    Kind.SET: "trap_event",
    Kind.HEARTBEAT: "heartbeat",
    Kind.TAMPER: "device_event",
    Kind.ONLINE: "device_event",
    Kind.OFFLINE: "device_event",
    Kind.JOIN: "device_event",
}
EVENTS = ("detection", "trap_event", "heartbeat", "device_event")

_EVENT_FIELDS: Mapping[str, Type] = {
    "eid": "string",  # the event's id; "" in a void point
    "void": "integer",  # 1: the event's time was corrected, it is now another point
    "species": "string",  # a field, because it may be corrected; in roll-ups it is a tag
    "n": "integer",  # animals, or 1; always present in detections and trap events, 0 in void points
    "n_assumed": "boolean",  # true: the source gave no count, 1 is assumed
    "is_distinct": "boolean",  # true: the source itself groups detections into events
    "quality": "string",  # model.TimeQuality
    "received_ms": "integer",
    "device_ms": "integer",
    "boot": "integer",
    "seq": "integer",
    "confidence": "float",
    "media": "string",
    "battery_v": "float",
    "battery_pct": "float",
    "battery_low": "boolean",
    "external_power": "boolean",
    "rssi_dbm": "float",
    "snr_db": "float",
    "lat": "float",
    "lon": "float",
    "accuracy_m": "float",
    "unread": "string",  # why the payload could not be read; "" once it was read
}

TAGS: Mapping[str, tuple[str, ...]] = {
    "detection": ("device", "site"),
    "trap_event": ("device", "kind", "site"),
    "heartbeat": ("device", "site"),
    "device_event": ("device", "kind", "site"),
    **{f"detection_{end}": ("device", "site", "species") for end in ENDINGS.values()},
    **{f"device_{end}": ("device", "site") for end in ENDINGS.values()},
    "whole": ("site",),
    "device_state": ("device", "site"),
    "act": ("kind", "site"),
    "report": ("kind", "site"),
}
_SIGHTINGS: Mapping[str, Type] = {
    "records": "integer",
    "independent": "integer",
    "animals": "integer",
}
_DEVICE: Mapping[str, Type] = {
    "alive_ms": "integer",
    "armed_ms": "integer",
    "identified": "integer",  # records with a species
    **_SIGHTINGS,
}
FIELDS: Mapping[str, Mapping[str, Type]] = {
    **dict.fromkeys(EVENTS, _EVENT_FIELDS),
    **{f"detection_{end}": _SIGHTINGS for end in ENDINGS.values()},
    **{f"device_{end}": _DEVICE for end in ENDINGS.values()},
    "whole": {"layout": "integer"},
    "report": {  # sightings.Sighting without notes
        "eid": "string",
        "species": "string",
        "n": "integer",
        "lat": "float",
        "lon": "float",
        "source": "string",
        "municipality": "string",
    },
    "act": {  # model.Act without the person
        "eid": "string",
        "device": "string",
        "species": "string",
        "n": "integer",
        "sex": "string",
        "weight_class": "string",
        "through": "string",
        "recorded_ms": "integer",
        "void": "integer",  # 1: corrected or taken back since; eid is empty, n is 0
    },
    "device_state": {
        "state": "string",  # model.DeviceState as JSON: what the pages read
        "seen_ms": "integer",
        "trap": "string",
        "battery_v": "float",
        "battery_pct": "float",
        "rssi_dbm": "float",
        "snr_db": "float",
        "lat": "float",
        "lon": "float",
    },
}

_UNSAFE = re.compile(r"[%\\\x00-\x1f\x7f]")


def tag_text(value: str) -> str:
    """A tag's value for line protocol: %, \\ and control characters become %XX."""
    return _UNSAFE.sub(lambda found: f"%{ord(found[0]):02X}", value)


def untag(text: str) -> str:
    """The inverse of `tag_text`."""
    return unquote(text)


@lru_cache(20_000)
def day_ns(day: int, zone: ZoneInfo) -> int:
    """Local midnight at the beginning of a day, ns since 1970."""
    return round(local_midnight(day, zone).timestamp()) * 1_000_000_000


def beginning_ns(unit: SumUnit, at: int, zone: ZoneInfo) -> int:
    """The beginning of an hour, local day or month: the time of its roll-ups, ns since 1970."""
    if unit == "hour":
        return at * HOUR_NS
    return day_ns(at if unit == "day" else first_day(at), zone)


def point_ns(observed_ms: int, event_id: str) -> int:
    """An event's time in ns; the digits below the millisecond are a hash of its id.

    So sending an event twice writes the same point, and two events of one millisecond stay two points.
    """
    return observed_ms * NS_A_MS + crc32(event_id.encode()) % NS_A_MS


CLOSED_MS = 5 * 60_000  # an hour is closed this long after its end
