"""One simulated device: the stimuli of each day, and their effect on the device.

Owns the plan of a day (a pure function of seed, device and day) and the device's state: armed or sprung,
battery, online or offline. Must not talk MQTT or read the real clock.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import ClassVar, NamedTuple

from firmware_sim.devices.power import PrimaryCell
from firmware_sim.devices.radio import Native, Radio, radio_for
from firmware_sim.devices.sensors import SensorValues
from firmware_sim.habitat import wildlife
from firmware_sim.habitat.random_streams import fraction, key, mix, rng
from firmware_sim.habitat.scenario import DeviceSpec, Scenario
from firmware_sim.habitat.wildlife import DAY_S, JST_S

WEEK_S = 7 * DAY_S

# Probability that one visit of an animal springs an armed trap.
SPRING_PROBABILITY = {
    "snare": {"boar": 0.008, "deer": 0.009, "raccoon": 0.002, "marten": 0.0005},
    "box": {"boar": 0.010, "deer": 0.001, "raccoon": 0.012, "marten": 0.003},
    "": {},
}
# Battery: percent per day in standby, percent per activity.
BATTERY_DRAIN = {
    ("native", "detector"): (0.20, 0.010),
    ("native", "trap"): (0.11, 0.020),
    ("chirpstack", "detector"): (0.07, 0.003),
    ("chirpstack", "trap"): (0.06, 0.003),
    ("meshtastic", "detector"): (0.35, 0.010),
    ("meshtastic", "trap"): (0.35, 0.010),
}


class Stimulus(NamedTuple):
    """Something that happens to a device."""

    at: float  # Unix seconds
    what: str  # a key of `SimulatedDevice.ACTS`
    species: str = ""
    group: int = 0


class TrueSpring(NamedTuple):
    """The truth about one spring of a trap, to compare with the gateway's records."""

    trap: str
    at: float
    cause: str  # species, "false" or "hand"
    group: int
    found_at: float  # when the trapper reset it


