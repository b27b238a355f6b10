"""ESPHome: ``{prefix}/binary_sensor/{id}/state``, ``{prefix}/sensor/{id}/state``, ``{prefix}/status``.

Every message is retained and none carries a time. A binary sensor is the device ``{prefix}/{id}``, or
``{prefix}`` if that was registered; then only the trap's own contact gives the trap's state.
Measurements and the node's own state belong to ``{prefix}``.
"""

from typing import Any

from gateway.dialects import Context
from gateway.dialects.payload import identity, word
from gateway.dialects.payloads import figures
from gateway.dialects.sensors import binary
from gateway.dialects.sensors.names import BARE, Purpose, purpose, quantity
from gateway.domain.model import Kind, Message, MessageRefusedError, Reading, RefusalReason
from gateway.domain.species import UNKNOWN

FILTERS = ("+/binary_sensor/+/state", "+/sensor/+/state", "+/status")


def decode(message: Message, context: Context) -> list[Reading]:
    """Read a binary sensor, a battery or radio figure, or the node's status."""
    levels = message.topic.split("/")
    if len(levels) >= 2 and levels[-1] == "status":
        return _status(message, "/".join(levels[:-1])[:256], context)
    if len(levels) < 4 or levels[-1] != "state":
        raise MessageRefusedError(
            RefusalReason.IRRELEVANT, f"ESPHome's .../{levels[-1][:40]} tells no state"
        )
    node, kind, name = "/".join(levels[:-3])[:256], levels[-3], levels[-2][:128]
    if kind == "binary_sensor":
        return _binary(message, node, name, context)
    if kind == "sensor":
        return [_figure(message, node, name, context)]
    raise MessageRefusedError(RefusalReason.IRRELEVANT, f"ESPHome's {kind[:40]} is no sensor")


def _status(message: Message, node: str, context: Context) -> list[Reading]:
    said = word(message.payload).lower()
    if said not in ("online", "offline"):
        raise MessageRefusedError(
            RefusalReason.MALFORMED,
            f"status = {said[:20]!r}: online か offline / online or offline",
            node,
        )
    return binary.presence(message, node, online=said == "online", devices=context.devices)


def _binary(message: Message, node: str, name: str, context: Context) -> list[Reading]:
    active = binary.switched(word(message.payload))
    own = f"{node}/{name}"
    device = context.devices.get(own)
    if device is not None:
        kind: Kind | None = binary.kind(active or False, device, name)
    else:
        device = context.devices.get(node)
        declared = _declared(message.topic, context)
        kind = binary.of_node(active or False, device, name, node, declared)
        own = own if device is None else node
    if active is None:
        detail = f"{name} = {word(message.payload)[:20]!r}: ON か OFF / ON or OFF"
        raise MessageRefusedError(RefusalReason.MALFORMED, detail, own, unread=kind is not None)
    if kind is None:
        return _of_itself(message, node, name, active, context)
    return [
        Reading(
            id=identity(message),
            device=own,
            kind=kind,
            is_state=True,
            species=UNKNOWN if kind is Kind.DETECTION else None,
            input=name,
            is_content=True,
        )
    ]


def _declared(topic: str, context: Context) -> Purpose:
    """The class that the node declared for this input to Home Assistant."""
    declared = context.declared
    return declared.purposes.get(topic, Purpose.UNTOLD) if declared else Purpose.UNTOLD


def _of_itself(
    message: Message, node: str, name: str, active: bool, context: Context
) -> list[Reading]:
    """What another input than the trap's reports: battery, link, or only a sign of life of the node."""
    declared = _declared(message.topic, context) or purpose(name, node)
    if declared is Purpose.LINK:
        return binary.presence(message, node, online=active, devices=context.devices)
    if declared is not Purpose.BATTERY and node not in context.devices:
        raise MessageRefusedError(
            RefusalReason.IRRELEVANT,
            f"{name}: わなの接点ではありません。接点なら {node}/{name} を登録してください / "
            f"not the trap's contact; if it is, register {node}/{name}",
            node,
        )
    low = active if declared is Purpose.BATTERY else None
    heard = Reading(
        id=identity(message), device=node, kind=Kind.HEARTBEAT, battery_low=low, input=name
    )
    return [heard]


def _figure(message: Message, node: str, name: str, context: Context) -> Reading:
    said = word(message.payload)
    facts = _facts(quantity(name, node), said)
    if not facts and node not in context.devices:
        detail = (
            f"{name} = {said[:20]}: 電池や電波の数値として読めません（名前・単位・範囲）"
            " / no believable figure of battery or radio by its name, unit and range"
        )
        raise MessageRefusedError(RefusalReason.IRRELEVANT, detail, node)
    return Reading(id=identity(message), device=node, kind=Kind.HEARTBEAT, **facts)


def _facts(unit: str, text: str) -> dict[str, Any]:
    if unit == "dBm":
        signal = figures.rssi_dbm(text)
        return {} if signal is None else {"rssi_dbm": signal}
    return figures.battery(text, "" if unit == BARE else unit) if unit else {}
