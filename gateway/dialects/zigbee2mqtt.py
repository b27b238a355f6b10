"""zigbee2mqtt: ``zigbee2mqtt/{name}`` (a name may hold ``/``), ``.../availability``, ``.../bridge/...``.

The cached state of every device is sent again at each start: states, not events. ``linkquality`` is not
in dBm. ``last_seen`` is off by default. The meaning of fields is in the row ``zigbee2mqtt`` of models.toml,
or in the row of the registered device's model.
"""

from typing import Any

from gateway.dialects import Context
from gateway.dialects.payload import bounded, identity, parse_any, parse_object, shown, word
from gateway.dialects.payloads.remedies import Remedy
from gateway.dialects.sensors.binary import presence
from gateway.dialects.sensors.interpret import Envelope, readings
from gateway.dialects.sensors.models import Model, shipped
from gateway.dialects.timestamps import instant
from gateway.domain.model import (
    Kind,
    Message,
    MessageRefusedError,
    Reading,
    RefusalReason,
    TimeSource,
)

FILTERS = ("zigbee2mqtt/#",)

_BASE = "zigbee2mqtt"
_COMMANDS = frozenset(("set", "get"))
_NEWS = {
    "device_joined": Kind.JOIN,
    "device_announce": Kind.HEARTBEAT,
    "device_leave": Kind.OFFLINE,
}


def decode(message: Message, context: Context) -> list[Reading]:
    """Read a device's state, its availability or a message of the bridge."""
    base, name = _split(message.topic)
    if name.startswith("bridge/"):
        return _bridge(message, base, name.removeprefix("bridge/"))
    device, _, leaf = name.rpartition("/")
    if device and leaf == "availability":
        return presence(message, device, online=_online(message), devices=context.devices)
    if not name or (device and leaf in _COMMANDS):
        raise MessageRefusedError(RefusalReason.IRRELEVANT, "a command to a device, or no device")
    return _state(message, base, name[:256], context)


def _split(topic: str) -> tuple[str, str]:
    """Base topic and the rest; a base of several levels must end in ``zigbee2mqtt``."""
    levels = topic.split("/")
    at = levels.index(_BASE) if _BASE in levels else 0
    return "/".join(levels[: at + 1]), "/".join(levels[at + 1 :])


def _state(message: Message, base: str, name: str, context: Context) -> list[Reading]:
    payload = message.payload
    if not payload.lstrip().startswith(b"{"):
        name, values = _attribute(message, name, context)
    else:
        values = parse_object(payload, Remedy.ZIGBEE2MQTT_JSON)
    device = context.devices.get(name)
    time = instant(values.get("last_seen"), device.zone if device else "")
    envelope = Envelope(
        device=name,
        id=identity(message, time),
        time=time,
        time_source=TimeSource.RTC if time else TimeSource.NONE,
        clock=f"zigbee2mqtt:{base[:64]}",
    )
    return readings(envelope, _model(name, context), values, context.devices)


def _attribute(message: Message, name: str, context: Context) -> tuple[str, dict[str, Any]]:
    """``output: attribute``: one value per topic, where the model knows the name."""
    device, _, leaf = name.rpartition("/")
    payload = bounded(message.payload)
    if not device or leaf not in _model(device, context).by_key:
        raise MessageRefusedError(
            RefusalReason.MALFORMED,
            f"{shown(payload[:40].decode(errors='replace'))!r}: {Remedy.ZIGBEE2MQTT_JSON}",
            name,
        )
    bare = payload.strip()
    is_json = bare[:1] in b'[{"-0123456789' or bare in (b"true", b"false", b"null")
    return device, {leaf: parse_any(bare, Remedy.ZIGBEE2MQTT_JSON) if is_json else word(bare)}


def _model(name: str, context: Context) -> Model:
    models = context.models or shipped()
    device = context.devices.get(name)
    row = device.model if device and device.model else _BASE
    if row not in models:
        raise MessageRefusedError(
            RefusalReason.MODEL, f"the device is registered as model {row!r}: no such row", name
        )
    return models[row]


def _online(message: Message) -> bool:
    """``{"state":"online"}``, or only the word in older versions."""
    payload = message.payload
    said: Any = word(payload)
    if payload.lstrip().startswith(b"{"):
        said = parse_object(payload).get("state")
    if said not in ("online", "offline"):
        detail = f"availability = {shown(said)!r}: online か offline / online or offline"
        raise MessageRefusedError(RefusalReason.MALFORMED, detail)
    return bool(said == "online")


def _bridge(message: Message, base: str, leaf: str) -> list[Reading]:
    if leaf == "state":
        return presence(message, base, online=_online(message))
    if leaf == "response/device/rename":
        return _renamed(message)
    if leaf != "event":
        raise MessageRefusedError(
            RefusalReason.IRRELEVANT, f"zigbee2mqtt's bridge/{leaf[:40]} tells of no device"
        )
    report = parse_object(message.payload)
    kind = _NEWS.get(shown(report.get("type")))
    if kind is None:
        raise MessageRefusedError(RefusalReason.IRRELEVANT, "a step of the bridge's own work")
    return [Reading(id=identity(message), device=_named(report, "friendly_name"), kind=kind)]


def _renamed(message: Message) -> list[Reading]:
    """A device was renamed: the new name is offered for approval."""
    report = parse_object(message.payload)
    if report.get("status") not in (None, "ok"):
        raise MessageRefusedError(RefusalReason.IRRELEVANT, "a rename that zigbee2mqtt refused")
    return [Reading(id=identity(message), device=_named(report, "to"), kind=Kind.JOIN)]


def _named(report: dict[str, Any], field: str) -> str:
    data = report.get("data")
    name = data.get(field) if isinstance(data, dict) else None
    if not isinstance(name, str) or not 0 < len(name) <= 256:
        detail = f"data.{field}: 機器名がありません / names no device"
        raise MessageRefusedError(RefusalReason.MALFORMED, detail)
    return name
