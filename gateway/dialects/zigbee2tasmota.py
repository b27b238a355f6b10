"""Zigbee2Tasmota: what a Tasmota bridge received from Zigbee devices, one object per device.

The object is found under ``ZbReceived``, or is the payload itself (SetOption118); it is keyed by address
or name (SetOption83), or has no key (SetOption119) if the topic or the object names the device
(SetOption89, 112). The meaning of fields is in the row ``tasmota-zigbee`` of models.toml.
"""

from collections.abc import Iterable
from typing import Any

from gateway.dialects import Context
from gateway.dialects.payload import identity
from gateway.dialects.sensors.interpret import Envelope, readings
from gateway.dialects.sensors.models import shipped
from gateway.domain.model import Message, MessageRefusedError, Reading, RefusalReason

LEAF = "ZbReceived"
_ROW = "tasmota-zigbee"
_MOST = 16


def read(message: Message, values: dict[str, Any], context: Context) -> list[Reading]:
    """The readings of every device in it. Raises the last refusal if there are none."""
    inside = values.get(LEAF)
    received = inside if isinstance(inside, dict) else values
    models = context.models or shipped()
    found: list[Reading] = []
    refused = MessageRefusedError(
        RefusalReason.MALFORMED, f"{LEAF}: 機器がありません / no device in it"
    )
    for address, body in _devices(received, message.topic):
        device = _name(body, address)
        envelope = Envelope(device=device, id=f"{identity(message)}:{address[:32]}")
        try:
            found += readings(envelope, models[_ROW], body, context.devices)
        except MessageRefusedError as reason:
            refused = reason
    if not found:
        raise refused
    return found


def _devices(received: dict[str, Any], topic: str) -> Iterable[tuple[str, dict[str, Any]]]:
    """(address, object) of each device."""
    keyed = [
        (address, body)
        for address, body in list(received.items())[:_MOST]
        if address and isinstance(body, dict)
    ]
    if keyed or not received:
        return keyed
    levels = topic.split("/")
    return [(levels[-2] if len(levels) > 1 else topic, received)]


def _name(body: dict[str, Any], address: str) -> str:
    """The device's given name, else its address."""
    for value in (body.get("Name"), address, body.get("Device")):
        if isinstance(value, str) and 0 < len(value) <= 128:
            return value
    return address[:128]
