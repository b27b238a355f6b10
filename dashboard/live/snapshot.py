"""A snapshot: everything the live pages show, read at one moment.

Owns what is read for these pages and its GeoJSON form. Must not know words, templates or the network.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from dashboard.live.device_view import DeviceView, device_views
from dashboard.live.sensor_rates import SensorRate
from dashboard.maps.geojson import Feature
from gateway.domain.model import Alert, AlertStatus, Device, Event, Kind
from gateway.store import Reader

EVENTS = 30
SHOWN_KINDS = (Kind.SPRUNG, Kind.SET, Kind.DETECTION, Kind.TAMPER, Kind.JOIN)  # not heartbeats


class Snapshot(Struct, frozen=True):
    """Devices, open alerts and the newest events at one moment."""

    at: datetime
    devices: list[DeviceView]
    alerts: list[Alert]
    events: list[Event]
    names: dict[str, str]  # display name by device id
    pending: list[Device]

    def sharing(self, before: "Snapshot | None") -> "Snapshot":
        """The same with the devices' views of `before` where they are equal: kept states cost little."""
        known = {one.id: one for one in before.devices} if before else {}
        kept = (known.get(one.id, one) for one in self.devices)
        devices = [old if old == new else new for old, new in zip(kept, self.devices, strict=True)]
        return replace(self, devices=devices)


def read_snapshot(reader: Reader, now: datetime) -> Snapshot:
    """Read everything the live pages show."""
    devices = reader.devices()
    return Snapshot(
        at=now,
        devices=device_views(devices, reader.states(), now),
        alerts=sorted(reader.open_alerts(), key=_alert_order),
        events=reader.latest_events(EVENTS, SHOWN_KINDS),
        names={device.id: device.label for device in devices},
        pending=reader.pending(),
    )


def features(things: Iterable[DeviceView] | Iterable[SensorRate]) -> list[Feature]:
    """GeoJSON features of everything that has a position."""
    return [
        {
            "type": "Feature",
            "id": thing.id,
            "geometry": {"type": "Point", "coordinates": [thing.lon, thing.lat]},
            "properties": _properties(thing),
        }
        for thing in things
        if thing.lat is not None and thing.lon is not None
    ]


def _properties(thing: DeviceView | SensorRate) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.to_builtins(thing)
    return {key: value for key, value in values.items() if key not in {"lat", "lon"}}


_LEVELS = {"danger": 0, "capture": 1, "warning": 2, "info": 3}


def _alert_order(alert: Alert) -> tuple[bool, int, float]:
    newest_first = -alert.observed_at.timestamp()
    return (alert.status is AlertStatus.ACKNOWLEDGED, _LEVELS[alert.level.value], newest_first)
