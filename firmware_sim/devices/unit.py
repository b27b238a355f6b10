"""One simulated device: the effect of each stimulus on it.

Owns the device's state (armed or sprung, battery, online or offline) and tells the truth about it. What
happens when: `plan`. Must not talk MQTT or read the real clock.
"""

from collections.abc import Callable, Iterable
from typing import ClassVar, NamedTuple

from firmware_sim.devices import trapper, troubles
from firmware_sim.devices.plan import SPRING_PROBABILITY, Plan
from firmware_sim.devices.power import PrimaryCell, SolarCell
from firmware_sim.devices.radio import Native, Radio, radio_for
from firmware_sim.devices.sensors import SensorValues
from firmware_sim.devices.stimulus import Stimulus as Stimulus
from firmware_sim.habitat import species_habits
from firmware_sim.habitat.calendar import in_season
from firmware_sim.habitat.herds.herds import Herds
from firmware_sim.habitat.random_streams import fraction, key
from firmware_sim.habitat.records import Armed, AtRest, Passage, Reach, Spring, TruthRecord
from firmware_sim.habitat.scenario import DeviceSpec, Scenario
from firmware_sim.habitat.species_habits import DAY_S, JST_S, Visit

# Battery: percent per day in standby, percent per activity.
BATTERY_DRAIN = {
    ("native", "detector"): (0.20, 0.010),
    ("native", "trap"): (0.11, 0.020),
    ("chirpstack", "detector"): (0.07, 0.003),
    ("chirpstack", "trap"): (0.06, 0.003),
    ("meshtastic", "detector"): (0.35, 0.010),
    ("meshtastic", "trap"): (0.35, 0.010),
}
CLOSED_AFTER_S = 120.0  # until the trapper has noted that a trap is closed
MOST_CAUGHT = {"snare": 1, "box": 3, "": 0}
NO_POWER_NEEDED = {"patrol", "lost", "found", "spring", "stolen", "replaced", "open", "close"}


class TrueSpring(NamedTuple):
    """The truth about one spring of a trap, to compare with the gateway's records."""

    trap: str
    at: float
    cause: str  # species, "false", "storm" or "hand"
    group: int
    found_at: float  # when the trapper reset it


