"""The stimuli of each day of one device: heartbeats, outages, animals, people, mishaps.

Owns the plan of a day, a pure function of seed, device and day, and of the visits where groups of animals
are simulated. Must not hold state: what a stimulus does is decided by the device (`unit`).
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from firmware_sim.devices import troubles
from firmware_sim.devices.stimulus import Stimulus
from firmware_sim.habitat import species_habits
from firmware_sim.habitat.calendar import in_season
from firmware_sim.habitat.random_streams import fraction, key, mix, rng
from firmware_sim.habitat.scenario import DeviceSpec, Scenario
from firmware_sim.habitat.species_habits import DAY_S, Visit

WEEK_S = 7 * DAY_S
CAMERA_SERVICE_DAYS = 30

# Probability that one visit of an animal springs an armed trap.
SPRING_PROBABILITY = {
    "snare": {"boar": 0.008, "deer": 0.009, "raccoon": 0.002, "marten": 0.0005},
    "box": {"boar": 0.010, "deer": 0.001, "raccoon": 0.012, "marten": 0.003},
    "": {},
}


class Plan(NamedTuple):
    """The plan of one device. `stream` is its key, `rates` the animals' density at its place."""

    scenario: Scenario
    spec: DeviceSpec
    stream: int
    rates: dict[str, float]

    def day(self, day: int, visits: Iterable[Visit] | None = None) -> list[Stimulus]:
        """All stimuli of Japan's local day `day`, in time order.

        `visits`: of groups of animals; None: they are drawn from the density.
        """
        start = species_habits.day_starts(day)
        found = self._heartbeats(start) + self._outages(start)
        if visits is None:
            found += self._drawn(day)
        else:
            found += self._met(day, visits)
        found += self._people(day, start) + self._mishaps(day, start)
        found += troubles.stimuli(self.scenario, self.spec, self.stream, day)
        found.sort()
        return found

    @property
    def phase(self) -> float:
        """When in the interval the heartbeats come, seconds."""
        return fraction(self.stream, 3) * self.scenario.heartbeat_s

    def _heartbeats(self, start: float) -> list[Stimulus]:
        every = self.scenario.heartbeat_s
        first = int(-(-(start - self.phase) // every))
        last = int(-(-(start + DAY_S - self.phase) // every))
        return [Stimulus(self.phase + n * every, "heartbeat") for n in range(first, last)]

    def _outages(self, start: float) -> list[Stimulus]:
        faults = self.scenario.faults
        area = key(self.scenario.seed, "area", self.spec.area)
        found: list[Stimulus] = []
        for stream, chance, longest in (
            (self.stream, faults.device_silent_per_week, 72 * 3600.0),
            (area, faults.area_silent_per_week, 18 * 3600.0),
        ):
            for begin, end in _outages_around(stream, start, chance, longest):
                for at, what in ((begin, "lost"), (end, "found")):
                    if start <= at < start + DAY_S:
                        found.append(Stimulus(at, what))
        return found

    def _drawn(self, day: int) -> list[Stimulus]:
        seen = species_habits.visits(self.rates, self.stream, day)
        draw = rng(self.stream ^ 1, day)
        found = [Stimulus(visit.at, "pass", visit.species, visit.group) for visit in seen]
        if self.spec.role == "trap":
            chance = SPRING_PROBABILITY[self.spec.trap_type]
            caught = [visit for visit in seen if draw.random() < chance[visit.species]]
            return found + [Stimulus(v.at, "spring", v.species, v.group) for v in caught]
        for visit in seen:
            at = visit.at
            found.append(Stimulus(at, "seen", visit.species, visit.group))
            while draw.random() < 0.35 and at < visit.at + 240:
                at += 5 + 55 * draw.random()
                found.append(Stimulus(at, "seen", visit.species, visit.group))
        return found

    def _met(self, day: int, visits: Iterable[Visit]) -> list[Stimulus]:
        """A group at a trap may spring it (`unit` decides); at a detector it leaves frames."""
        draw = rng(self.stream ^ 1, day)
        what = "try" if self.spec.role == "trap" else "seen"
        found: list[Stimulus] = []
        for visit in visits:
            at = visit.at
            found.append(Stimulus(at, "pass", visit.species, visit.group, visit.herd))
            found.append(Stimulus(at, what, visit.species, visit.group, visit.herd))
            while what == "seen" and draw.random() < 0.35 and at < visit.at + 240:
                at += 5 + 55 * draw.random()
                found.append(Stimulus(at, what, visit.species, visit.group, visit.herd))
        return found

    def _people(self, day: int, start: float) -> list[Stimulus]:
        trap = self.spec.role == "trap"
        due = trap or day % CAMERA_SERVICE_DAYS == mix(self.stream, 4) % CAMERA_SERVICE_DAYS
        skipped = fraction(self.stream ^ 2, day) < self.scenario.faults.patrol_skipped
        at = start + (6.5 + 4 * fraction(self.stream ^ 3, day)) * 3600
        found = self._season(day, at - 60) if trap else []
        return found if not due or (trap and skipped) else [*found, Stimulus(at, "patrol")]

    def _season(self, day: int, at: float) -> list[Stimulus]:
        """Traps are set on the first day of the season and closed after its last."""
        season = self.scenario.season
        if season is None or in_season(season, day) == in_season(season, day - 1):
            return []
        return [Stimulus(at, "open" if in_season(season, day) else "close")]

    def _mishaps(self, day: int, start: float) -> list[Stimulus]:
        faults = self.scenario.faults
        at = start + DAY_S * fraction(self.stream ^ 4, day)
        luck = fraction(self.stream ^ 5, day)
        if self.spec.role == "trap" and luck < faults.false_spring_per_day:
            return [Stimulus(at, "spring", "false", 0)]
        if luck > 1 - faults.tamper_per_day:
            return [Stimulus(at, "tamper")]
        return []


def _outages_around(
    stream: int, start: float, chance: float, longest: float
) -> list[tuple[float, float]]:
    """The outages of a stream that begin in the week of `start` or in the week before or after."""
    this = int(start // WEEK_S)
    return [
        window
        for week in (this - 1, this, this + 1)
        if (window := _outage(stream, week, chance, longest)) is not None
    ]


@lru_cache(maxsize=4096)
def _outage(stream: int, week: int, chance: float, longest: float) -> tuple[float, float] | None:
    """The outage that begins in a week, if any; most are short, few are long."""
    if fraction(stream ^ 6, week) >= chance:
        return None
    begin = (week + fraction(stream ^ 7, week)) * WEEK_S
    return begin, begin + 3600 + (longest - 3600) * fraction(stream ^ 8, week) ** 2