class SimulatedDevice:
    """A device at its place."""

    def __init__(self, scenario: Scenario, spec: DeviceSpec, installed_at: float) -> None:
        self.scenario, self.spec = scenario, spec
        self.stream = key(scenario.seed, spec.id)
        self.rates = {
            s: float(wildlife.density(scenario.habitat, s, *spec.at, seed=scenario.seed))
            for s in wildlife.SPECIES
        }
        self.radio: Radio = radio_for(scenario, spec)
        rest, self.effort = BATTERY_DRAIN[spec.radio, spec.role]
        fresh = 55 + 45 * fraction(self.stream, 1)
        self.battery = PrimaryCell(fresh, rest, installed_at)
        self.neglected = fraction(self.stream, 2) < scenario.faults.neglected
        self.cuts = 0  # number of current outages
        self.sprung: TrueSpring | None = None
        self.sprung_times = 0
        self.ledger: list[TrueSpring] = []
        self.radio.boot(self.senses(installed_at))
        if spec.role == "trap":
            self.radio.trap(self.senses(installed_at))

    @property
    def native(self) -> Native | None:
        """The radio, if it is a native one."""
        return self.radio if isinstance(self.radio, Native) else None

    @property
    def online(self) -> bool:
        """Whether it has power and no outage."""
        return self.cuts == 0 and not self.battery.empty

    @property
    def ready(self) -> bool:
        """Whether it is an armed trap that is online."""
        return self.online and self.spec.role == "trap" and self.sprung is None

    def senses(self, at: float) -> SensorValues:
        """The values of the device at `at`."""
        hour = (at + JST_S) % DAY_S // 3600
        night = hour < 6 or hour >= 18
        return SensorValues(at, self.battery, self.sprung is not None, self.sprung_times, night)

    # ---- the plan -------------------------------------------------------------------------

    def plan(self, day: int) -> list[Stimulus]:
        """All stimuli of Japan's local day `day`, in time order."""
        start = wildlife.day_starts(day)
        plan = self._heartbeats(start) + self._outages(start)
        plan += self._animals(day) + self._people(day, start) + self._mishaps(day, start)
        plan.sort()
        return plan

    def _heartbeats(self, start: float) -> list[Stimulus]:
        every = self.scenario.heartbeat_s
        first = int(-(-(start - self._phase) // every))
        last = int(-(-(start + DAY_S - self._phase) // every))
        return [Stimulus(self._phase + n * every, "heartbeat") for n in range(first, last)]

    @property
    def _phase(self) -> float:
        return fraction(self.stream, 3) * self.scenario.heartbeat_s

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

    def _animals(self, day: int) -> list[Stimulus]:
        seen = wildlife.visits(self.rates, self.stream, day)
        if not seen:
            return []
        draw = rng(self.stream ^ 1, day)
        if self.spec.role == "trap":
            chance = SPRING_PROBABILITY[self.spec.trap_type]
            caught = [visit for visit in seen if draw.random() < chance[visit.species]]
            return [Stimulus(v.at, "spring", v.species, v.group) for v in caught]
        frames: list[Stimulus] = []
        for visit in seen:
            at = visit.at
            frames.append(Stimulus(at, "seen", visit.species, visit.group))
            while draw.random() < 0.35 and at < visit.at + 240:
                at += 5 + 55 * draw.random()
                frames.append(Stimulus(at, "seen", visit.species, visit.group))
        return frames

    def _people(self, day: int, start: float) -> list[Stimulus]:
        trap = self.spec.role == "trap"
        due = trap or day % 30 == mix(self.stream, 4) % 30
        skipped = fraction(self.stream ^ 2, day) < self.scenario.faults.patrol_skipped
        if not due or (trap and skipped):
            return []
        return [Stimulus(start + (6.5 + 4 * fraction(self.stream ^ 3, day)) * 3600, "patrol")]

    def _mishaps(self, day: int, start: float) -> list[Stimulus]:
        faults = self.scenario.faults
        at = start + DAY_S * fraction(self.stream ^ 4, day)
        luck = fraction(self.stream ^ 5, day)
        if self.spec.role == "trap" and luck < faults.false_spring_per_day:
            return [Stimulus(at, "spring", "false", 0)]
        if luck > 1 - faults.tamper_per_day:
            return [Stimulus(at, "tamper")]
        return []

    # ---- effects of stimuli ---------------------------------------------------------------

    def act(self, stimulus: Stimulus) -> None:
        """Apply a stimulus. Without power only outages and people have an effect."""
        self.battery.rest(stimulus.at)
        if self.battery.empty and stimulus.what not in ("patrol", "lost", "found"):
            return
        self.ACTS[stimulus.what](self, stimulus)

    def _heartbeat(self, now: Stimulus) -> None:
        self.battery.work(self.effort)
        self.radio.heartbeat(self.senses(now.at))

    def _seen(self, now: Stimulus) -> None:
        self.battery.work(self.effort)
        self.radio.seen(self.senses(now.at), now.species, now.group)

    def _spring(self, now: Stimulus) -> None:
        if self.sprung is not None:
            return
        self.battery.work(self.effort)
        self.sprung = TrueSpring(self.spec.id, now.at, now.species, now.group, 0.0)
        self.sprung_times += 1
        self.radio.trap(self.senses(now.at))

    def _reset(self, now: Stimulus) -> None:
        if self.sprung is None:
            return
        self.ledger.append(self.sprung._replace(found_at=now.at))
        self.sprung = None
        self.radio.trap(self.senses(now.at))

    def _tamper(self, now: Stimulus) -> None:
        self.radio.tamper(self.senses(now.at))

    def _patrol(self, now: Stimulus) -> None:
        low = 30.0 if self.spec.role == "detector" else 15.0
        if self.battery.pct < low and not self.neglected:
            self.battery.pct = 100.0
            self.radio.boot(self.senses(now.at))
        if not self.battery.empty:
            self._reset(now)

    def _lost(self, now: Stimulus) -> None:
        self.cuts += 1

    def _found(self, now: Stimulus) -> None:
        self.cuts = max(0, self.cuts - 1)

    ACTS: ClassVar[dict[str, Callable[["SimulatedDevice", Stimulus], None]]] = {
        "heartbeat": _heartbeat,
        "seen": _seen,
        "spring": _spring,
        "reset": _reset,
        "tamper": _tamper,
        "patrol": _patrol,
        "lost": _lost,
        "found": _found,
    }


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
