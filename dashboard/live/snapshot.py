"""A snapshot: everything the live pages show, read at one moment.

Owns what is read for these pages and its GeoJSON form. Must not know words, templates or the network.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from dashboard.live.device_view import Condition, DeviceView, device_views
from dashboard.live.sensor_rates import SensorRate
from dashboard.maps.geojson import Feature
from gateway.domain.alerts.rule_name import RuleName
from gateway.domain.model import Alert, AlertStatus, Device, Event, Kind
from gateway.domain.traps.visits import VisitPlan
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


def read_snapshot(reader: Reader, now: datetime, plan: VisitPlan | None = None) -> Snapshot:
    """Read everything the live pages show."""
    devices, alerts = reader.devices(), reader.open_alerts()
    views = device_views(devices, reader.states(), now, plan)
    return Snapshot(
        at=now,
        devices=with_alerts(views, alerts),
        alerts=sorted(alerts, key=_alert_order),
        events=reader.latest_events(EVENTS, SHOWN_KINDS),
        names={device.id: device.label for device in devices},
        pending=reader.pending(),
    )


def with_alerts(views: Iterable[DeviceView], alerts: Iterable[Alert]) -> list[DeviceView]:
    """The devices with what is known from their open alerts: who goes there, what is missing."""
    going: dict[str, str] = {}
    low: dict[str, datetime] = {}
    missing: dict[str, datetime] = {}
    for alert in alerts:
        if alert.status is AlertStatus.ACKNOWLEDGED:
            going[alert.subject] = alert.acknowledged_by
        if alert.rule == RuleName.BATTERY_LOW:
            low[alert.subject] = alert.observed_at
        if alert.rule == RuleName.OUTCOME_MISSING:
            missing[alert.subject] = alert.observed_at
    told = going.keys() | low.keys() | missing.keys()
    return [
        replace(
            one,
            handled_by=going.get(one.id, ""),
            outcome_missing=one.id in missing,
            since=_since(one, low.get(one.id), missing.get(one.id)),
        )
        if one.id in told
        else one
        for one in views
    ]


def _since(view: DeviceView, low: datetime | None, missing: datetime | None) -> datetime | None:
    """Since when: a missing outcome since the spring, a low battery since it fell."""
    if missing is not None and view.condition not in {Condition.SPRUNG, Condition.CAPTURED}:
        return missing
    return low or view.since if view.condition is Condition.LOW else view.since


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
