"""Tasmota: ``tele/{topic}/{SENSOR,STATE,LWT}``, ``stat/{topic}/RESULT``, its discovery.

``%prefix%`` may be any level of the topic (FullTopic): it is found by its usual words or as the device
declared it. ``Time`` is local time, mostly without a zone; ``Epoch`` is there only if configured.
``Wifi.RSSI`` is percent, ``Wifi.Signal`` dBm. A device in deep sleep publishes LWT Offline normally.
``Switch1`` is the device's own contact, ``Switch2`` is called ``{topic}/Switch2``. What comes through
Zigbee is read in `zigbee2tasmota`.
"""

import re
from datetime import datetime
from typing import Any

import msgspec

from gateway.dialects import Context, zigbee2tasmota
from gateway.dialects.payload import identity, parse_object, word
from gateway.dialects.payloads import figures
from gateway.dialects.payloads.remedies import Remedy
from gateway.dialects.sensors import binary
from gateway.dialects.sensors.declared import TASMOTA as DISCOVERY
from gateway.dialects.sensors.declared import Tasmota
from gateway.dialects.timestamps import instant
from gateway.domain.model import (
    Device,
    Kind,
    Message,
    MessageRefusedError,
    Reading,
    RefusalReason,
    TimeSource,
)
from gateway.domain.species import UNKNOWN

FILTERS = (
    *("tele/+/SENSOR", "tele/+/STATE", "tele/+/LWT", "stat/+/RESULT"),
    *("tele/+/+/SENSOR", "tele/+/ZbReceived", "tele/+/+/ZbReceived", "tasmota/discovery/+/config"),
    *("+/tele/SENSOR", "+/tele/STATE", "+/tele/LWT", "+/stat/RESULT", "+/tele/ZbReceived"),
)

_PREFIXES = frozenset(("tele", "stat"))
_SWITCH = re.compile(r"Switch(\d{0,2})\Z")
_USUAL = Tasmota("")


def decode(message: Message, context: Context) -> list[Reading]:
    """Read switches, state and last will; a message without any of them is irrelevant."""
    if message.topic.startswith(DISCOVERY):
        return _discovered(message)
    device, leaf, declared = _topic(message.topic, context)
    if leaf == "LWT":
        return _last_will(message, device, context)
    if leaf not in ("SENSOR", "STATE", "RESULT", zigbee2tasmota.LEAF):
        raise MessageRefusedError(
            RefusalReason.IRRELEVANT, f"Tasmota's {leaf[:40]} tells no event", device
        )
    values = parse_object(message.payload)
    if leaf == zigbee2tasmota.LEAF or isinstance(values.get(zigbee2tasmota.LEAF), dict):
        return zigbee2tasmota.read(message, values, context)
    time = _time(values, device, context)
    found = _switches(message, values, device, declared, time, context)
    if not found and (leaf == "STATE" or device in context.devices):
        found = [_reading(message, device, Kind.HEARTBEAT, time, _facts(values))]
    if not found:
        names = ", ".join(name[:24] for name in list(values)[:6] if name != "Time")
        raise MessageRefusedError(
            RefusalReason.IRRELEVANT,
            f"Tasmota's {leaf} without a switch ({names}): スイッチがありません。"
            "SwitchMode1 と SetOption114 1 を設定してください / set SwitchMode1 and SetOption114 1",
            device,
        )
    return found


def _topic(topic: str, context: Context) -> tuple[str, str, Tasmota]:
    """Device, last level, declaration. The prefix may be any level and is found by its word."""
    head, _, leaf = topic.rpartition("/")
    known = context.declared.tasmotas.get(head) if context.declared else None
    levels = head.split("/")
    at = 0
    while at < len(levels) and levels[at] not in _PREFIXES:
        at += 1
    device = "/".join(levels[:at] + levels[at + 1 :])[:256] if at < len(levels) else ""
    if not device and known is not None:
        device = known.topic[:256]
    if not device:
        raise MessageRefusedError(RefusalReason.TOPIC, f"{topic[:80]}: {Remedy.TASMOTA_TOPIC}")
    return device, leaf, known or _USUAL


def _discovered(message: Message) -> list[Reading]:
    """A device declares itself, so that it can be offered for approval."""
    declared = parse_object(message.payload).get("t")
    if not message.topic.endswith("/config") or not isinstance(declared, str) or not declared:
        raise MessageRefusedError(RefusalReason.IRRELEVANT, "Tasmota's discovery names no device")
    return [Reading(id=identity(message, "declared"), device=declared[:128], kind=Kind.JOIN)]


def _last_will(message: Message, device: str, context: Context) -> list[Reading]:
    said = word(message.payload).lower()
    if said not in ("online", "offline"):
        detail = f"LWT = {said[:20]!r}: Online か Offline / Online or Offline"
        raise MessageRefusedError(RefusalReason.MALFORMED, detail, device)
    return binary.presence(message, device, online=said == "online", devices=context.devices)


def _time(values: dict[str, Any], device: str, context: Context) -> datetime | None:
    known = context.devices.get(device)
    return instant(values.get("Epoch")) or instant(values.get("Time"), known.zone if known else "")


def _switches(
    message: Message,
    values: dict[str, Any],
    device: str,
    declared: Tasmota,
    time: datetime | None,
    context: Context,
) -> list[Reading]:
    """SENSOR repeats states; RESULT reports a change (``{"Switch1":{"Action":"ON"}}``)."""
    found = []
    owner = context.devices.get(device)
    for name, value in list(values.items())[:256]:
        switch = _SWITCH.match(name)
        number = int(switch[1] or 1) if switch else declared.switches.get(name)
        if number is None:
            continue
        action = value.get("Action") if isinstance(value, dict) else value
        address = _speaks_for(device, name, number, owner)
        if action is None or not address:
            continue
        active = _active(action, declared) if isinstance(action, str) else None
        if active is None:
            detail = f"{name} = {figures.name(action)[:20]!r}: ON か OFF / ON or OFF"
            raise MessageRefusedError(RefusalReason.MALFORMED, detail, address, unread=True)
        kind = binary.kind(active, context.devices.get(address), device)
        reading = _reading(message, address, kind, time, {}, suffix=f":{name}")
        is_state = not isinstance(value, dict)
        reading = msgspec.structs.replace(reading, is_state=is_state, input=name, is_content=True)
        found.append(reading)
    return found


def _speaks_for(device: str, name: str, number: int, owner: Device | None) -> str:
    """The address whose state a switch gives; "" if the registry names another switch for it."""
    if owner is not None and owner.input:
        return device if owner.input == name else ""
    return device if number <= 1 else f"{device}/{name}"


def _active(action: str, declared: Tasmota) -> bool | None:
    """On or off, in the device's own words if it declared some."""
    if declared is not _USUAL and action.lower() in declared.states:
        return action.lower() == declared.states[1]
    return binary.switched(action)


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
    signal = figures.rssi_dbm(wifi.get("Signal")) if isinstance(wifi, dict) else None
    return {"rssi_dbm": signal, "battery_v": figures.volts(values.get("Vcc"))}
