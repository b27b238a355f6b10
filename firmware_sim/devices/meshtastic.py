"""A Meshtastic node (firmware <= 2.7) with a detection sensor, received over MQTT as JSON.

Owns the node's JSON packets and which of them get lost. Must not decide what happens in the field.
"""

from firmware_sim.devices.device import OutgoingPublish, Payload, encode
from firmware_sim.devices.sensors import SensorValues
from firmware_sim.habitat.random_streams import fraction, key, mix
from firmware_sim.habitat.scenario import DeviceSpec, Scenario

MESH_GATEWAY = "!7d5286f0"


class Meshtastic:
    """A Meshtastic node with a detection sensor; another node sends its packets to MQTT."""

    def __init__(self, scenario: Scenario, spec: DeviceSpec) -> None:
        self.spec, self.faults = spec, scenario.faults
        self.stream = key(scenario.seed, spec.id, "radio")
        self.packets = 0
        self.out: list[OutgoingPublish] = []

    def boot(self, now: SensorValues) -> None:
        """Send the node's names."""
        names = {"id": self.spec.id, "longname": self.spec.name, "shortname": self.spec.id[-4:]}
        self._say(now.at, "nodeinfo", {**names, "hardware": 43})

    def heartbeat(self, now: SensorValues) -> None:
        """Send device metrics."""
        level = {"battery_level": round(now.battery.pct), "voltage": now.battery.volts(now.at)}
        self._say(now.at, "telemetry", {**level, "channel_utilization": 1.2, "air_util_tx": 0.4})

    def seen(self, now: SensorValues, species: str, count: int) -> None:
        """Send the detection sensor's text."""
        self._say(now.at, "detection", {"text": f"{self.spec.name} detected"})

    def trap(self, now: SensorValues) -> None:
        """Send the detection sensor's text, or its state when the trap is set again."""
        word = "detected" if now.sprung else "state: 0"
        self._say(now.at, "detection", {"text": f"{self.spec.name} {word}"})

    def tamper(self, now: SensorValues) -> None:
        """Send nothing: the module reads one pin only."""

    def due(self, link_s: float, reachable: bool) -> list[OutgoingPublish]:
        """The packets received by the uplink node."""
        out, self.out = self.out, []
        lost = self.faults.frame_lost
        heard = [p for p in out if fraction(self.stream, key(p.payload)) >= lost]
        return heard if reachable else []

    def _say(self, at: float, kind: str, payload: Payload) -> None:
        self.packets += 1
        noise = fraction(self.stream, self.packets)
        body: Payload = {
            "channel": 0,
            "from": int(self.spec.id[1:], 16),
            "hop_start": 3,
            "hops_away": mix(self.stream, 4) % 3,
            "id": mix(self.stream, self.packets) & 0xFFFFFFFF,
            "payload": payload,
            "rssi": -90 - round(25 * noise),
            "sender": MESH_GATEWAY,
            "snr": round(6 - 14 * noise, 2),
            "timestamp": int(at),
            "to": 0xFFFFFFFF,
            "type": kind,
        }
        topic = f"msh/JP/2/json/LongFast/{MESH_GATEWAY}"
        self.out.append(OutgoingPublish(topic, encode(body), qos=0))
