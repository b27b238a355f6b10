"""A LoRaWAN device behind a ChirpStack v4 network server: the JSON of its MQTT integration.

Owns the events `join`, `up` and `status`, the frame counter, and which frames get lost or doubled.
"""

from base64 import b64encode
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from firmware_sim.devices import air, troubles
from firmware_sim.devices.device import OutgoingPublish, Payload, encode
from firmware_sim.devices.sensors import CODECS, RENAMED, UNREADABLE, SensorValues
from firmware_sim.habitat.random_streams import fraction, key, mix
from firmware_sim.habitat.records import Lost, Sent, TruthRecord
from firmware_sim.habitat.scenario import DeviceSpec, Scenario
from firmware_sim.habitat.species_habits import local_day

APPLICATION = str(UUID(int=key("shishigaki", "application") << 64 | 0x4000_8000_0000_0000_0001))
TENANT = str(UUID(int=key("shishigaki", "tenant") << 64 | 0x4000_8000_0000_0000_0002))
TRIES, AGAIN = 8, 1 << 20  # of a confirmed frame, each with a fading of its own
LORA_GATEWAY = "a84041ffff1f0001"


class _Frame(NamedTuple):
    """A frame that waits for the radio."""

    publish: OutgoingPublish
    sure: bool  # a confirmed uplink
    at: float
    number: int


class ChirpStack:
    """A LoRaWAN device behind a ChirpStack v4 network server. Lost frames are not sent again."""

    def __init__(self, scenario: Scenario, spec: DeviceSpec) -> None:
        self.spec, self.scenario, self.faults = spec, scenario, scenario.faults
        self.troubled = any(trouble.kind == "rename" for trouble in scenario.troubles)
        self.stream = key(scenario.seed, spec.id, "radio")
        self.codec = CODECS[spec.model]
        self.f_cnt = self.joins = self.days = 0
        self._spoke_at = 0.0  # when it last sent a frame
        self.sprung_times = 0
        self.info = msgspec.Raw(encode(self._device_info()))
        self.out: list[_Frame] = []
        self.told: list[TruthRecord] = []

    def boot(self, now: SensorValues) -> None:
        """Join the network again: a new device address, the frame counter starts at 0."""
        self.joins, self.f_cnt = self.joins + 1, 0
        body: Payload = {**self._head(now.at, 0x6A), "devAddr": self._address()}
        self._give("join", body, now, "join", "", sure=True)

    def heartbeat(self, now: SensorValues) -> None:
        """Send the present state; once a day the network server asks for the device's status."""
        self._up(now, self._contact(now), "heartbeat", sure=False)
        day = int(now.at // 86_400)
        if day != self.days:
            self.days = day
            self._status(now)

    def seen(self, now: SensorValues, species: str, count: int) -> None:
        """Send the trigger of the PIR sensor, which knows neither species nor number."""
        self._up(now, True, "detection", sure=False)

    def trap(self, now: SensorValues) -> None:
        """Send the contact's change as a confirmed uplink, repeated until the server has it."""
        kind = "trap.sprung" if now.sprung else "trap.set"
        self._up(now, self._contact(now), kind, sure=True)

    def tamper(self, now: SensorValues) -> None:
        """Send nothing: these models report it only with the next state."""

    def due(self, link_s: float, reachable: bool) -> list[OutgoingPublish]:
        """The frames received by the network server, some of them twice."""
        out, self.out = self.out, []
        heard: list[OutgoingPublish] = []
        for frame in out:
            luck = fraction(self.stream, key(frame.publish.payload))
            lost = self._why_lost(frame, luck, reachable)
            if lost:
                self.told.append(Lost(frame.at, self.spec.id, frame.publish.id, lost))
                continue
            heard += [frame.publish] * (1 + (luck > 1 - self.faults.frame_doubled))
        return heard

    def _why_lost(self, frame: "_Frame", luck: float, reachable: bool) -> str:
        """Why a frame does not reach the network server; empty: it does.

        A confirmed frame is repeated, a little later than the duty cycle would allow it now.
        """
        if not reachable:
            return "offline"
        if not self.scenario.gateways:
            return "air" if not frame.sure and luck < self.faults.frame_lost else ""
        if not frame.sure and 0 < frame.at - self._spoke_at < air.DUTY_S:
            return "duty"
        self._spoke_at = frame.at
        tries = (frame.number + n * AGAIN for n in range(TRIES if frame.sure else 1))
        return "" if any(air.heard(self.scenario, self.spec, one) for one in tries) else "air"

    def _contact(self, now: SensorValues) -> bool:
        if self.spec.role == "detector":
            return False
        return now.sprung != self.spec.inverted

    def _up(self, now: SensorValues, active: bool, kind: str, sure: bool) -> None:
        raw, decoded = self.codec.uplink(now, active)
        if self.troubled and troubles.is_renamed(self.scenario, local_day(now.at)):
            decoded = {RENAMED.get(name, name): value for name, value in decoded.items()}
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
            "rxInfo": self._receptions(now.at, noise),
            "txInfo": TX_INFO,
        }
        self.f_cnt += 1
        trap = self.spec.role == "trap"
        state = ("sprung" if now.sprung else "armed") if trap else ""
        if not UNREADABLE.isdisjoint(decoded):
            state = ""
        self._give("up", body, now, kind, state, sure)

    def _status(self, now: SensorValues) -> None:
        pct = round(now.battery.pct * 2.54) / 2.54
        body: Payload = {
            **self._head(now.at, 0x73),
            "margin": 8 + mix(self.stream, 3) % 12,
            "externalPowerSource": False,
            "batteryLevelUnavailable": False,
            "batteryLevel": round(pct, 2),
        }
        self._give("status", body, now, "heartbeat", "", sure=False)

    def _give(
        self, leaf: str, body: Payload, now: SensorValues, kind: str, state: str, sure: bool
    ) -> None:
        """Hand a frame to the radio; the truth names it as the network server does."""
        name = str(body["deduplicationId"]) + ("" if leaf == "up" else f":{leaf}")
        publish = self._publish(leaf, body)._replace(id=name)
        self.out.append(_Frame(publish, sure, now.at, self.f_cnt))
        self.told.append(Sent(now.at, self.spec.id, name, kind, state, now.at))

    def _receptions(self, at: float, noise: float) -> list[Payload]:
        """One entry for each radio gateway that heard the frame; the network server merges them."""
        usual = self._rx(at, noise)
        heard = air.heard(self.scenario, self.spec, self.f_cnt + 1)  # as `_give` numbers it
        return [
            {**usual, "gatewayId": one.gateway, "rssi": one.rssi_dbm, "snr": one.snr_db}
            for one in heard
        ] or [usual]

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
