"""What a device's radio makes of its acts: publishes that a broker would see.

Owns the seam between a device and its network, and the native radio. Must not decide what happens
in the field.
"""

from collections.abc import Callable
from typing import Protocol

from firmware_sim.devices.chirpstack import ChirpStack
from firmware_sim.devices.device import DeviceClock, Firmware, OutgoingPublish, Payload
from firmware_sim.devices.meshtastic import Meshtastic
from firmware_sim.devices.sensors import Senses
from firmware_sim.habitat.random_streams import fraction, key, mix
from firmware_sim.habitat.scenario import Scenario, Spec


class Radio(Protocol):
    """How a device speaks. Nothing is sent here: `due` gives what to send."""

    def boot(self, now: Senses) -> None:
        """Power came back or was given for the first time."""

    def heartbeat(self, now: Senses) -> None:
        """Say that the device lives."""

    def seen(self, now: Senses, species: str, count: int) -> None:
        """Report an animal."""

    def trap(self, now: Senses) -> None:
        """Report that the trap sprang or was set."""

    def tamper(self, now: Senses) -> None:
        """Report that somebody or something moved the device."""

    def due(self, link_s: float, reachable: bool) -> list[OutgoingPublish]:
        """Give what goes out now; what cannot be kept is lost when out of reach."""


def radio_for(scenario: Scenario, spec: Spec) -> Radio:
    """Build the radio that the device of a scenario carries."""
    return RADIOS[spec.radio](scenario, spec)


class Native:
    """MQTT direct: the firmware of `device.py`."""

    def __init__(self, scenario: Scenario, spec: Spec) -> None:
        stream = key(scenario.seed, spec.id, "radio")
        self.spec, self.stream = spec, stream
        meta: Payload = {
            "model": spec.model,
            "fw": "1.4.2",
            "role": spec.role,
            "heartbeat_s": scenario.heartbeat_s,
            "inverted": spec.inverted,
        }
        drift = (fraction(stream, 1) - 0.5) * 80  # a cheap crystal: up to 40 ppm
        clock = DeviceClock(spec.clock, drift_ppm=drift)
        self.firmware = Firmware(scenario.site, spec.id, meta, clock, secret=scenario.seed)
        self.ram: list[OutgoingPublish] = []

    def boot(self, now: Senses) -> None:
        """Start the firmware; somebody stands beside it and sets its clock."""
        self.firmware.clock.set_at = now.at
        self.firmware.start(now.at)

    def heartbeat(self, now: Senses) -> None:
        """Queue telemetry in RAM."""
        facts = self._facts(now)
        if self.spec.clock == "gps":
            wobble = (fraction(self.stream, self.firmware.seq) - 0.5) * 1e-4
            lat, lon = round(self.spec.at[0] + wobble, 6), round(self.spec.at[1] - wobble, 6)
            facts["loc"] = {"lat": lat, "lon": lon, "acc_m": 8}
        self.ram.append(self.firmware.telemetry(now.at, facts))

    def seen(self, now: Senses, species: str, count: int) -> None:
        """Write a detection to flash."""
        sure = 0.62 + 0.37 * fraction(self.stream, 1_000_000 + self.firmware.seq)
        facts: Payload = {"species": species, "count": count, "confidence": round(sure, 2)}
        self._sense("detection", now, {**facts, "media": None})

    def trap(self, now: Senses) -> None:
        """Write the trap's change to flash."""
        self._sense("trap.sprung" if now.sprung else "trap.set", now, {})

    def tamper(self, now: Senses) -> None:
        """Write a tamper event to flash."""
        self._sense("tamper", now, {})

    def due(self, link_s: float, reachable: bool) -> list[OutgoingPublish]:
        """Give heartbeats (kept nowhere) and the flash's events that are due."""
        ram, self.ram = self.ram, []
        return ram + self.firmware.due(link_s) if reachable else []

    def _sense(self, kind: str, now: Senses, facts: Payload) -> None:
        self.firmware.sense(kind, now.at, {**facts, **self._facts(now)})

    def _facts(self, now: Senses) -> Payload:
        noise = fraction(self.stream, 2_000_000 + self.firmware.seq)
        return {
            "battery": {
                "v": round(now.battery.volts(now.at), 2),
                "pct": round(now.battery.pct),
                "ext": False,
            },
            "link": {"rssi_dbm": -68 - mix(self.stream, 2) % 35 - round(8 * noise)},
        }


RADIOS: dict[str, Callable[[Scenario, Spec], Radio]] = {
    "native": Native,
    "chirpstack": ChirpStack,
    "meshtastic": Meshtastic,
}
