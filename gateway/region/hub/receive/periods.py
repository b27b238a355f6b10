"""Effort and sightings of devices by hour and local day: merged into one row a town and period.

Owns the arrays of `roll_hour` and `roll_day`, and which days are due afterwards. Whoever calls holds the
town's lock: the row is read, merged and written.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Literal

from msgspec import Struct

from gateway.region.hub.database import Connection
from gateway.region.hub.receive.access import KnownTown
from gateway.region.hub.receive.devices import device_numbers
from gateway.region.records import PeriodRecord, Sighted

Unit = Literal["hour", "day"]
_ARRAYS = "device, version, alive_ms, armed_ms, seen_device, species, records, independent, animals"
_READ = {
    unit: f"SELECT {unit}, {_ARRAYS} FROM region.roll_{unit} WHERE town = $1 AND {unit} = ANY ($2::int[])"
    for unit in ("hour", "day")
}
_WRITE = {
    unit: f"INSERT INTO region.roll_{unit} (town, {unit}, {_ARRAYS}) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) "
    f"ON CONFLICT (town, {unit}) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _ARRAYS.split(", "))
    for unit in ("hour", "day")
}


class DevicePeriod(Struct, frozen=True, gc=False):
    """One device in one period."""

    version: int
    alive_ms: int
    armed_ms: int
    sightings: tuple[Sighted, ...] = ()


Period = dict[int, DevicePeriod]
"""by the device's number"""


async def keep_periods(
    connection: Connection,
    town: KnownTown,
    unit: Unit,
    version: int,
    records: Iterable[PeriodRecord],
) -> set[int]:
    """Replace the sums of these devices and periods; the periods that changed."""
    records = list(records)
    if not records:
        return set()
    numbers = await device_numbers(connection, town, (one.device for one in records))
    given: dict[int, Period] = defaultdict(dict)
    for one in records:
        sums = DevicePeriod(version, one.alive_ms, one.armed_ms, one.sightings)
        given[one.at][numbers[one.device]] = sums
    rows = await connection.fetch(_READ[unit], town.no, list(given))
    had = {row[0]: unpacked(row[1:]) for row in rows}
    merged = {at: merge(had.get(at, {}), new) for at, new in given.items()}
    changed = {at: period for at, period in merged.items() if period != had.get(at)}
    await connection.executemany(
        _WRITE[unit], [(town.no, at, *packed(period)) for at, period in changed.items()]
    )
    return set(changed)


def merge(had: Period, new: Period) -> Period:
    """What is kept of both: of each device the higher version, an equal one replaces."""
    kept = {no: one for no, one in new.items() if no not in had or had[no].version <= one.version}
    return {**had, **kept}


def packed(period: Period) -> tuple[list[Any], ...]:
    """A period as the arrays of its row, in the order of devices."""
    devices = sorted(period)
    sums = [period[no] for no in devices]
    seen = [(no, *sighted) for no in devices for sighted in period[no].sightings]
    columns = zip(*seen, strict=True) if seen else ((),) * 5
    return (
        devices,
        [one.version for one in sums],
        [one.alive_ms for one in sums],
        [one.armed_ms for one in sums],
        *(list(column) for column in columns),
    )


def unpacked(arrays: Any) -> Period:
    """The period that a row's arrays are."""
    devices, versions, alive, armed, *seen = arrays
    sightings: dict[int, list[Sighted]] = defaultdict(list)
    for no, *sighted in zip(*seen, strict=True):
        sightings[no].append(tuple(sighted))
    return {
        no: DevicePeriod(version, alive_ms, armed_ms, tuple(sightings.get(no, ())))
        for no, version, alive_ms, armed_ms in zip(devices, versions, alive, armed, strict=True)
    }
