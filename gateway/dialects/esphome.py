"""ESPHome: ``{prefix}/binary_sensor/{id}/state``, ``{prefix}/sensor/{id}/state``, ``{prefix}/status``.

Everything is retained, nothing carries a time. A binary sensor is the device ``{prefix}/{id}``, or
``{prefix}`` when that is what was registered; figures belong to ``{prefix}``.
"""

from typing import Any

from gateway.dialects import Context
from gateway.dialects.payload import identity, rssi_dbm, volts, within, word
from gateway.dialects.sensors import binary
from gateway.domain.model import Kind, Message, Reading, Reason, Refused
from gateway.domain.species import UNKNOWN

FILTERS = ("+/binary_sensor/+/state", "+/sensor/+/state", "+/status")


def decode(message: Message, context: Context) -> list[Reading]:
    """Read a binary sensor, a battery or radio figure, or the node's status."""
    levels = message.topic.split("/")
    if len(levels) >= 2 and levels[-1] == "status":
        return _status(message, "/".join(levels[:-1])[:256], context)
    if len(levels) < 4 or levels[-1] != "state":
        raise Refused(Reason.IRRELEVANT, f"ESPHome's .../{levels[-1][:40]} tells no state")
    node, kind, name = "/".join(levels[:-3])[:256], levels[-3], levels[-2][:128]
    if kind == "binary_sensor":
        return [_binary(message, node, name, context)]
    if kind == "sensor":
        return [_figure(message, node, name, context)]
    raise Refused(Reason.IRRELEVANT, f"ESPHome's {kind[:40]} is no sensor")


def _status(message: Message, node: str, context: Context) -> list[Reading]:
    said = word(message.payload).lower()
    if said not in ("online", "offline"):
        raise Refused(Reason.MALFORMED, "status: online or offline", node)
    return binary.presence(message, node, online=said == "online", devices=context.devices)


def _binary(message: Message, node: str, name: str, context: Context) -> Reading:
    active = binary.switched(word(message.payload))
    own = f"{node}/{name}"
    address = node if node in context.devices and own not in context.devices else own
    if active is None:
        raise Refused(Reason.MALFORMED, "a binary sensor's state: ON or OFF", address)
    kind = binary.kind(active, context.devices.get(address), name)
    return Reading(
        id=identity(message),
        device=address,
        kind=kind,
        is_state=True,
        species=UNKNOWN if kind is Kind.DETECTION else None,
    )


def _figure(message: Message, node: str, name: str, context: Context) -> Reading:
    facts = _facts(name.lower(), word(message.payload))
    if not facts and node not in context.devices:
        raise Refused(Reason.IRRELEVANT, f"the figure {name!r} says nothing of a device", node)
    return Reading(id=identity(message), device=node, kind=Kind.HEARTBEAT, **facts)


def _facts(name: str, text: str) -> dict[str, Any]:
    if "wifi" in name or "rssi" in name:
        value, field = rssi_dbm(text), "rssi_dbm"
    elif "batter" in name and ("volt" in name or name.endswith("_v")):
        value, field = volts(text), "battery_v"
    elif "batter" in name:
        value, field = within(text, 0, 100), "battery_pct"
    else:
        return {}
    return {} if value is None else {field: value}
