"""What a bare on/off means, and what a source's word about itself means.

Shared by the dialects whose equipment only says ON or OFF: Meshtastic, Tasmota, ESPHome.
The registry decides (role, polarity, which input speaks for the trap); without it a digital input is a
trap's, unless its name says that it is there for something else.
"""

from collections.abc import Mapping

from gateway.dialects.payload import identity
from gateway.dialects.sensors.names import Purpose, is_second, purpose
from gateway.domain.model import Device, Kind, Message, Reading, Role

ON = frozenset(("on", "1", "true", "open"))
OFF = frozenset(("off", "0", "false", "closed", "close"))

_QUIET = frozenset((Purpose.BATTERY, Purpose.LINK, Purpose.DIAGNOSTIC))


def kind(active: bool, device: Device | None, name: str = "") -> Kind:
    """The kind of event behind the one input of a device, called `name`."""
    if device is not None:
        active = active is not device.inverted
    told = purpose(name)
    if told is Purpose.TAMPER:
        return Kind.TAMPER if active else Kind.HEARTBEAT
    watches = device.role is Role.DETECTOR if device else told is Purpose.MOTION
    return _of_role(active, watches=watches)


def of_node(
    active: bool,
    device: Device | None,
    name: str,
    node: str,
    declared: Purpose = Purpose.UNTOLD,
) -> Kind | None:
    """The kind behind one of several inputs of `node`; None: it does not speak for the trap.

    `declared`: what the node says that the input is there for; without it the name tells.
    """
    told = declared or purpose(name, node)
    chosen = device.input if device is not None else ""
    if chosen and chosen == name:
        return kind(active, device)  # the registry has the last word
    if told is Purpose.TAMPER:
        return Kind.TAMPER if active else Kind.HEARTBEAT
    if told in _QUIET:
        return None
    if told is Purpose.MOTION:
        return Kind.DETECTION if active else Kind.HEARTBEAT
    if device is not None and (chosen or is_second(name, node)):
        return None
    if told is Purpose.SHOCK and not active:
        return Kind.HEARTBEAT
    if device is None:
        return Kind.SPRUNG if active else Kind.SET
    return _of_role(active is not device.inverted, watches=device.role is Role.DETECTOR)


def _of_role(active: bool, *, watches: bool) -> Kind:
    if watches:
        return Kind.DETECTION if active else Kind.HEARTBEAT
    return Kind.SPRUNG if active else Kind.SET


def switched(text: str) -> bool | None:
    """ON or OFF in any of its spellings; None when it is neither."""
    word = text[:16].strip().lower()
    return True if word in ON else False if word in OFF else None


def presence(
    message: Message, device: str, *, online: bool, devices: Mapping[str, Device] | None = None
) -> list[Reading]:
    """A source's online or offline; said live by a device (`devices` given), also a sign of life."""
    base = identity(message)
    kind = Kind.ONLINE if online else Kind.OFFLINE
    told = [Reading(id=base, device=device, kind=kind, is_state=True)]
    if online and devices is not None and not message.retain:
        told.append(Reading(id=f"{base}:alive", device=device, kind=Kind.HEARTBEAT))
    return told
