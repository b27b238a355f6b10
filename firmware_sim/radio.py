"""What a device's radio makes of its acts: publishes that a broker would see.

Owns the forms of the native protocol's carrier, ChirpStack v4 and Meshtastic (firmware <= 2.7),
and which frames get lost or doubled on the air. Must not decide what happens in the field.
"""

from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple, Protocol
from uuid import UUID

import msgspec

from firmware_sim.device import Clock, Facts, Firmware, Publish, encode
from firmware_sim.power import Battery, temperature_c
from firmware_sim.scenario import Scenario, Spec
from firmware_sim.streams import fraction, key, mix

APPLICATION = str(UUID(int=key("shishigaki", "application") << 64 | 0x4000_8000_0000_0000_0001))
TENANT = str(UUID(int=key("shishigaki", "tenant") << 64 | 0x4000_8000_0000_0000_0002))
LORA_GATEWAY = "a84041ffff1f0001"
MESH_GATEWAY = "!7d5286f0"


class Senses(NamedTuple):
    """What a device can tell when it speaks."""

    at: float  # Unix seconds
    battery: Battery
    sprung: bool
    sprung_times: int
    is_night: bool


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

    def due(self, link_s: float, reachable: bool) -> list[Publish]:
        """Give what goes out now; what cannot be kept is lost when out of reach."""


def radio_for(scenario: Scenario, spec: Spec) -> Radio:
    """Build the radio that the device of a scenario carries."""
    return RADIOS[spec.radio](scenario, spec)


class Native:
    """MQTT direct: the firmware of `device.py`."""

    def __init__(self, scenario: Scenario, spec: Spec) -> None:
        stream = key(scenario.seed, spec.id, "radio")
        self.spec, self.stream = spec, stream
        meta: Facts = {
            "model": spec.model,
            "fw": "1.4.2",
            "role": spec.role,
            "heartbeat_s": scenario.heartbeat_s,
            "inverted": spec.inverted,
        }
        drift = (fraction(stream, 1) - 0.5) * 80  # a cheap crystal: up to 40 ppm
        clock = Clock(spec.clock, drift_ppm=drift)
        self.firmware = Firmware(scenario.site, spec.id, meta, clock, secret=scenario.seed)
        self.ram: list[Publish] = []

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
        facts: Facts = {"species": species, "count": count, "confidence": round(sure, 2)}
        self._sense("detection", now, {**facts, "media": None})

    def trap(self, now: Senses) -> None:
        """Write the trap's change to flash."""
        self._sense("trap.sprung" if now.sprung else "trap.set", now, {})

    def tamper(self, now: Senses) -> None:
        """Write a tamper event to flash."""
        self._sense("tamper", now, {})

    def due(self, link_s: float, reachable: bool) -> list[Publish]:
        """Give heartbeats (kept nowhere) and the flash's events that are due."""
        ram, self.ram = self.ram, []
        return ram + self.firmware.due(link_s) if reachable else []

    def _sense(self, kind: str, now: Senses, facts: Facts) -> None:
        self.firmware.sense(kind, now.at, {**facts, **self._facts(now)})

    def _facts(self, now: Senses) -> Facts:
        noise = fraction(self.stream, 2_000_000 + self.firmware.seq)
        return {
            "battery": {
                "v": round(now.battery.volts(now.at), 2),
                "pct": round(now.battery.pct),
                "ext": False,
            },
            "link": {"rssi_dbm": -68 - mix(self.stream, 2) % 35 - round(8 * noise)},
        }


class Codec(NamedTuple):
    """What a LoRaWAN sensor model sends and what its decoder makes of it."""

    title: str
    f_port: int
    uplink: Callable[[Senses, bool], tuple[bytes, Facts]]  # (now, active) -> raw bytes, object


def _ws301(now: Senses, active: bool) -> tuple[bytes, Facts]:
    pct = round(now.battery.pct)
    raw = bytes([0x01, 0x75, pct, 0x03, 0x00, active, 0x04, 0x00, 0x00])
    magnet = "open" if active else "close"
    return raw, {"battery": pct, "magnet_status": magnet, "tamper_status": "installed"}


def _em300_mcs(now: Senses, active: bool) -> tuple[bytes, Facts]:
    pct, tenths = round(now.battery.pct), round(temperature_c(now.at) * 10)
    warm = (tenths & 0xFFFF).to_bytes(2, "little")
    raw = bytes([0x01, 0x75, pct, 0x03, 0x67, *warm, 0x04, 0x68, 130, 0x06, 0x00, active])
    facts: Facts = {"battery": pct, "temperature": tenths / 10, "humidity": 65.0}
    return raw, {**facts, "magnet_status": "open" if active else "close"}


