"""Proposes a registry row for a device that sent messages before anybody registered it. PURE.

Owns the proposal, and the heartbeat interval that a device declares. A proposed device is pending: nothing
of it counts until a person approves it.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from gateway.domain.device_state import TRAP_STATE
from gateway.domain.model import HEARTBEAT_S, Device, Reading, Role, Standing


def propose(address: str, readings: Iterable[Reading]) -> Device:
    """The device that its first readings suggest; at least one of them is of `address`."""
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
    """The device with the heartbeat interval that it declares; None if a person has given another."""
    declared_s = reading.heartbeat_s
    if not declared_s or declared_s == HEARTBEAT_S or device.heartbeat_s != HEARTBEAT_S:
        return None
    return replace(device, heartbeat_s=declared_s)
