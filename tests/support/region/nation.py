"""A simulated nation: towns with detectors and traps, and what each of their days adds up to.

Owns the figures: the same town and day always give the same. Must not know how they are sent or kept.
"""

from collections.abc import Iterator

import numpy as np
from msgspec import Struct

from gateway.domain.geo import mesh_code
from gateway.region.records import DeviceRecord, PeriodRecord, Sighted

DAY_MS = 86_400_000
SPECIES = ("boar", "deer", "monkey", "raccoon")
TRAPS_OF_TEN = 3
SEEN_SHARE = 0.05  # of detector days with a sighting
PARTIAL_SHARE = 0.1  # of devices that were alive for a part of the day only
FIRST_DAY = 20_454  # 2026-01-01


class Sums(Struct):
    """What a day, a year or a nation adds up to: camera effort, trap effort, sightings of detectors."""

    alive_ms: int = 0
    armed_ms: int = 0
    independent: int = 0
    animals: int = 0

    def add(self, other: "Sums") -> None:
        """Add another one."""
        self.alive_ms += other.alive_ms
        self.armed_ms += other.armed_ms
        self.independent += other.independent
        self.animals += other.animals


class TownDay(Struct, frozen=True):
    """All devices of a town on one day, by their index, and what it adds up to."""

    alive_ms: list[int]
    armed_ms: list[int]
    sightings: dict[int, tuple[Sighted, ...]]
    sums: Sums


class Nation(Struct, frozen=True):
    """So many towns with so many devices each."""

    towns: int
    devices: int

    def town(self, number: int) -> str:
        """Its name at the hub."""
        return f"town-{number:04}"

    def is_trap(self, index: int) -> bool:
        """Whether a device of a town is a trap; the others are detectors."""
        return index % 10 < TRAPS_OF_TEN

    def registry(self, number: int) -> Iterator[DeviceRecord]:
        """The devices of a town, within some 7 km of its middle; towns lie 25 km apart."""
        dice = np.random.default_rng((number, 0))
        middle = (31.2 + number // 34 * 0.22, 130.2 + number % 34 * 0.28)
        places = np.round(middle + dice.uniform(-0.06, 0.06, (self.devices, 2)), 6)
        for index, (lat, lon) in enumerate(places.tolist()):
            yield DeviceRecord(
                id=f"d{index:03}",
                role="trap" if self.is_trap(index) else "detector",
                standing="approved",
                mesh1km=mesh_code.code_or_empty(lat, lon, "1km"),
                mesh5km=mesh_code.code_or_empty(lat, lon, "5km"),
            )

    def day(self, number: int, day: int, revision: int = 0) -> TownDay:
        """What the devices of a town did on a day; another revision has other figures."""
        dice = np.random.default_rng((number, day, revision))
        alive = np.full(self.devices, DAY_MS)
        partial = dice.random(self.devices) < PARTIAL_SHARE
        alive[partial] = dice.integers(0, DAY_MS, int(partial.sum()))
        traps = np.arange(self.devices) % 10 < TRAPS_OF_TEN
        seen = np.flatnonzero(~traps & (dice.random(self.devices) < SEEN_SHARE))
        rows = dice.integers((0, 1, 1), (len(SPECIES), 9, 4), (len(seen), 3)).tolist()
        sightings: dict[int, tuple[Sighted, ...]] = {
            index: ((SPECIES[kind], records, -(-records // 3), records + more),)
            for index, (kind, records, more) in zip(seen.tolist(), rows, strict=True)
        }
        armed = np.where(traps, alive, 0)
        seen_sums = np.array([(one[2], one[3]) for (one,) in sightings.values()] or [(0, 0)]).sum(0)
        sums = Sums(int(alive[~traps].sum()), int(armed.sum()), *map(int, seen_sums))
        return TownDay(alive.tolist(), armed.tolist(), sightings, sums)

    def periods(self, day: int, figures: TownDay) -> list[PeriodRecord]:
        """The same as the records that a town sends."""
        return [
            PeriodRecord(f"d{index:03}", day, alive, armed, figures.sightings.get(index, ()))
            for index, (alive, armed) in enumerate(
                zip(figures.alive_ms, figures.armed_ms, strict=True)
            )
        ]


def blocks_of(records: list[PeriodRecord], most: int) -> Iterator[tuple[PeriodRecord, ...]]:
    """The records in blocks of equal size, none larger than `most`."""
    parts = -(-len(records) // most)
    size = -(-len(records) // parts)
    for start in range(0, len(records), size):
        yield tuple(records[start : start + size])
