"""A LoRaWAN device behind a ChirpStack v4 network server: the JSON of its MQTT integration.

Owns the events `join`, `up` and `status`, the frame counter, and which frames get lost or doubled.
"""

from base64 import b64encode
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from firmware_sim.devices.device import OutgoingPublish, Payload, encode
from firmware_sim.devices.sensors import CODECS, SensorValues
from firmware_sim.habitat.random_streams import fraction, key, mix
from firmware_sim.habitat.scenario import DeviceSpec, Scenario

APPLICATION = str(UUID(int=key("shishigaki", "application") << 64 | 0x4000_8000_0000_0000_0001))
TENANT = str(UUID(int=key("shishigaki", "tenant") << 64 | 0x4000_8000_0000_0000_0002))
LORA_GATEWAY = "a84041ffff1f0001"


class ChirpStack:
    """A LoRaWAN device behind a ChirpStack v4 network server. Lost frames are not sent again."""

    def __init__(self, scenario: Scenario, spec: DeviceSpec) -> None:
        self.spec, self.faults = spec, scenario.faults
        self.stream = key(scenario.seed, spec.id, "radio")
        self.codec = CODECS[spec.model]
        self.f_cnt = self.joins = self.days = 0
        self.sprung_times = 0
        self.info = msgspec.Raw(encode(self._device_info()))
        self.out: list[tuple[OutgoingPublish, bool]] = []  # and: is it a confirmed uplink

    def boot(self, now: SensorValues) -> None:
        """Join the network again: a new device address, the frame counter starts at 0."""
        self.joins, self.f_cnt = self.joins + 1, 0
        body: Payload = {**self._head(now.at, 0x6A), "devAddr": self._address()}
        self.out.append((self._publish("join", body), True))

    def heartbeat(self, now: SensorValues) -> None:
        """Send the present state; once a day the network server asks for the device's status."""
        self._up(now, self._contact(now), sure=False)
        day = int(now.at // 86_400)
        if day != self.days:
            self.days = day
            self._status(now)

    def seen(self, now: SensorValues, species: str, count: int) -> None:
        """Send the trigger of the PIR sensor, which knows neither species nor number."""
        self._up(now, active=True, sure=False)

    def trap(self, now: SensorValues) -> None:
        """Send the contact's change as a confirmed uplink, repeated until the server has it."""
        self._up(now, self._contact(now), sure=True)

    def tamper(self, now: SensorValues) -> None:
        """Send nothing: these models report it only with the next state."""

    def due(self, link_s: float, reachable: bool) -> list[OutgoingPublish]:
        """The frames received by the network server, some of them twice."""
        out, self.out = self.out, []
        if not reachable:
            return []
        heard: list[OutgoingPublish] = []
        for publish, sure in out:
            luck = fraction(self.stream, key(publish.payload))
            if sure or luck >= self.faults.frame_lost:
                heard.append(publish)
            if luck > 1 - self.faults.frame_doubled:
                heard.append(publish)
        return heard

    def _contact(self, now: SensorValues) -> bool:
        if self.spec.role == "detector":
            return False
        return now.sprung != self.spec.inverted

    def _up(self, now: SensorValues, active: bool, sure: bool) -> None:
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

    def _status(self, now: SensorValues) -> None:
        pct = round(now.battery.pct * 2.54) / 2.54
        body: Payload = {
            **self._head(now.at, 0x73),
            "margin": 8 + mix(self.stream, 3) % 12,
            "externalPowerSource": False,
            "batteryLevelUnavailable": False,
            "batteryLevel": round(pct, 2),
        }
        self.out.append((self._publish("status", body), False))

    def _rx(self, at: float, noise: float) -> Payload:
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

    def _publish(self, leaf: str, body: Payload) -> OutgoingPublish:
        topic = f"application/{APPLICATION}/device/{self.spec.id}/event/{leaf}"
        return OutgoingPublish(topic, encode(body), qos=0)

    def _device_info(self) -> Payload:
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


TX_INFO: Payload = {
    "frequency": 923_200_000,  # AS923-1, Japan
    "modulation": {"lora": {"bandwidth": 125_000, "spreadingFactor": 9, "codeRate": "CR_4_5"}},
}


def _nano(at: float) -> str:
    moment = datetime.fromtimestamp(at, UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="microseconds") + "000+00:00"
