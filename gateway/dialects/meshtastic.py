"""Meshtastic JSON: ``{root}/2/json/{channel}/!{gateway}``, firmware up to 2.7 and the mqtt-converter.

Several gateways repeat a packet; (from, id) names it. ``timestamp`` is the receiving node's clock,
0 while it has none. The detection sensor module says "<name> detected" and "<name> state: 0|1".
"""

import re
from typing import Any

import msgspec
from msgspec import Struct

from gateway.dialects import Context
from gateway.dialects.payload import (
    Counter,
    identity,
    number,
    parse,
    place,
    rssi_dbm,
    snr_db,
    volts,
)
from gateway.dialects.sensors import binary
from gateway.dialects.sensors.interpret import battery_pct
from gateway.dialects.timestamps import instant
from gateway.domain.model import Kind, Message, Reading, Reason, Refused, TimeSource
from gateway.domain.species import UNKNOWN

FILTERS = ("msh/+/2/json/+/+", "msh/2/json/+/+")

_SAID = re.compile(r"(?P<name>.{0,64}?)\s*(?:(?P<edge>detected)|state:\s*(?P<state>[01]))\s*\Z")


class _Packet(Struct, rename={"sender_id": "from"}):
    sender_id: int
    id: Counter = 0
    type: str = ""
    payload: Any = None
    timestamp: Any = None
    rssi: Any = None
    snr: Any = None


_packet = msgspec.json.Decoder(_Packet)


def decode(message: Message, context: Context) -> list[Reading]:
    """Read a packet: the detection module's words, else a sign of life with its facts."""
    packet = parse(_packet, message.payload)
    if not 0 < packet.sender_id < 2**32:
        raise Refused(Reason.MALFORMED, "`from` is no node number")
    device = f"!{packet.sender_id:08x}"
    kind, is_state = _means(packet, device, context)
    time = instant(packet.timestamp)
    facts = _facts(packet) | {"rssi_dbm": rssi_dbm(packet.rssi), "snr_db": snr_db(packet.snr)}
    if kind is Kind.DETECTION:
        facts["species"] = UNKNOWN
    return [
        Reading(
            id=f"{device}:{packet.id}" if packet.id else identity(message, time),
            device=device,
            kind=kind,
            is_state=is_state,
            device_time=time,
            time_source=TimeSource.RTC if time else TimeSource.NONE,
            is_time_loose=True,  # each receiving node tells its own
            **facts,
        )
    ]


def _means(packet: _Packet, device: str, context: Context) -> tuple[Kind, bool]:
    if packet.type != "detection":
        return Kind.HEARTBEAT, False
    inner = packet.payload
    text = inner.get("text") if isinstance(inner, dict) else inner
    said = _SAID.match(text[:128]) if isinstance(text, str) else None
    if said is None:
        raise Refused(
            Reason.MALFORMED, "detection: '<name> detected' or '<name> state: 0|1'", device
        )
    active = said["edge"] is not None or said["state"] == "1"
    kind = binary.kind(active, context.devices.get(device), said["name"])
    return kind, said["state"] is not None


def _facts(packet: _Packet) -> dict[str, Any]:
    inner = packet.payload
    if not isinstance(inner, dict):
        return {}
    if packet.type == "position":
        lat, lon = number(inner.get("latitude_i")), number(inner.get("longitude_i"))
        return place(lat / 1e7, lon / 1e7) if lat is not None and lon is not None else {}
    if packet.type == "telemetry" and "battery_level" in inner:
        voltage = volts(inner.get("voltage"))
        return battery_pct(inner["battery_level"]) | ({"battery_v": voltage} if voltage else {})
    return {}