class SimulatedDevice:
    """A device at its place."""

    def __init__(
        self,
        scenario: Scenario,
        spec: DeviceSpec,
        installed_at: float,
        herds: Herds | None = None,
    ) -> None:
        self.scenario, self.spec, self.herds = scenario, spec, herds
        self.stream = key(scenario.seed, spec.id)
        self.rates = {
            s: float(species_habits.density(scenario.habitat, s, *spec.at, seed=scenario.seed))
            for s in species_habits.SPECIES
        }
        self._plan = Plan(scenario, spec, self.stream, self.rates)
        self.radio: Radio = radio_for(scenario, spec)
        rest, self.effort = BATTERY_DRAIN[spec.radio, spec.role]
        fresh = 55 + 45 * fraction(self.stream, 1)
        self.battery: PrimaryCell | SolarCell = PrimaryCell(fresh, rest, installed_at)
        if spec.power == "solar":
            self.battery = SolarCell(fresh, installed_at, lambda d: troubles.is_dark(scenario, d))
        self.neglected = fraction(self.stream, 2) < scenario.faults.neglected
        self.cuts = 0  # number of current outages
        self.gone = False  # stolen
        self.sprung: TrueSpring | None = None
        self.caught = 0  # animals in the trap
        self.sprung_times = 0
        self.ledger: list[TrueSpring] = []
        self.told: list[TruthRecord] = []  # what the world has not fetched yet
        today = species_habits.local_day(installed_at)
        self.at_rest = scenario.season is not None and not in_season(scenario.season, today)
        self.radio.boot(self.senses(installed_at))
        if spec.role == "trap":
            self.radio.trap(self.senses(installed_at))
            self.told.append((AtRest if self.at_rest else Armed)(installed_at, spec.id))
            if self.at_rest:
                self.told.append(trapper.note(installed_at, spec.id, "paused"))
        self._reached: tuple[bool, bool] | None = None
        self._tell_reach(installed_at)

    @property
    def native(self) -> Native | None:
        """The radio, if it is a native one."""
        return self.radio if isinstance(self.radio, Native) else None

    @property
    def online(self) -> bool:
        """Whether it is there, has power and no outage."""
        return self.cuts == 0 and not self.battery.empty and not self.gone

    @property
    def ready(self) -> bool:
        """Whether it is an armed trap that is online."""
        trap = self.spec.role == "trap" and not self.at_rest
        return self.online and trap and self.sprung is None

    def senses(self, at: float) -> SensorValues:
        """The values of the device at `at`."""
        hour = (at + JST_S) % DAY_S // 3600
        night = hour < 6 or hour >= 18
        return SensorValues(at, self.battery, self.sprung is not None, self.sprung_times, night)

    def plan(self, day: int, visits: Iterable[Visit] | None = None) -> list[Stimulus]:
        """All stimuli of Japan's local day `day`, in time order."""
        return self._plan.day(day, visits)

    # ---- effects of stimuli ---------------------------------------------------------------

    def act(self, stimulus: Stimulus) -> None:
        """Apply a stimulus. A sensor without power tells nothing; its trap springs all the same."""
        if stimulus.what == "pass":
            self.told.append(
                Passage(stimulus.at, self.spec.id, stimulus.species, stimulus.group, stimulus.herd)
            )
            return
        was_empty = self.battery.empty
        self.battery.rest(stimulus.at)
        if was_empty and not self.battery.empty:
            self.radio.boot(self.senses(stimulus.at))
        if self._works or stimulus.what in NO_POWER_NEEDED:
            self.ACTS[stimulus.what](self, stimulus)
        elif stimulus.what == "try":
            self._try(stimulus)
        self._tell_reach(stimulus.at)

    @property
    def _works(self) -> bool:
        return not self.battery.empty and not self.gone

    def _tell_reach(self, at: float) -> None:
        now = self.online, self._works
        if now != self._reached:
            self._reached = now
            self.told.append(Reach(at, self.spec.id, *now))

    def _heartbeat(self, now: Stimulus) -> None:
        self.battery.work(self.effort)
        self.radio.heartbeat(self.senses(now.at))

    def _seen(self, now: Stimulus) -> None:
        if self.herds is not None and not self._lives(now):
            return
        self.battery.work(self.effort)
        self.radio.seen(self.senses(now.at), now.species, now.group)

    def _try(self, now: Stimulus) -> None:
        """A group of animals is at the trap: it springs with a chance that falls with their shyness."""
        if self.herds is None or not self._lives(now):
            return
        base = self.scenario.catch.get(
            now.species, SPRING_PROBABILITY[self.spec.trap_type].get(now.species, 0.0)
        )
        shy = self.herds.numbers[now.species].boldness(now.herd, self.spec.id, now.at)
        if fraction(self.stream ^ 11, int(now.at * 1000)) < base * shy:
            self._spring(now)

    def _lives(self, now: Stimulus) -> bool:
        if self.herds is None or now.herd < 0:
            return True
        alive = self.herds.numbers[now.species].alive(species_habits.local_day(now.at))
        return bool(alive[now.herd] > 0)

    def _spring(self, now: Stimulus) -> None:
        if self.sprung is not None or self.at_rest:
            return
        self.sprung = TrueSpring(self.spec.id, now.at, now.species, now.group, 0.0)
        self.sprung_times += 1
        self.caught = self._take(now)
        self.told.append(Spring(now.at, self.spec.id, now.species, self.caught))
        if self._works:
            self.battery.work(self.effort)
            self.radio.trap(self.senses(now.at))

    def _take(self, now: Stimulus) -> int:
        if now.species not in species_habits.SPECIES:
            return 0
        most = min(now.group, MOST_CAUGHT[self.spec.trap_type])
        if self.herds is None or now.herd < 0:
            return max(1, most)
        return self.herds.numbers[now.species].catch(now.herd, self.spec.id, now.at, max(1, most))

    def _reset(self, now: Stimulus) -> None:
        if self.sprung is None:
            return
        self.ledger.append(self.sprung._replace(found_at=now.at))
        cause = self.sprung.cause
        self.told.append(trapper.found(now.at, self.spec.id, self.stream, cause, self.caught))
        self.sprung, self.caught = None, 0
        self.told.append(Armed(now.at, self.spec.id))
        if self._works:
            self.radio.trap(self.senses(now.at))

    def _open(self, now: Stimulus) -> None:
        self.at_rest = False
        self.told += [trapper.note(now.at, self.spec.id, "armed"), Armed(now.at, self.spec.id)]
        if self._works:
            self.radio.trap(self.senses(now.at))

    def _close(self, now: Stimulus) -> None:
        self._reset(now)
        self.at_rest = True
        self.told.append(trapper.note(now.at + CLOSED_AFTER_S, self.spec.id, "paused"))
        self.told.append(AtRest(now.at, self.spec.id))

    def _tamper(self, now: Stimulus) -> None:
        self.radio.tamper(self.senses(now.at))

    def _patrol(self, now: Stimulus) -> None:
        low = 30.0 if self.spec.role == "detector" else 15.0
        if self.battery.pct < low and not self.neglected and not self.gone:
            self.battery.pct = 100.0
            self.radio.boot(self.senses(now.at))
        self._reset(now)

    def _lost(self, now: Stimulus) -> None:
        self.cuts += 1

    def _found(self, now: Stimulus) -> None:
        self.cuts = max(0, self.cuts - 1)

    def _stolen(self, now: Stimulus) -> None:
        self.gone = True

    def _replaced(self, now: Stimulus) -> None:
        self.gone, self.battery.pct = False, 100.0
        self.radio.boot(self.senses(now.at))
        if self.spec.role == "trap":
            self.radio.trap(self.senses(now.at))

    ACTS: ClassVar[dict[str, Callable[["SimulatedDevice", Stimulus], None]]] = {
        "heartbeat": _heartbeat,
        "seen": _seen,
        "try": _try,
        "spring": _spring,
        "reset": _reset,
        "open": _open,
        "close": _close,
        "tamper": _tamper,
        "patrol": _patrol,
        "lost": _lost,
        "found": _found,
        "stolen": _stolen,
        "replaced": _replaced,
    }
