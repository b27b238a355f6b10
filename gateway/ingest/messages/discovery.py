"""Devices heard before anybody registered them: what to propose for their row in the registry. PURE.

Owns the proposal only. It is pending until a person approves it; nothing of it counts before.
"""

from collections.abc import Iterable

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
