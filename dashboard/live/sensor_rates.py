"""Each sensor's own rate for the live map.

Owns the minimum effort for which a rate is shown. Must not draw.
"""

from datetime import datetime, tzinfo

from msgspec import Struct

from dashboard.analysis.rate import Basis, rai
from gateway.domain.epoch import day_number
from gateway.domain.model import Device, Role
from gateway.domain.species import UNKNOWN
from gateway.store import Reader
from gateway.store.answers import DeviceEffort
from gateway.store.rollups.periods import LOOK_BACK_DAYS

MIN_EFFORT_DAYS = 3.0  # with less effort no rate is shown


class SensorRate(Struct, frozen=True, kw_only=True):
    """Independent detections per 100 device-days at one sensor."""

    id: str
    name: str
    lat: float | None
    lon: float | None
    events: int
    animals: int
    days: float  # measured effort
    rate: float | None  # None: too little effort
    low: float | None  # 95 % interval of the rate
    high: float | None
    basis: Basis = (
        "exact"  # what the interval stands on: of a square of several sensors not a Poisson count
    )
    sites: int = 1  # sensors behind it
    dispersion: float | None = None  # how much these differ, 1: as a Poisson count


class Rates(Struct, frozen=True):
    """Rates of a species by sensor."""

    sensors: list[SensorRate]
    blind: list[str]  # names of sensors left out because they cannot detect the chosen species


def rates(reader: Reader, zone: tzinfo, now: datetime, days: int, species: str | None) -> Rates:
    """Rates of all detectors over the last `days` local days, the highest first."""
    end = day_number(now.astimezone(zone)) + 1
    devices = {device.id: device for device in reader.devices() if device.role is Role.DETECTOR}
    blind = set()
    if species not in {None, UNKNOWN}:
        blind = reader.own_period_reads.blind(end - days - LOOK_BACK_DAYS, end) & devices.keys()
    found = [
        _sensor_rate(devices[row.device], row)
        for row in reader.rates(end - days, end, species)
        if row.device in devices.keys() - blind
    ]
    highest = sorted(found, key=lambda one: (one.rate is None, -(one.rate or 0.0), one.id))
    return Rates(highest, sorted(devices[id_].label for id_ in blind))


def _sensor_rate(device: Device, row: DeviceEffort) -> SensorRate:
    rate = rai(row.independent, row.alive_days)
    enough = row.alive_days >= MIN_EFFORT_DAYS
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
