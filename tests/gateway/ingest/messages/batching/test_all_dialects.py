"""Of every dialect: what people or sleeping devices wait for goes at once, signs of life wait for others."""

from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import replace

from gateway.dialects import Context
from gateway.dialects.table import BY_NAME, TABLE
from gateway.domain.model import Device, DeviceState, Kind, Message, Role, TrapState
from gateway.domain.model import Known as Fact
from gateway.ingest.messages.batching.gathering import Known, may_wait
from tests.gateway.dialects.fixtures import (
    FIXTURES,
    NATIVE,
    NOW,
    OBJECT,
    OPEN,
    PACKET,
    TTN_UP,
    UP,
    chirpstack,
    message,
    tts,
)

WAIT_S = 30.0
SPRUNG, SET, SEEN, ALIVE = Kind.SPRUNG, Kind.SET, Kind.DETECTION, Kind.HEARTBEAT
TAMPER, ONLINE, OFFLINE, JOIN = Kind.TAMPER, Kind.ONLINE, Kind.OFFLINE, Kind.JOIN
CLOSED, PRESENT = {"magnet_status": "close"}, {"pir": "trigger"}
TAKEN_OFF = {**CLOSED, "tamper_status": "uninstalled"}
START_UP = {"Device": "R311A", "SWver": 10, "HWver": 11}
OWN, MESH = "wildlife/v1/goto/trap-07/", "msh/JP/2/json/traps/!a"
ZIGBEE, DOOR = "zigbee2mqtt/hako", "node/binary_sensor/door/state"
FOUND = {"type": "device_joined", "data": {"friendly_name": "hako"}}


class Said(Struct, frozen=True):
    """A message, and what it says."""

    dialect: str
    topic: str
    value: Any
    says: Kind
    role: Role = Role.TRAP


def of_module(text: str, says: Kind, role: Role = Role.TRAP) -> Said:
    value = {**PACKET, "type": "detection", "payload": {"text": text}}
    return Said("meshtastic", MESH, value, says, role)


