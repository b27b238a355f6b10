"""One look at the place: everything the live pages show, read at one moment.

Owns what is read for them and its GeoJSON form. Must not know words, templates or the network.
"""

from collections.abc import Iterable
from datetime import date, datetime, tzinfo
from typing import Any

import msgspec
from msgspec import Struct

from dashboard.analysis.rate import rai
from dashboard.live.device_view import Sight, sights
from gateway.domain.model import Alert, AlertStatus, Device, Event, Kind, Role
from gateway.domain.species import UNKNOWN
from gateway.store import Reader
from gateway.store.reader import Rate
from gateway.store.rollups.periods import LOOK_BACK_DAYS

EVENTS = 30
NEWS = (Kind.SPRUNG, Kind.SET, Kind.DETECTION, Kind.TAMPER, Kind.JOIN)  # signs of life are no news
EPOCH = date(1970, 1, 1).toordinal()
LEAST_DAYS = 3.0  # a rate from less effort says nothing and is drawn as such

Feature = dict[str, Any]


class Look(Struct, frozen=True):
    """The place at one moment."""

    at: datetime
    sights: list[Sight]
    alerts: list[Alert]
    events: list[Event]
    names: dict[str, str]  # what people call each device
    pending: list[Device]


class SensorRate(Struct, frozen=True, kw_only=True):
    """Independent appearances per 100 device-days at one sensor."""

    id: str
    name: str
    lat: float | None
    lon: float | None
    events: int
    animals: int
    days: float  # measured effort
    rate: float | None  # None: too little effort to say
    low: float | None  # exact 95 % interval of the rate
    high: float | None


class Rates(Struct, frozen=True):
    """Rates of a species by sensor."""

    sensors: list[SensorRate]
    blind: list[str]  # names of those left out: a sensor that cannot tell species has not seen none


def look(reader: Reader, now: datetime) -> Look:
    """Read everything the live pages show."""
    devices = reader.devices()
    return Look(
        at=now,
        sights=sights(devices, reader.states(), now),
        alerts=sorted(reader.open_alerts(), key=_alert_order),
        events=reader.latest_events(EVENTS, NEWS),
        names={device.id: device.label for device in devices},
        pending=reader.pending(),
    )


def rates(reader: Reader, zone: tzinfo, now: datetime, days: int, species: str | None) -> Rates:
    """Rates of all detectors over the last `days` local days, the highest first."""
    end = now.astimezone(zone).date().toordinal() - EPOCH + 1
    devices = {device.id: device for device in reader.devices() if device.role is Role.DETECTOR}
    blind = set()
    if species not in {None, UNKNOWN}:
        blind = reader.own_ledger.blind(end - days - LOOK_BACK_DAYS, end) & devices.keys()
    found = [
        _sensor_rate(devices[row.device], row)
        for row in reader.rates(end - days, end, species)
        if row.device in devices.keys() - blind
    ]
    highest = sorted(found, key=lambda one: (one.rate is None, -(one.rate or 0.0), one.id))
    return Rates(highest, sorted(devices[id_].label for id_ in blind))


def _sensor_rate(device: Device, row: Rate) -> SensorRate:
    rate = rai(row.independent, row.alive_days)
    enough = row.alive_days >= LEAST_DAYS
    return SensorRate(
        id=device.id,
        name=device.label,
        lat=device.lat,
        lon=device.lon,
        events=row.independent,
        animals=row.animals,
        days=row.alive_days,
        rate=rate.per100 if enough else None,
        low=rate.low if enough else None,
        high=rate.high if enough else None,
    )


def features(things: Iterable[Sight] | Iterable[SensorRate]) -> list[Feature]:
    """GeoJSON features of whatever has a position."""
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


def collection(found: list[Feature]) -> Feature:
    """A GeoJSON FeatureCollection."""
    return {"type": "FeatureCollection", "features": found}


def _properties(thing: Sight | SensorRate) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.to_builtins(thing)
    return {key: value for key, value in values.items() if key not in {"lat", "lon"}}


_LEVELS = {"danger": 0, "capture": 1, "warning": 2, "info": 3}


def _alert_order(alert: Alert) -> tuple[bool, int, float]:
    newest_first = -alert.observed_at.timestamp()
    return (alert.status is AlertStatus.ACKNOWLEDGED, _LEVELS[alert.level.value], newest_first)
