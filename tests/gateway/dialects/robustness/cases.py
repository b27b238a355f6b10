"""A message of each dialect that says something, and how it is read."""

from typing import Any

from gateway.dialects import Context
from gateway.dialects.table import BY_NAME
from gateway.domain.model import Device, Kind, Reading, Role
from tests.gateway.dialects.fixtures import (
    EUI,
    NATIVE,
    OBJECT,
    PACKET,
    TASMOTA,
    TTN_UP,
    UP,
    chirpstack,
    encode,
    message,
    tts,
)

SPRUNG = {"magnet_status": "open", "battery": 90, "latitude": 32.7, "longitude": 128.8}
ZIGBEE = {"contact": False, "battery": 80, "voltage": 2990, "last_seen": "2026-11-23T04:00:00Z"}
MODEL = Context(devices={EUI: Device(id=EUI, role=Role.TRAP, model="milesight-ws301")}, site="goto")

# Per dialect: a message that says "sprung" or "seen", and the parts without which it says nothing.
# A part is named by its keys from the outside in; what lies inside a named part belongs to it.
Case = tuple[str, str, Any, tuple[tuple[str, ...], ...], Kind]
CASES: dict[str, Case] = {
    "chirpstack": ("chirpstack", UP, chirpstack(SPRUNG), (("object",),), Kind.SPRUNG),
    "tts": (
        "tts",
        TTN_UP,
        tts(SPRUNG),
        (
            *(("uplink_message",), ("uplink_message", "decoded_payload")),
            *(("end_device_ids",), ("end_device_ids", "dev_eui")),
        ),
        Kind.SPRUNG,
    ),
    "meshtastic": (
        "meshtastic",
        "msh/JP/2/json/traps/!a",
        {**PACKET, "type": "detection", "payload": {"text": "Hako detected"}},
        (("from",), ("type",), ("payload",)),
        Kind.SPRUNG,
    ),
    "frigate": (
        "frigate",
        "frigate/events",
        {"type": "new", "before": OBJECT, "after": {**OBJECT, "label": "boar", "sub_label": None}},
        (
            *(("after",), ("after", "id"), ("after", "camera"), ("after", "label")),
            *(("after", "false_positive"), ("after", "sub_label")),
        ),
        Kind.DETECTION,
    ),
    "zigbee2mqtt": ("zigbee2mqtt", "zigbee2mqtt/hako", ZIGBEE, (("contact",),), Kind.SPRUNG),
    "tasmota": ("tasmota", "tele/trap/SENSOR", TASMOTA, (("Switch1",),), Kind.SPRUNG),
    "native": (
        "native",
        "wildlife/v1/goto/trap-07/event",
        NATIVE,
        (("v",), ("kind",), ("id",)),
        Kind.SPRUNG,
    ),
}


def with_part(value: Any, path: tuple[Any, ...], odd: Any) -> Any:
    """The value with `odd` at one place."""
    key, rest = path[0], path[1:]
    put = with_part(value[key], rest, odd) if rest else odd
    if isinstance(value, dict):
        return {**value, key: put}
    return [*value[:key], put, *value[key + 1 :]]


def read(dialect: str, topic: str, value: Any, context: Context = MODEL) -> list[Reading]:
    return BY_NAME[dialect].decode(message(topic, encode(value)), context)
