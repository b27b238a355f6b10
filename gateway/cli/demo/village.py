"""Reports of the demo's residents about a few of the animals that sensors detected. PURE.

Owns which detections become a report, and its place, chosen by a hash of the event's id so that each
start gives the same. The place is near the sensor, never at the sensor.
"""

import math
from collections.abc import Iterable, Mapping
from datetime import tzinfo
from hashlib import blake2b

from gateway.domain.geo.local_plane import from_metres
from gateway.domain.model import Device, Event, Kind
from gateway.domain.resident_reports import Sighting, SightingKind

ONE_IN = 40
NEAR_M = 900.0
KINDS = (SightingKind.DAMAGE, SightingKind.DAMAGE, SightingKind.SIGHTING, SightingKind.TRACE)
PESTS = {"boar", "deer"}


def reports(events: Iterable[Event], devices: Mapping[str, Device], zone: tzinfo) -> list[Sighting]:
    """The reports that follow from events."""
    return [
        _report(event, device, dice, zone)
        for event in events
        if event.kind is Kind.DETECTION
        and event.species in PESTS
        and (device := devices.get(event.device))
        and device.lat is not None
        and (dice := blake2b(event.id.encode(), digest_size=6).digest())[0] * ONE_IN < 256
    ]


def _report(event: Event, device: Device, dice: bytes, zone: tzinfo) -> Sighting:
    away, turn = NEAR_M * math.sqrt(dice[1] / 255), 2 * math.pi * dice[2] / 256
    east_m, north_m = away * math.sin(turn), away * math.cos(turn)
    lat, lon = from_metres(east_m, north_m, device.lat or 0.0, device.lon or 0.0)
    return Sighting(
        id=f"village:{event.device}:{event.id}",
        source="demo",
        kind=KINDS[dice[3] % len(KINDS)],
        species=event.species or "",
        day=event.observed_at.astimezone(zone).date(),
        lat=round(lat, 5),
        lon=round(lon, 5),
    )
