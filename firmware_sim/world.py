"""The world of a scenario: all devices and one list of stimuli, advanced in time order.

Owns the order of stimuli, and the fast simulation of months without a broker (`history`). Must not talk
MQTT: `fleet.py` runs the same world against a broker.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from firmware_sim.devices.device import OutgoingPublish
from firmware_sim.devices.radio import Native
from firmware_sim.devices.unit import SimulatedDevice, Stimulus, TrueSpring
from firmware_sim.habitat.herds.damage import damage
from firmware_sim.habitat.herds.herds import Herds
from firmware_sim.habitat.records import Expected, Heard, TruthRecord
from firmware_sim.habitat.scenario import Scenario
from firmware_sim.habitat.species_habits import SPECIES, day_starts, local_day, season

TimedPublish = tuple[datetime, str, bytes]
Tell = Callable[[TruthRecord], None]


class World:
    """Every device of a scenario from `start` on. Deterministic; single-threaded."""

    def __init__(self, scenario: Scenario, start: datetime, tell: Tell | None = None) -> None:
        """`tell`: is given the truth, as it happens."""
        self.scenario, self._tell = scenario, tell
        self.now = start.timestamp()
        places = [spec.at for spec in scenario.devices]
        self.herds = Herds(scenario, places) if scenario.animals else None
        self.units = {
            spec.id: SimulatedDevice(scenario, spec, self.now, self.herds)
            for spec in scenario.devices
        }
        self._agenda = self._stimuli(self.now)
        self._next = next(self._agenda)
        self._announced: dict[str, tuple[bool, int]] = {}  # native: last published (online, boot)

    @property
    def next_at(self) -> float:
        """Time of the next stimulus, Unix seconds."""
        return self._next[0]

    @property
    def ledger(self) -> list[TrueSpring]:
        """The truth about every spring after which the trap was set again, in time order."""
        return sorted((s for u in self.units.values() for s in u.ledger), key=lambda s: s.at)

    def step(self) -> SimulatedDevice:
        """Apply the next stimulus and return its device."""
        at, unit, stimulus = self._next
        self.now = at
        unit.act(stimulus)
        self._fetch(unit)
        self._next = next(self._agenda)
        return unit

    def _fetch(self, unit: SimulatedDevice) -> None:
        """Pass on what a device has told; nobody keeps it where nobody listens."""
        told = [*unit.told, *unit.radio.told]
        unit.told.clear()
        unit.radio.told.clear()
        if self._tell is not None:
            for record in told:
                self._tell(record)

    def live_through(self, end: datetime) -> Iterator[TimedPublish]:
        """Advance to `end`, giving every publish as a broker would see it, in time order.

        The gateway is assumed to confirm at once every event that reaches it.
        """
        for unit in list(self.units.values()):
            yield from self._speak(unit)
        until = end.timestamp()
        while self.next_at < until:
            yield from self._speak(self.step())
        self.now = until

    def _speak(self, unit: SimulatedDevice) -> Iterator[TimedPublish]:
        native = unit.native
        out = self._native(unit, native) if native else unit.radio.due(self.now, unit.online)
        self._fetch(unit)
        if self._tell is not None:
            for name, copies in Counter(publish.id for publish in out if publish.id).items():
                self._tell(Heard(self.now, unit.spec.id, name, copies))
        if out:
            at = datetime.fromtimestamp(self.now, UTC)
            for publish in out:
                yield at, publish.topic, publish.payload

    def _native(self, unit: SimulatedDevice, radio: Native) -> list[OutgoingPublish]:
        firmware = radio.firmware
        before, now = self._announced.get(unit.spec.id), (unit.online, firmware.boot)
        out: list[OutgoingPublish] = []
        if before != now:
            self._announced[unit.spec.id] = now
            out = self._greetings(unit, radio, before, now)
        out += radio.due(self.now, unit.online)
        if unit.online:
            firmware.flash.clear()
        return out

    @staticmethod
    def _greetings(
        unit: SimulatedDevice, radio: Native, before: tuple[bool, int] | None, now: tuple[bool, int]
    ) -> list[OutgoingPublish]:
        """Birth after a boot or reconnection; the last will of a device that stays connected."""
        firmware = radio.firmware
        if not now[0]:
            was_on = before is not None and before[0]
            return [] if unit.spec.sleeps or not was_on else [firmware.status("offline")]
        firmware.reconnected()
        rebooted = before is None or before[1] != now[1]
        return firmware.birth() if rebooted or not unit.spec.sleeps else []

    def _stimuli(self, start: float) -> Iterator[tuple[float, SimulatedDevice, Stimulus]]:
        """All stimuli from `start` on, without end; some of a day's stimuli are after midnight."""
        day = local_day(start)
        after_midnight: list[tuple[float, int, SimulatedDevice, Stimulus]] = []
        while True:
            self._tell_day(day)
            met = self.herds.visits(day) if self.herds else None
            agenda = after_midnight + [
                (stimulus.at, i, unit, stimulus)
                for i, unit in enumerate(self.units.values())
                for stimulus in unit.plan(day, None if met is None else met.get(i, []))
                if stimulus.at >= start
            ]
            agenda.sort(key=lambda item: item[:2])
            day += 1
            midnight = day_starts(day)
            after_midnight = [item for item in agenda if item[0] >= midnight]
            for at, _, unit, stimulus in agenda[: len(agenda) - len(after_midnight)]:
                yield at, unit, stimulus

    def _tell_day(self, day: int) -> None:
        """Tell the expected visits and the damage of a local day."""
        if self._tell is None:
            return
        for species in SPECIES:
            self._tell(Expected(day_starts(day), species, self._expected(species, day)))
        if self.herds is not None:
            for one in damage(self.scenario, self.herds, day):
                self._tell(one)

    def _expected(self, species: str, day: int) -> list[float]:
        if self.herds is not None:
            visits = self.herds.expected(species, day).tolist()
        else:
            factor = season(species, day)
            visits = [unit.rates[species] * factor for unit in self.units.values()]
        return [round(value, 5) for value in visits]


def history(scenario: Scenario, start: datetime, end: datetime) -> Iterator[TimedPublish]:
    """(received at, topic, payload) of every publish from `start` to `end`, in time order.

    To continue with a broker afterwards use a `World`: ``world.live_through(end)``, then
    ``Fleet(world, ...)``.
    """
    yield from World(scenario, start).live_through(end)
