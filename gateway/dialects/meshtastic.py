"""Meshtastic JSON: ``{root}/2/json/{channel}/!{gateway}``, firmware up to 2.7 and the mqtt-converter.

Several gateways repeat a packet; (from, id) identifies it. ``timestamp`` is the receiving node's clock,
0 while it has none. The detection sensor module sends "<name> detected" and "<name> state: 0|1".
"""

import re
from typing import Any

import msgspec
from msgspec import Struct

from gateway.dialects import Context
from gateway.dialects.payload import identity, parse
from gateway.dialects.payloads import figures
from gateway.dialects.payloads.remedies import Remedy
from gateway.dialects.sensors import binary
from gateway.dialects.timestamps import instant
from gateway.domain.model import (
    Kind,
    Message,
    MessageRefusedError,
    Reading,
    RefusalReason,
    TimeSource,
)
from gateway.domain.species import UNKNOWN

FILTERS = ("msh/+/2/json/+/+", "msh/2/json/+/+")

_SAID = re.compile(
    r"(?P<name>.{0,64}?)\s*(?:(?P<edge>detected)|state:\s*(?P<state>[01]))[\W_]*\Z", re.DOTALL
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2060\ufeff]+")  # send_bell adds BEL
_EVERYBODY = 0xFFFF_FFFF  # the address of a broadcast
_POWERED = 101  # this firmware's value for external power
_BLURRED_M = 23_905_787.9  # accuracy of a position with 0 bits; each bit halves it


class _Packet(Struct, rename={"sender_id": "from"}):
    sender_id: int | float
    id: Any = 0
    type: str = ""
    payload: Any = None
    timestamp: Any = None
    rssi: Any = None
    snr: Any = None


_packet = msgspec.json.Decoder(_Packet)


def decode(message: Message, context: Context) -> list[Reading]:
    """Read a packet: a message of the detection module, else a sign of life with its measurements."""
    packet = parse(_packet, message.payload, Remedy.MESHTASTIC_JSON, core=("type",))
    number = _unsigned(packet.sender_id)
    if not 0 < number < _EVERYBODY:
        detail = f"from = {str(packet.sender_id)[:24]}: ノード番号ではありません / no node number"
        raise MessageRefusedError(RefusalReason.MALFORMED, detail)
    device = f"!{number:08x}"
    kind, is_state, name = _means(packet, device, context)
    time = instant(packet.timestamp)
    facts = _facts(packet)
    if kind is Kind.DETECTION:
        facts["species"] = UNKNOWN
    sent = _unsigned(packet.id) if type(packet.id) is int else 0
    return [
        Reading(
            id=f"{device}:{sent}" if sent else identity(message, time),
            device=device,
            kind=kind,
            is_state=is_state,
            device_time=time,
            time_source=TimeSource.RTC if time else TimeSource.NONE,
            clock=f"meshtastic:{message.topic.rpartition('/')[2][:32]}",
            is_time_loose=True,  # each receiving node puts its own time
            rssi_dbm=figures.rssi_dbm(packet.rssi),
            snr_db=figures.snr_db(packet.snr),
            input=name,
            is_content=packet.type == "detection",
            **facts,
        )
    ]


def _unsigned(value: float) -> int:
    """A 32-bit number that older firmware writes with a sign; 0 for anything else."""
    if type(value) is int and 0 <= value < 2**32:
        return value
    if not -(2**31) <= value < 2**32 or value != int(value):
        return 0
    return int(value) & 0xFFFF_FFFF


def _means(packet: _Packet, device: str, context: Context) -> tuple[Kind, bool, str]:
    """The kind, whether it is a state, and the sensor's name."""
    if packet.type != "detection":
        return Kind.HEARTBEAT, False, ""
    inner = packet.payload
    text = inner.get("text") if isinstance(inner, dict) else inner
    sentence = _sentence(text[:192]) if isinstance(text, str) else None
    if sentence is None:
        shown = repr(text)[:40] if isinstance(text, str) else "no text"
        raise MessageRefusedError(
            RefusalReason.MALFORMED, f"{shown}: {Remedy.MESHTASTIC_TEXT}", device, unread=True
        )
    active = sentence["edge"] is not None or sentence["state"] == "1"
    name = sentence["name"].strip()
    kind = binary.kind(active, context.devices.get(device), name)
    return kind, sentence["state"] is not None, name


def _sentence(text: str) -> re.Match[str] | None:
    return _SAID.match(text if text.isprintable() else _CONTROL.sub(" ", text))


def _facts(packet: _Packet) -> dict[str, Any]:
    inner = packet.payload
    if not isinstance(inner, dict):
        return {}
    if packet.type == "position":
        return _position(inner)
    if packet.type == "telemetry" and "battery_level" in inner:
        level = inner["battery_level"]
        powered = type(level) is int and level == _POWERED
        charge = {"external_power": True} if powered else figures.battery(level, "%")
        return charge | figures.battery(inner.get("voltage"), "V")
    return {}


def _position(inner: dict[str, Any]) -> dict[str, Any]:
    """Latitude and longitude; a node that blurs its place for privacy gives how many bits are exact."""
    lat, lon = figures.number(inner.get("latitude_i")), figures.number(inner.get("longitude_i"))
    place = figures.place(lat / 1e7, lon / 1e7) if lat is not None and lon is not None else {}
    bits = inner.get("precision_bits")
    if place and type(bits) is int and 0 < bits < 32:
        place["accuracy_m"] = round(_BLURRED_M / 2**bits, 1)
    return place
