"""Devices heard before anybody registered them: what to propose for their row in the registry. PURE.

Owns the proposal, and what a device declares of itself. A proposal is pending until a person approves
it; nothing of it counts before.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from gateway.domain.device_state import TRAP_STATE
from gateway.domain.model import HEARTBEAT_S, Device, Reading, Role, Standing


def propose(address: str, readings: Iterable[Reading]) -> Device:
    """A device as its first readings (at least one of `address`) suggest it."""
    own = [reading for reading in readings if reading.device == address]
    first = own[0]
    return Device(
        id=address,
        role=Role.TRAP if any(r.kind in TRAP_STATE for r in own) else Role.DETECTOR,
        standing=Standing.PENDING,
        lat=first.lat,
        lon=first.lon,
        model=first.model or "",
        heartbeat_s=first.heartbeat_s or HEARTBEAT_S,
    )


def declared(device: Device, reading: Reading) -> Device | None:
    """The device with the interval that it declares of itself, where nobody has given one; else None."""
    told_s = reading.heartbeat_s
    if not told_s or told_s == HEARTBEAT_S or device.heartbeat_s != HEARTBEAT_S:
        return None
    return replace(device, heartbeat_s=told_s)
