"""A town's database with so many events, effort and sightings, as the gateway's writer lays them.

Owns what the events look like: their ids tell town and number, so that a test can count them at the hub.
"""

import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.domain.effort import HourlyTally
from gateway.domain.model import Device, Event, Kind, Role, TimeQuality
from gateway.store import Store
from tests.support.samples import TOKYO

STEP = 5_000
SAME = "town"  # the beginning of the ids in `fill_all`
BEGIN = datetime(2026, 10, 1, tzinfo=UTC)


def cameras(town: str, count: int) -> list[Device]:
    """Detectors in a row, each with a place."""
    return [
        Device(id=f"{town}-cam-{no:03}", role=Role.DETECTOR, lat=32.6 + no / 500, lon=128.7)
        for no in range(count)
    ]


def events(town: str, first: int, last: int, devices: int = 20) -> Iterator[Event]:
    """The events [first, last) of a town."""
    for no in range(first, last):
        at = BEGIN + timedelta(seconds=no * 90)
        yield Event(
            id=f"{town}-{no}",
            device=f"{town}-cam-{no % devices:03}",
            kind=Kind.DETECTION,
            observed_at=at,
            received_at=at + timedelta(seconds=1),
            boot=1,
            seq=no,
            time_quality=TimeQuality.SYNCED,
            species="boar" if no % 3 else "deer",
            count=1 + no % 2,
        )


def tally(count: int) -> HourlyTally:
    """Two days of effort, and what a camera saw in some hours."""
    first = int(BEGIN.timestamp()) // 3_600
    sightings = {(first + hour, "boar"): [2, 1, 3] for hour in range(0, 48, 7)}
    effort = {first + hour: [3_600_000 - count % 1_000, 0] for hour in range(48)}
    return HourlyTally(effort=effort, sightings=sightings)


def fill_all(paths: Sequence[Path], count: int, devices: int = 20) -> None:
    """The same record in several new databases: other towns may use the same ids."""
    first, *others = paths
    fill(first, SAME, count, devices)
    for path in others:
        shutil.copy(first, path)


def fill(path: Path, town: str, count: int, devices: int = 20) -> None:
    """A new database with `count` events and a day of effort of each device."""
    store = Store(path, TOKYO)
    store.write_now(lambda tx: tx.put_devices(cameras(town, devices)))
    tallies = [(one.id, tally(count)) for one in cameras(town, devices)]
    store.write_now(lambda tx: tx.add_tallies(tallies))
    for first in range(0, count, STEP):
        rows = [(one, None) for one in events(town, first, min(first + STEP, count), devices)]
        store.write_now(lambda tx, rows=rows: tx.add_events(rows))  # type: ignore[misc]
    store.close()


def more(store: Store, town: str, first: int, last: int, devices: int = 20) -> None:
    """Further events of an open store."""
    rows = [(one, None) for one in events(town, first, last, devices)]
    store.write_now(lambda tx: tx.add_events(rows))