def _lds02(now: Senses, active: bool) -> tuple[bytes, Facts]:
    mv = round(now.battery.volts(now.at) * 1000)
    times = now.sprung_times.to_bytes(3, "big")
    raw = ((active << 15) | mv).to_bytes(2, "big") + b"\x01" + times + bytes(4)
    return raw, {
        "BAT_V": mv / 1000,
        "MOD": 1,
        "DOOR_OPEN_STATUS": int(active),
        "DOOR_OPEN_TIMES": now.sprung_times,
        "LAST_DOOR_OPEN_DURATION": 0,
        "ALARM": 0,
    }


def _ws202(now: Senses, active: bool) -> tuple[bytes, Facts]:
    pct = round(now.battery.pct)
    raw = bytes([0x01, 0x75, pct, 0x03, 0x00, active, 0x04, 0x00, not now.is_night])
    light = "dim" if now.is_night else "bright"
    return raw, {"battery": pct, "pir": "trigger" if active else "normal", "daylight": light}


CODECS = {
    "milesight-ws301": Codec("Milesight WS301", 85, _ws301),
    "milesight-em300-mcs": Codec("Milesight EM300-MCS", 85, _em300_mcs),
    "dragino-lds02": Codec("Dragino LDS02", 10, _lds02),
    "milesight-ws202": Codec("Milesight WS202", 85, _ws202),
}


