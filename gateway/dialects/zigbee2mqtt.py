"""zigbee2mqtt: ``zigbee2mqtt/{name}`` (a name may hold ``/``), ``.../availability``, ``.../bridge/...``.

Cached state of every device is sent again at each start: states, not events. ``linkquality`` is no
dBm. ``last_seen`` is off by default. What fields mean stands in the row ``zigbee2mqtt`` of models.toml,
or in the row that the registered device names.
"""

from typing import Any

from gateway.dialects import Context
from gateway.dialects.payload import identity, parse_object, shown, word
from gateway.dialects.sensors.binary import presence
from gateway.dialects.sensors.interpret import Envelope, readings
from gateway.dialects.sensors.models import Model, shipped
from gateway.dialects.timestamps import instant
from gateway.domain.model import Kind, Message, Reading, Reason, Refused, TimeSource

FILTERS = ("zigbee2mqtt/#",)

_BASE = "zigbee2mqtt"
_COMMANDS = frozenset(("set", "get"))


def decode(message: Message, context: Context) -> list[Reading]:
    """Read a device's state, its availability or the bridge's news."""
    base, name = _split(message.topic)
    if name.startswith("bridge/"):
        return _bridge(message, base, name.removeprefix("bridge/"))
    device, _, leaf = name.rpartition("/")
    if device and leaf == "availability":
        return presence(message, device, online=_online(message), devices=context.devices)
    if not name or (device and leaf in _COMMANDS):
        raise Refused(Reason.IRRELEVANT, "a command to a device, or no device")
    return _state(message, name[:256], context)


def _split(topic: str) -> tuple[str, str]:
    """Base topic and the rest; a base of several levels must end in ``zigbee2mqtt``."""
    levels = topic.split("/")
    at = levels.index(_BASE) if _BASE in levels else 0
    return "/".join(levels[: at + 1]), "/".join(levels[at + 1 :])


def _state(message: Message, name: str, context: Context) -> list[Reading]:
    values = parse_object(message.payload)
    device = context.devices.get(name)
    time = instant(values.get("last_seen"), device.zone if device else "")
    envelope = Envelope(
        device=name,
        id=identity(message, time),
        time=time,
        time_source=TimeSource.RTC if time else TimeSource.NONE,
    )
    return readings(envelope, _model(name, context), values, context.devices)


def _model(name: str, context: Context) -> Model:
    models = context.models or shipped()
    device = context.devices.get(name)
    row = device.model if device and device.model else _BASE
    if row not in models:
        raise Refused(Reason.MODEL, f"the device is registered as model {row!r}: no such row", name)
    return models[row]


def _online(message: Message) -> bool:
    """``{"state":"online"}``, or the bare word of older versions."""
    payload = message.payload
    said: Any = word(payload)
    if payload.lstrip().startswith(b"{"):
        said = parse_object(payload).get("state")
    if said not in ("online", "offline"):
        raise Refused(Reason.MALFORMED, "availability: online or offline")
    return bool(said == "online")


def _bridge(message: Message, base: str, leaf: str) -> list[Reading]:
    if leaf == "state":
        return presence(message, base, online=_online(message))
    if leaf != "event":
        raise Refused(Reason.IRRELEVANT, f"zigbee2mqtt's bridge/{leaf[:40]} tells of no device")
    news = parse_object(message.payload)
    data = news.get("data")
    name = data.get("friendly_name") if isinstance(data, dict) else None
    kind = {"device_joined": Kind.JOIN, "device_announce": Kind.HEARTBEAT}.get(
        shown(news.get("type"))
    )
    if kind is None:
        raise Refused(Reason.IRRELEVANT, "a step of the bridge's own work")
    if not isinstance(name, str) or not 0 < len(name) <= 256:
        raise Refused(Reason.MALFORMED, "data.friendly_name names no device")
    return [Reading(id=identity(message), device=name, kind=kind)]
