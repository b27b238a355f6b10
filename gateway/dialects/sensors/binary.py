"""What a bare on/off means, and what a source's word about itself means.

Shared by the dialects whose equipment only says ON or OFF: Meshtastic, Tasmota, ESPHome.
The registry decides (role, polarity); without it a digital input is a trap's, unless its name says
that it watches movement.
"""

import re
from collections.abc import Mapping

from gateway.dialects.payload import identity
from gateway.domain.model import Device, Kind, Message, Reading, Role

ON = frozenset(("on", "1", "true", "open"))
OFF = frozenset(("off", "0", "false", "closed", "close"))

_MOTION = re.compile(r"motion|pir|occupan|presence|movement|radar|人感|動体|人体", re.IGNORECASE)
_TAMPER = re.compile(r"tamper", re.IGNORECASE)


def kind(active: bool, device: Device | None, name: str = "") -> Kind:
    """The kind of event behind an on/off input called `name`."""
    if device is not None:
        active = active is not device.inverted
    if _TAMPER.search(name[:64]):
        return Kind.TAMPER if active else Kind.HEARTBEAT
    watches = device.role is Role.DETECTOR if device else bool(_MOTION.search(name[:64]))
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
