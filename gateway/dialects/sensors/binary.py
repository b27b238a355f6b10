"""The meaning of an on/off input, and of a source's online or offline.

Shared by the dialects whose equipment sends only ON or OFF: Meshtastic, Tasmota, ESPHome.
The registry decides (role, polarity, which input is the trap's); without it a digital input is a trap's,
unless its name shows another purpose.
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
    found = purpose(name)
    if found is Purpose.TAMPER:
        return Kind.TAMPER if active else Kind.HEARTBEAT
    watches = device.role is Role.DETECTOR if device else found is Purpose.MOTION
    return _of_role(active, watches=watches)


def of_node(
    active: bool,
    device: Device | None,
    name: str,
    node: str,
    declared: Purpose = Purpose.UNTOLD,
) -> Kind | None:
    """The kind of event of one of several inputs of `node`; None: it is not the trap's.

    `declared`: the input's purpose as the node declared it; without it the name decides.
    """
    found = declared or purpose(name, node)
    chosen = device.input if device is not None else ""
    if chosen and chosen == name:
        return kind(active, device)  # the registry decides before names
    if found is Purpose.TAMPER:
        return Kind.TAMPER if active else Kind.HEARTBEAT
    if found in _QUIET:
        return None
    if found is Purpose.MOTION:
        return Kind.DETECTION if active else Kind.HEARTBEAT
    if device is not None and (chosen or is_second(name, node)):
        return None
    if found is Purpose.SHOCK and not active:
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
    """A source's online or offline; in a live message of a device (`devices` given) also a sign of life."""
    base = identity(message)
    kind = Kind.ONLINE if online else Kind.OFFLINE
    readings = [Reading(id=base, device=device, kind=kind, is_state=True)]
    if online and devices is not None and not message.retain:
        readings.append(Reading(id=f"{base}:alive", device=device, kind=Kind.HEARTBEAT))
    return readings
