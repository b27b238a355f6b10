"""Home Assistant MQTT discovery, inbound: ``homeassistant/{component}/[{node}/]{object}/config``.

A declaration that a device exists, so that it can be offered for approval. It is no event. `declared`
remembers the classes of its entities.
"""

from collections.abc import Mapping
from typing import Any

from gateway.dialects import Context
from gateway.dialects.payload import identity, parse_object
from gateway.dialects.payloads.remedies import Remedy
from gateway.dialects.sensors.declared import field_of
from gateway.domain.model import Kind, Message, MessageRefusedError, Reading, RefusalReason

OURSELVES = "Shishigaki"  # `origin.name` of the declarations of gateways like this one
FILTERS = ("homeassistant/+/+/config", "homeassistant/+/+/+/config")


def decode(message: Message, context: Context) -> list[Reading]:
    """Read a declaration; an empty payload withdraws one, which is irrelevant."""
    if not message.payload.strip():
        raise MessageRefusedError(
            RefusalReason.IRRELEVANT, f"the declaration is withdrawn: {Remedy.CLEARED}"
        )
    declared = parse_object(message.payload)
    origin = field_of(declared, "origin")
    if isinstance(origin, dict) and origin.get("name") == OURSELVES:
        raise MessageRefusedError(RefusalReason.IRRELEVANT, "a gateway's own declaration")
    about = field_of(declared, "device")
    name = _name(about) if isinstance(about, dict) else None
    if name is None:
        raise MessageRefusedError(
            RefusalReason.IRRELEVANT, "機器名がありません / the declaration names no device"
        )
    once = identity(message, "declared")  # the same however often it is retained and repeated
    return [Reading(id=once, device=name, kind=Kind.JOIN)]


def _name(about: Mapping[str, Any]) -> str | None:
    """The device's name, which is its address for zigbee2mqtt and ESPHome; else its identifier."""
    if _is_name(name := about.get("name")):
        return str(name)
    pair = _first(field_of(about, "connections"))
    hardware = pair[1] if isinstance(pair, list) and len(pair) == 2 else None
    return next(filter(_is_name, (_first(field_of(about, "identifiers")), hardware)), None)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 128


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value