AT_ONCE = (
    *(
        Said("native", f"{OWN}event", {**NATIVE, "kind": kind}, kind)
        for kind in (SPRUNG, SET, SEEN, TAMPER)
    ),
    Said("native", f"{OWN}status", "online", ONLINE),
    Said("native", f"{OWN}status", "offline", OFFLINE),
    Said("native", f"{OWN}meta", {"v": 1, "model": "m"}, JOIN),
    Said("chirpstack", UP, chirpstack(OPEN), SPRUNG),
    Said("chirpstack", UP, chirpstack(CLOSED), SET),
    Said("chirpstack", UP, chirpstack(PRESENT), SEEN),
    Said("chirpstack", UP, chirpstack(TAKEN_OFF), TAMPER),
    Said("chirpstack", UP.replace("/up", "/join"), chirpstack(), JOIN),
    Said("tts", TTN_UP, tts(OPEN), SPRUNG),
    Said("tts", TTN_UP, tts(CLOSED), SET),
    Said("tts", TTN_UP, tts(PRESENT), SEEN),
    Said("tts", TTN_UP, tts(TAKEN_OFF), TAMPER),
    Said("tts", TTN_UP, tts(START_UP), JOIN),
    Said("lorawan_codec", "t-1", OPEN, SPRUNG),
    Said("lorawan_codec", "t-1", CLOSED, SET),
    Said("lorawan_codec", "t-1", PRESENT, SEEN),
    Said("lorawan_codec", "t-1", TAKEN_OFF, TAMPER),
    Said("lorawan_codec", "t-1", START_UP, JOIN),
    of_module("T detected", SPRUNG),
    of_module("T state: 0", SET),
    of_module("T detected", SEEN, Role.DETECTOR),
    Said("frigate", "frigate/events", {"type": "new", "after": OBJECT}, SEEN),
    Said("frigate", "frigate/available", "online", ONLINE),
    Said("frigate", "frigate/available", "offline", OFFLINE),
    Said("zigbee2mqtt", ZIGBEE, {"contact": False}, SPRUNG),
    Said("zigbee2mqtt", ZIGBEE, {"contact": True}, SET),
    Said("zigbee2mqtt", ZIGBEE, {"occupancy": True}, SEEN),
    Said("zigbee2mqtt", ZIGBEE, {"contact": True, "tamper": True}, TAMPER),
    Said("zigbee2mqtt", f"{ZIGBEE}/availability", {"state": "online"}, ONLINE),
    Said("zigbee2mqtt", f"{ZIGBEE}/availability", {"state": "offline"}, OFFLINE),
    Said("zigbee2mqtt", "zigbee2mqtt/bridge/event", FOUND, JOIN),
    Said("tasmota", "tele/trap/SENSOR", {"Switch1": "ON"}, SPRUNG),
    Said("tasmota", "stat/trap/RESULT", {"Switch1": {"Action": "OFF"}}, SET),
    Said("tasmota", "tele/b/SENSOR", {"ZbReceived": {"0x1": {"Occupancy": 1}}}, SEEN),
    Said("tasmota", "tele/trap/LWT", "Online", ONLINE),
    Said("tasmota", "tele/trap/LWT", "Offline", OFFLINE),
    Said("esphome", DOOR, "ON", SPRUNG),
    Said("esphome", DOOR, "OFF", SET),
    Said("esphome", "node/binary_sensor/motion/state", "ON", SEEN, Role.DETECTOR),
    Said("esphome", "node/binary_sensor/tamper/state", "ON", TAMPER),
    Said("esphome", "node/status", "online", ONLINE),
    Said("esphome", "node/status", "offline", OFFLINE),
    Said("senml", "senml/a", [{"bn": "t/", "n": "open", "vb": True}], SPRUNG),
    Said("senml", "senml/a", [{"bn": "t/", "n": "open", "vb": False}], SET),
    Said("senml", "senml/a", [{"bn": "t/", "n": "motion", "vb": True}], SEEN),
    Said("senml", "senml/a", [{"bn": "t/", "n": "tamper", "vb": True}], TAMPER),
    Said("ha_discovery", *FIXTURES["ha_discovery"][0], JOIN),
)
NOT_READ = (
    Said("native", f"{OWN}telemetry", {"v": 1, "kind": "sleep"}, ALIVE),
    Said("chirpstack", UP, chirpstack(), ALIVE),
    Said("chirpstack", UP, chirpstack({"strange": 9}), ALIVE),
    Said("chirpstack", UP, chirpstack({"magnet_status": "perhaps"}), ALIVE),
    Said("tts", TTN_UP, tts(frm_payload="AAAA"), ALIVE),
    Said("lorawan_codec", "t-1", {"errors": ["no such port"]}, ALIVE),
    of_module("hello", ALIVE),
    Said("zigbee2mqtt", ZIGBEE, {"contact": "perhaps"}, ALIVE),
    Said("tasmota", "tele/trap/SENSOR", {"Switch1": "HOLD"}, ALIVE),
    Said("esphome", DOOR, "perhaps", ALIVE),
    Said("senml", "senml/a", [{"bn": "t/", "n": "open", "vs": "perhaps"}], ALIVE),
)
ROUTINE = (
    Said("native", f"{OWN}telemetry", {**NATIVE, "kind": "heartbeat"}, ALIVE),
    Said("chirpstack", UP.replace("/up", "/status"), chirpstack(batteryLevel=71), ALIVE),
    Said("tts", TTN_UP, tts(), ALIVE),
    of_module("T state: 0", SET),
    Said("meshtastic", MESH, {**PACKET, "type": "telemetry", "payload": {}}, ALIVE),
    Said("zigbee2mqtt", ZIGBEE, {"battery": 80}, ALIVE),
    Said("zigbee2mqtt", ZIGBEE, {"contact": True}, SET),
    Said("tasmota", "tele/trap/STATE", {"Vcc": 3.3}, ALIVE),
    Said("esphome", "node/sensor/battery_voltage/state", "3.7", ALIVE),
    Said("senml", "senml/a", [{"bn": "t/", "n": "battery", "v": 81}], ALIVE),
)


