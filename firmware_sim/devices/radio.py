"""The radio of a device: turns its reports into MQTT publishes as a broker would see them.

Owns the interface between a device and its network, and the native radio. Must not decide what happens
in the field.
"""

from collections.abc import Callable
from typing import Protocol

from firmware_sim.devices import troubles
from firmware_sim.devices.chirpstack import ChirpStack
from firmware_sim.devices.device import DeviceClock, Firmware, OutgoingPublish, Payload
from firmware_sim.devices.meshtastic import Meshtastic
from firmware_sim.devices.sensors import SensorValues
from firmware_sim.habitat.random_streams import fraction, key, mix
from firmware_sim.habitat.records import Lost, Sent, TruthRecord
from firmware_sim.habitat.scenario import DeviceSpec, Scenario


class Radio(Protocol):
    """The interface of all radios. Nothing is sent here: `due` returns what to send."""

    told: list[TruthRecord]  # the truth about its messages that the world has not fetched yet

    def boot(self, now: SensorValues) -> None:
        """The device gets power."""

    def heartbeat(self, now: SensorValues) -> None:
        """Report the present state."""

    def seen(self, now: SensorValues, species: str, count: int) -> None:
        """Report an animal."""

    def trap(self, now: SensorValues) -> None:
        """Report that the trap sprang or was set."""

    def tamper(self, now: SensorValues) -> None:
        """Report that somebody or something moved the device."""

    def due(self, link_s: float, reachable: bool) -> list[OutgoingPublish]:
        """The publishes to send now; what cannot be stored is lost when offline."""


def radio_for(scenario: Scenario, spec: DeviceSpec) -> Radio:
    """Build the radio that the device of a scenario carries."""
    return RADIOS[spec.radio](scenario, spec)


class Native:
    """A device with its own MQTT connection and the firmware of `device`."""

    def __init__(self, scenario: Scenario, spec: DeviceSpec) -> None:
        stream = key(scenario.seed, spec.id, "radio")
        self.spec, self.stream, self._sent_at = spec, stream, 0.0
        meta: Payload = {
            "model": spec.model,
            "fw": "1.4.2",
            "role": spec.role,
            "heartbeat_s": scenario.heartbeat_s,
            "inverted": spec.inverted,
        }
        drift = (fraction(stream, 1) - 0.5) * 80  # a cheap crystal: up to 40 ppm
        ahead_s = troubles.clock_error_s(scenario, spec)
        clock = DeviceClock(spec.clock, drift_ppm=drift, ahead_s=ahead_s)
        self.firmware = Firmware(
            scenario.site,
            spec.id,
            meta,
            clock,
            secret=scenario.seed,
            forgets=spec.forgets,
            retains=spec.retains,
        )
        self.ram: list[OutgoingPublish] = []
        self.told: list[TruthRecord] = []

    def boot(self, now: SensorValues) -> None:
        """Start the firmware; the person who gives it power also sets its clock."""
        self.firmware.clock.set_at = now.at
        self.firmware.start(now.at)

    def heartbeat(self, now: SensorValues) -> None:
        """Queue telemetry in RAM."""
        facts = self._facts(now)
        if self.spec.clock == "gps":
            wobble = (fraction(self.stream, self.firmware.seq) - 0.5) * 1e-4
            lat, lon = round(self.spec.at[0] + wobble, 6), round(self.spec.at[1] - wobble, 6)
            facts["loc"] = {"lat": lat, "lon": lon, "acc_m": 8}
        publish = self.firmware.telemetry(now.at, facts)
        self.ram.append(publish)
        self._tell(now, publish.id, "heartbeat", "")

    def seen(self, now: SensorValues, species: str, count: int) -> None:
        """Write a detection to flash."""
        sure = 0.62 + 0.37 * fraction(self.stream, 1_000_000 + self.firmware.seq)
        facts: Payload = {"species": species, "count": count, "confidence": round(sure, 2)}
        self._sense("detection", now, {**facts, "media": None})

    def trap(self, now: SensorValues) -> None:
        """Write the trap's change to flash."""
        kind, state = ("trap.sprung", "sprung") if now.sprung else ("trap.set", "armed")
        self._sense(kind, now, {}, state)

    def tamper(self, now: SensorValues) -> None:
        """Write a tamper event to flash."""
        self._sense("tamper", now, {})

    def due(self, link_s: float, reachable: bool) -> list[OutgoingPublish]:
        """Heartbeats (not stored) and the due events of the flash."""
        ram, self.ram = self.ram, []
        if reachable:
            return ram + self.firmware.due(link_s)
        self.told += [Lost(self._sent_at, self.spec.id, one.id, "offline") for one in ram]
        return []

    def _sense(self, kind: str, now: SensorValues, facts: Payload, state: str = "") -> None:
        name = self.firmware.sense(kind, now.at, {**facts, **self._facts(now)})
        self._tell(now, name, kind, state)
        dropped, self.firmware.dropped_ids = self.firmware.dropped_ids, []
        self.told += [Lost(now.at, self.spec.id, one, "flash") for one in dropped]

    def _tell(self, now: SensorValues, name: str, kind: str, state: str) -> None:
        self._sent_at, believed = now.at, self.firmware.clock.read(now.at)
        self.told.append(Sent(now.at, self.spec.id, name, kind, state, believed))

    def _facts(self, now: SensorValues) -> Payload:
        noise = fraction(self.stream, 2_000_000 + self.firmware.seq)
        return {
            "battery": {
                "v": round(now.battery.volts(now.at), 2),
                "pct": round(now.battery.pct),
                "ext": False,
            },
            "link": {"rssi_dbm": -68 - mix(self.stream, 2) % 35 - round(8 * noise)},
        }


RADIOS: dict[str, Callable[[Scenario, DeviceSpec], Radio]] = {
    "native": Native,
    "chirpstack": ChirpStack,
    "meshtastic": Meshtastic,
}
