"""A place with a long history of events, as the gateway's writer lays them, for the officials' benchmark.

Owns the devices, their events and the roll-ups of these. 1,000 devices: 400 detectors, and 600 traps
that report heartbeats, springs and being set again; people record most outcomes. Must not measure. Detectors
are alive in every hour, one in ten of their days with a gap; the effort of a trap's day lies in one hour.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import folium
import numpy as np
from folium.plugins import HeatMap

from gateway.domain.effort import HourlyTally
from gateway.domain.epoch import DAY_MS, HOUR_MS
from gateway.domain.model import ActionKind, Device, Event, Kind, Role, TimeQuality, TrapAction
from tests.dashboard.place import Place

NOW = datetime(2026, 11, 23, 3, tzinfo=UTC)
TODAY = int(NOW.timestamp()) // 86_400
DEVICES = 1_000
DETECTORS_OF_10 = 4  # of ten devices; the others are traps
HEARTBEATS, SPRING_EVERY_D = 2, 40  # of a trap: a day; days between springs
SEEN_A_DAY = 2.0  # detections of a detector
DAYS_A_STEP, DEVICES_A_STEP = 20, 50  # written in one transaction


class History(Place):
    """A place with about `events` events behind it."""

    def __init__(self, directory: Path, events: int, devices: int = DEVICES) -> None:
        super().__init__(directory)
        self.now = NOW
        self.cameras = devices * DETECTORS_OF_10 // 10
        self.traps = devices - self.cameras
        a_day = self.traps * (HEARTBEATS + 2 / SPRING_EVERY_D) + self.cameras * SEEN_A_DAY
        self._rng = np.random.default_rng(7)
        self.lats = self._rng.uniform(32.6, 32.78, devices)
        self.lons = self._rng.uniform(128.63, 128.88, devices)
        rates = self._rng.gamma(0.7, 1, self.cameras)
        self.rates = rates / rates.mean() * SEEN_A_DAY
        self.days = max(1, round(events / a_day))
        self.events = self.detections = 0
        registry = self._devices()
        self.store.write_now(lambda tx: tx.put_devices(registry))
        self._write_events()
        self._write_effort()
        while self.store.write_now(lambda tx: tx.months.fold(TODAY)):  # as housekeeping does
            pass

    def heat_map(self) -> bytes:
        """Every detection as a point, as people usually draw it."""
        chosen = self._rng.choice(self.cameras, self.detections, p=self.rates / self.rates.sum())
        shown = folium.Map([32.69, 128.75], tiles=None)
        points = np.column_stack([self.lats[chosen], self.lons[chosen]])
        HeatMap(points).add_to(shown)  # type: ignore[no-untyped-call]
        return bytes(shown.get_root().render(), "utf-8")

    def _devices(self) -> list[Device]:
        places = list(zip(self.lats.tolist(), self.lons.tolist(), strict=True))
        cameras = [
            Device(id=f"cam-{i:03}", role=Role.DETECTOR, lat=at[0], lon=at[1], name=f"林道{i}")
            for i, at in enumerate(places[: self.cameras])
        ]
        traps = [
            Device(id=f"trap-{i:03}", role=Role.TRAP, lat=at[0], lon=at[1], trap_type="snare")
            for i, at in enumerate(places[self.cameras :])
        ]
        return [*cameras, *traps]

    def _write_events(self) -> None:
        """The journal, in the order of time, and the actions of people."""
        self._counts = self._rng.poisson(self.rates, (self.days, self.cameras))
        for first in range(0, self.days, DAYS_A_STEP):
            days = range(first, min(first + DAYS_A_STEP, self.days))
            rows = [(event, None) for day in days for event in self._day(day)]
            acts = [act for day in days for act in self._outcomes(day)]
            self.events += len(rows)

            def write(tx, rows=rows, acts=acts) -> None:  # type: ignore[no-untyped-def]
                tx.add_events(rows)
                for act in acts:
                    tx.acts.add(act)

            self.store.write_now(write)

    def _start(self, day: int) -> datetime:
        return NOW.replace(hour=0) - timedelta(days=self.days - 1 - day)

    def _day(self, day: int) -> Iterator[Event]:
        start = self._start(day)
        for trap in range(self.traps):
            for beat in range(HEARTBEATS):
                yield _event(f"trap-{trap:03}", Kind.HEARTBEAT, start + timedelta(hours=12 * beat))
            if (day + trap) % SPRING_EVERY_D == 0:
                for kind, hour in ((Kind.SPRUNG, 1), (Kind.SET, 9)):
                    yield _event(f"trap-{trap:03}", kind, start + timedelta(hours=hour))
        for camera, count in enumerate(self._counts[day].tolist()):
            self.detections += count
            for n in range(count):
                at = start + timedelta(minutes=35 * n)
                yield _event(f"cam-{camera:03}", Kind.DETECTION, at, "boar")

    def _outcomes(self, day: int) -> Iterator[TrapAction]:
        """What people found in the traps that sprang: mostly boar, every fourth trap empty."""
        at = self._start(day) + timedelta(hours=8)
        for trap in range(self.traps):
            if (day + trap) % SPRING_EVERY_D == 0:
                empty = trap % 4 == 0
                yield TrapAction(
                    id=f"{day:05}-{trap:03}",
                    device=f"trap-{trap:03}",
                    deed=ActionKind.FALSE_SPRING if empty else ActionKind.CAPTURED,
                    at=at,
                    by="猟友会",
                    recorded_at=at,
                    species=None if empty else "boar",
                )

    def _write_effort(self) -> None:
        """The roll-ups of the same days."""
        hours = [(TODAY - back) * 24 for back in reversed(range(self.days))]
        tallies = [(f"cam-{i:03}", self._camera_tally(i, hours)) for i in range(self.cameras)]
        armed = HourlyTally({hour: [DAY_MS, DAY_MS] for hour in hours}, {})
        tallies += [(f"trap-{i:03}", armed) for i in range(self.traps)]
        for first in range(0, len(tallies), DEVICES_A_STEP):
            step = tallies[first : first + DEVICES_A_STEP]
            self.store.write_now(lambda tx, step=step: tx.add_tallies(step))  # type: ignore[misc]

    def _camera_tally(self, index: int, hours: list[int]) -> HourlyTally:
        counts = self._counts[:, index].tolist()
        seen = {(h, "boar"): [n, n, n] for h, n in zip(hours, counts, strict=True) if n}
        effort = {
            first + hour: [HOUR_MS, 0]
            for day, first in enumerate(hours)
            for hour in range(24)
            if hour or (day + index) % 10
        }
        return HourlyTally(effort, seen)


def _event(device: str, kind: Kind, at: datetime, species: str | None = None) -> Event:
    return Event(
        id=f"{device}-{kind.value}-{int(at.timestamp())}",
        device=device,
        kind=kind,
        observed_at=at,
        received_at=at + timedelta(seconds=1),
        time_quality=TimeQuality.SYNCED,
        device_time=at,
        species=species,
    )