class Gateway:
    """Knows the device of one message, armed or in another state, and what land is watched."""

    def __init__(self, said: Said, *, watched: bool = True, qos: int = 1) -> None:
        self.read = BY_NAME[said.dialect].decode
        self.message = replace(message(said.topic, said.value), qos=qos)
        ids = ("trap-07", "24e124136b502217", "t-1", "!a1b2c3d4", "kido", "frigate", "hako", "trap")
        others = ("0x1", "node", "node/door", "node/motion", "node/tamper", "t", "hako 1")
        self.devices = {
            id_: Device(id=id_, role=said.role, lat=32.7, lon=128.8, heartbeat_s=3_600)
            for id_ in (*ids, *others)
        }
        self.states: dict[str, DeviceState] = {}
        self.watched = watched

    def armed(self) -> "Gateway":
        self.states = {
            id_: DeviceState(device=id_, last_seen=NOW, trap=TrapState.ARMED)
            for id_ in self.devices
        }
        return self

    def kinds(self) -> list[Kind]:
        return [one.kind for one in self.read(self.message, self._context())]

    def waits(self) -> bool:
        known = Known(
            self.devices, self.states, lambda _lat, _lon: [object()] if self.watched else []
        )

        def read(one: Message, _: Any) -> Any:
            return self.read(one, self._context())

        return may_wait(self.message, read, known, WAIT_S)

    def _context(self) -> Context:
        return Context(devices=self.devices, site="goto")


def named(said: Said) -> str:
    return f"{said.dialect} {said.topic} {said.says}"


@pytest.mark.parametrize("said", AT_ONCE, ids=named)
def test_what_changes_something_goes_at_once(said: Said) -> None:
    assert said.says in Gateway(said).kinds()
    for qos in (0, 1):
        assert not Gateway(said, qos=qos).waits()


@pytest.mark.parametrize("said", NOT_READ, ids=named)
def test_what_may_say_that_a_trap_has_sprung_but_cannot_be_read_goes_at_once(said: Said) -> None:
    assert not Gateway(said).waits()
    assert not Gateway(said, watched=False).armed().waits()


@pytest.mark.parametrize("said", ROUTINE, ids=named)
def test_a_sign_of_life_of_an_armed_trap_waits(said: Said) -> None:
    """The control: a gathering that lets nothing wait would pass the tests above."""
    assert said.says in Gateway(said).armed().kinds()
    assert Gateway(said).armed().waits()


@pytest.mark.parametrize("said", [one for one in AT_ONCE if one.says is SEEN], ids=named)
def test_far_from_watched_land_only_a_device_that_waits_for_its_confirm_is_served_at_once(
    said: Said,
) -> None:
    is_asleep = said.dialect == "native"
    assert Gateway(said, watched=False).waits() is not is_asleep


def test_every_kind_that_a_dialect_can_say_has_its_row_above() -> None:
    told = {(one.dialect, str(one.says)) for one in (*AT_ONCE, *ROUTINE)}
    kinds = {str(kind) for kind in Kind}
    wanted = {(row.name, kind) for row in TABLE for kind in row.understands if kind in kinds}
    without_signs_of_life = {("lorawan_codec", "heartbeat")}  # no bare object without a state
    assert wanted - told == without_signs_of_life


def test_an_armed_contact_that_can_be_read_again_ends_the_doubt_at_once() -> None:
    again = Said("zigbee2mqtt", ZIGBEE, {"contact": True}, SET)
    gateway = Gateway(again).armed()
    assert gateway.waits()
    doubt = {"unread": Fact(0, "not a known state")}
    gateway.states["hako"] = replace(gateway.states["hako"], facts=doubt)
    assert not gateway.waits()
