"""Tasmota: ``tele/{topic}/{SENSOR,STATE,LWT}``, ``stat/{topic}/RESULT``; also Zigbee2Tasmota.

``Time`` is local and mostly says no zone; ``Epoch`` is there only if asked for. ``Wifi.RSSI`` is
percent, ``Wifi.Signal`` dBm. A device in deep sleep goes LWT Offline normally.
``Switch1`` is the device's own contact, ``Switch2`` is called ``{topic}/Switch2``.
"""

import re
from datetime import datetime
from typing import Any

import msgspec

from gateway.dialects import Context
from gateway.dialects.payload import identity, parse_object, rssi_dbm, volts, word
from gateway.dialects.sensors import binary
from gateway.dialects.sensors.interpret import Envelope, readings
from gateway.dialects.sensors.models import shipped
from gateway.dialects.timestamps import instant
from gateway.domain.model import Kind, Message, Reading, Reason, Refused, TimeSource
from gateway.domain.species import UNKNOWN

FILTERS = ("tele/+/SENSOR", "tele/+/STATE", "tele/+/LWT", "stat/+/RESULT")

_SWITCH = re.compile(r"Switch(\d{0,2})\Z")
_ZIGBEE = "tasmota-zigbee"


def decode(message: Message, context: Context) -> list[Reading]:
    """Read switches, state and last will; a message without any of them is irrelevant."""
    levels = message.topic.split("/")
    device, leaf = "/".join(levels[1:-1])[:256], levels[-1]
    if not device:
        raise Refused(Reason.TOPIC, f"{message.topic[:80]}: tele/{{topic}}/SENSOR ...")
    if leaf == "LWT":
        return _last_will(message, device, context)
    if leaf not in ("SENSOR", "STATE", "RESULT"):
        raise Refused(Reason.IRRELEVANT, f"Tasmota's {leaf[:40]} tells no event", device)
    values = parse_object(message.payload)
    if isinstance(values.get("ZbReceived"), dict):
        return _zigbee(message, values["ZbReceived"], context)
    time = _time(values, device, context)
    found = _switches(message, values, device, time, context)
    if not found and (leaf == "STATE" or device in context.devices):
        found = [_reading(message, device, Kind.HEARTBEAT, time, _facts(values))]
    if not found:
        raise Refused(Reason.IRRELEVANT, f"Tasmota's {leaf} without a switch", device)
    return found


def _last_will(message: Message, device: str, context: Context) -> list[Reading]:
    said = word(message.payload).lower()
    if said not in ("online", "offline"):
        raise Refused(Reason.MALFORMED, "LWT: Online or Offline", device)
    return binary.presence(message, device, online=said == "online", devices=context.devices)


def _time(values: dict[str, Any], device: str, context: Context) -> datetime | None:
    known = context.devices.get(device)
    return instant(values.get("Epoch")) or instant(values.get("Time"), known.zone if known else "")


def _switches(
    message: Message,
    values: dict[str, Any],
    device: str,
    time: datetime | None,
    context: Context,
) -> list[Reading]:
    """SENSOR repeats states; RESULT tells the moment (``{"Switch1":{"Action":"ON"}}``)."""
    found = []
    for name, value in list(values.items())[:256]:
        number = _SWITCH.match(name)
        action = value.get("Action") if isinstance(value, dict) else value
        active = binary.switched(action) if isinstance(action, str) else None
        if number is None or active is None:
            continue
        address = device if number[1] in ("", "1") else f"{device}/{name}"
        kind = binary.kind(active, context.devices.get(address), device)
        reading = _reading(message, address, kind, time, {}, suffix=f":{name}")
        is_state = not isinstance(value, dict)
        found.append(msgspec.structs.replace(reading, is_state=is_state))
    return found


def _reading(
    message: Message,
    device: str,
    kind: Kind,
    time: datetime | None,
    facts: dict[str, Any],
    suffix: str = "",
) -> Reading:
    return Reading(
        id=identity(message, time) + suffix,
        device=device,
        kind=kind,
        device_time=time,
        time_source=TimeSource.NTP if time else TimeSource.NONE,
        species=UNKNOWN if kind is Kind.DETECTION else None,
        **facts,
    )


def _facts(values: dict[str, Any]) -> dict[str, Any]:
    wifi = values.get("Wifi")
    signal = rssi_dbm(wifi.get("Signal")) if isinstance(wifi, dict) else None
    return {"rssi_dbm": signal, "battery_v": volts(values.get("Vcc"))}


def _zigbee(message: Message, received: dict[str, Any], context: Context) -> list[Reading]:
    """Zigbee2Tasmota: one object a device."""
    found: list[Reading] = []
    for address, values in list(received.items())[:16]:
        if not address or not isinstance(values, dict):
            continue
        name = values.get("Name")
        device = name if isinstance(name, str) and 0 < len(name) <= 128 else address[:128]
        envelope = Envelope(device=device, id=f"{identity(message)}:{address[:32]}")
        models = context.models or shipped()
        found += readings(envelope, models[_ZIGBEE], values, context.devices)
    if not found:
        raise Refused(Reason.MALFORMED, "ZbReceived without a device")
    return found
