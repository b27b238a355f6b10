"""A Meshtastic node (firmware <= 2.7) with a detection sensor, received over MQTT as JSON.

Owns the node's JSON packets and which of them get lost. Must not decide what happens in the field.
"""

from firmware_sim.devices import air
from firmware_sim.devices.device import OutgoingPublish, Payload, encode
from firmware_sim.devices.sensors import SensorValues
from firmware_sim.habitat.random_streams import fraction, key, mix
from firmware_sim.habitat.records import Lost, Sent, TruthRecord
from firmware_sim.habitat.scenario import DeviceSpec, Scenario

MESH_GATEWAY, OTHER_GATEWAY = "!7d5286f0", "!7d5286f1"


class Meshtastic:
    """A Meshtastic node with a detection sensor; another node sends its packets to MQTT."""

    def __init__(self, scenario: Scenario, spec: DeviceSpec) -> None:
        self.spec, self.faults = spec, scenario.faults
        self.stream = key(scenario.seed, spec.id, "radio")
        self.packets = 0
        self.hops = mix(self.stream, 4) % 3 if spec.hops is None else spec.hops
        self._sent_at = 0.0
        self.out: list[OutgoingPublish] = []
        self.told: list[TruthRecord] = []

    def boot(self, now: SensorValues) -> None:
        """Send the node's names."""
        names = {"id": self.spec.id, "longname": self.spec.name, "shortname": self.spec.id[-4:]}
        self._say(now.at, "nodeinfo", {**names, "hardware": 43}, "heartbeat")

    def heartbeat(self, now: SensorValues) -> None:
        """Send device metrics."""
        level = {"battery_level": round(now.battery.pct), "voltage": now.battery.volts(now.at)}
        air = {"channel_utilization": 1.2, "air_util_tx": 0.4}
        self._say(now.at, "telemetry", {**level, **air}, "heartbeat")

    def seen(self, now: SensorValues, species: str, count: int) -> None:
        """Send the detection sensor's text."""
        self._say(now.at, "detection", {"text": f"{self.spec.name} detected"}, "detection")

    def trap(self, now: SensorValues) -> None:
        """Send the detection sensor's text, or its state when the trap is set again."""
        word = "detected" if now.sprung else "state: 0"
        kind = "trap.sprung" if now.sprung else "trap.set"
        self._say(now.at, "detection", {"text": f"{self.spec.name} {word}"}, kind)

    def tamper(self, now: SensorValues) -> None:
        """Send nothing: the module reads one pin only."""

    def due(self, link_s: float, reachable: bool) -> list[OutgoingPublish]:
        """The packets received by the uplink node."""
        out, self.out = self.out, []
        heard: list[OutgoingPublish] = []
        for publish in out:
            packet, why = key(publish.payload) >> 1, "air" if reachable else "offline"
            survives = air.relayed(self.stream, packet, self.hops, self.faults.frame_lost)
            if not survives or not reachable:
                self.told.append(Lost(self._sent_at, self.spec.id, publish.id, why))
                continue
            doubled = fraction(self.stream, packet) < self.faults.frame_doubled
            heard += [publish, _by_other(publish)] if doubled else [publish]
        return heard

    def _say(self, at: float, kind: str, payload: Payload, means: str) -> None:
        self.packets += 1
        noise = fraction(self.stream, self.packets)
        body: Payload = {
            "channel": 0,
            "from": int(self.spec.id[1:], 16),
            "hop_start": 3,
            "hops_away": self.hops,
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
        name = f"{self.spec.id}:{body['id']}"
        self.out.append(OutgoingPublish(topic, encode(body), qos=0, id=name))
        self._sent_at = at
        state = {"trap.sprung": "sprung", "trap.set": "armed"}.get(means, "")
        self.told.append(Sent(at, self.spec.id, name, means, state))


def _by_other(publish: OutgoingPublish) -> OutgoingPublish:
    """The same packet as another node uplinks it: on its own topic, named as its sender."""
    ours, other = MESH_GATEWAY.encode(), OTHER_GATEWAY.encode()
    topic = publish.topic.replace(MESH_GATEWAY, OTHER_GATEWAY)
    return publish._replace(topic=topic, payload=publish.payload.replace(ours, other))