class ChirpStack:
    """A LoRaWAN device behind a ChirpStack v4 network server. Frames it misses are gone."""

    def __init__(self, scenario: Scenario, spec: Spec) -> None:
        self.spec, self.faults = spec, scenario.faults
        self.stream = key(scenario.seed, spec.id, "radio")
        self.codec = CODECS[spec.model]
        self.f_cnt = self.joins = self.days = 0
        self.sprung_times = 0
        self.info = msgspec.Raw(encode(self._device_info()))
        self.out: list[tuple[Publish, bool]] = []  # with whether the device retries it on the air

    def boot(self, now: Senses) -> None:
        """Join the network anew: a new address, the frame counter starts again."""
        self.joins, self.f_cnt = self.joins + 1, 0
        body: Facts = {**self._head(now.at, 0x6A), "devAddr": self._address()}
        self.out.append((self._publish("join", body), True))

    def heartbeat(self, now: Senses) -> None:
        """Send the present state; once a day the network server asks for the device's status."""
        self._up(now, self._contact(now), sure=False)
        day = int(now.at // 86_400)
        if day != self.days:
            self.days = day
            self._status(now)

    def seen(self, now: Senses, species: str, count: int) -> None:
        """Send the PIR's trigger: it cannot tell which animal, nor how many."""
        self._up(now, active=True, sure=False)

    def trap(self, now: Senses) -> None:
        """Send the contact's change as a confirmed uplink, repeated until the server has it."""
        self._up(now, self._contact(now), sure=True)

    def tamper(self, now: Senses) -> None:
        """Say nothing: these models report it only with the next state."""

    def due(self, link_s: float, reachable: bool) -> list[Publish]:
        """Give what the network server heard, some of it twice."""
        out, self.out = self.out, []
        if not reachable:
            return []
        heard: list[Publish] = []
        for publish, sure in out:
            luck = fraction(self.stream, key(publish.payload))
            if sure or luck >= self.faults.frame_lost:
                heard.append(publish)
            if luck > 1 - self.faults.frame_doubled:
                heard.append(publish)
        return heard

    def _contact(self, now: Senses) -> bool:
        if self.spec.role == "detector":
            return False
        return now.sprung != self.spec.inverted

    def _up(self, now: Senses, active: bool, sure: bool) -> None:
        raw, decoded = self.codec.uplink(now, active)
        noise = fraction(self.stream, self.joins << 32 | self.f_cnt)
        body = {
            **self._head(now.at, 0x75),
            "devAddr": self._address(),
            "adr": True,
            "dr": 3,
            "fCnt": self.f_cnt,
            "fPort": self.codec.f_port,
            "confirmed": sure,
            "data": b64encode(raw).decode(),
            "object": decoded,
            "rxInfo": [self._rx(now.at, noise)],
            "txInfo": TX_INFO,
        }
        self.f_cnt += 1
        self.out.append((self._publish("up", body), sure))

    def _status(self, now: Senses) -> None:
        pct = round(now.battery.pct * 2.54) / 2.54
        body: Facts = {
            **self._head(now.at, 0x73),
            "margin": 8 + mix(self.stream, 3) % 12,
            "externalPowerSource": False,
            "batteryLevelUnavailable": False,
            "batteryLevel": round(pct, 2),
        }
        self.out.append((self._publish("status", body), False))

    def _rx(self, at: float, noise: float) -> Facts:
        return {
            "gatewayId": LORA_GATEWAY,
            "uplinkId": mix(self.stream, self.f_cnt) & 0xFFFFFFFF,
            "nsTime": _nano(at),
            "rssi": -82 - mix(self.stream, 2) % 30 - round(10 * noise),
            "snr": round(9.5 - 16 * noise, 1),
            "channel": mix(self.stream, self.f_cnt) % 8,
            "location": {},
            "crcStatus": "CRC_OK",
        }

    def _head(self, at: float, salt: int) -> dict[str, object]:
        number = (mix(self.stream, int(at * 1000) + salt) << 64) | mix(self.stream, self.f_cnt)
        dedupe = str(UUID(int=number, version=4))
        return {"deduplicationId": dedupe, "time": _nano(at), "deviceInfo": self.info}

    def _address(self) -> str:
        return f"{0x00_80_00_00 | mix(self.stream, 10 + self.joins) & 0x7FFFFF:08x}"

    def _publish(self, leaf: str, body: Facts) -> Publish:
        topic = f"application/{APPLICATION}/device/{self.spec.id}/event/{leaf}"
        return Publish(topic, encode(body), qos=0)

    def _device_info(self) -> Facts:
        return {
            "tenantId": TENANT,
            "tenantName": "Goto",
            "applicationId": APPLICATION,
            "applicationName": "shishigaki",
            "deviceProfileId": str(UUID(int=key("profile", self.spec.model), version=4)),
            "deviceProfileName": self.codec.title,
            "deviceName": self.spec.name,
            "devEui": self.spec.id,
            "deviceClassEnabled": "CLASS_A",
            "tags": {},
        }


TX_INFO: Facts = {
    "frequency": 923_200_000,  # AS923-1, Japan
    "modulation": {"lora": {"bandwidth": 125_000, "spreadingFactor": 9, "codeRate": "CR_4_5"}},
}


class Meshtastic:
    """A Meshtastic node with a detection sensor, heard by a node with an uplink to MQTT."""

    def __init__(self, scenario: Scenario, spec: Spec) -> None:
        self.spec, self.faults = spec, scenario.faults
        self.stream = key(scenario.seed, spec.id, "radio")
        self.packets = 0
        self.out: list[Publish] = []

    def boot(self, now: Senses) -> None:
        """Say who one is."""
        names = {"id": self.spec.id, "longname": self.spec.name, "shortname": self.spec.id[-4:]}
        self._say(now.at, "nodeinfo", {**names, "hardware": 43})

    def heartbeat(self, now: Senses) -> None:
        """Send device metrics."""
        level = {"battery_level": round(now.battery.pct), "voltage": now.battery.volts(now.at)}
        self._say(now.at, "telemetry", {**level, "channel_utilization": 1.2, "air_util_tx": 0.4})

    def seen(self, now: Senses, species: str, count: int) -> None:
        """Send the detection sensor's text."""
        self._say(now.at, "detection", {"text": f"{self.spec.name} detected"})

    def trap(self, now: Senses) -> None:
        """Send the detection sensor's text, or its state when the trap is set again."""
        word = "detected" if now.sprung else "state: 0"
        self._say(now.at, "detection", {"text": f"{self.spec.name} {word}"})

    def tamper(self, now: Senses) -> None:
        """Say nothing: the module knows one pin only."""

    def due(self, link_s: float, reachable: bool) -> list[Publish]:
        """Give what the uplink node heard."""
        out, self.out = self.out, []
        lost = self.faults.frame_lost
        heard = [p for p in out if fraction(self.stream, key(p.payload)) >= lost]
        return heard if reachable else []

    def _say(self, at: float, kind: str, payload: Facts) -> None:
        self.packets += 1
        noise = fraction(self.stream, self.packets)
        body: Facts = {
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
        self.out.append(Publish(topic, encode(body), qos=0))


RADIOS: dict[str, Callable[[Scenario, Spec], Radio]] = {
    "native": Native,
    "chirpstack": ChirpStack,
    "meshtastic": Meshtastic,
}


def _nano(at: float) -> str:
    moment = datetime.fromtimestamp(at, UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="microseconds") + "000+00:00"
