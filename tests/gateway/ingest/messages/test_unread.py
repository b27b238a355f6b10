"""From bytes to what people see: unread frames, tests, low batteries, a node's other inputs."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dashboard.live.device_view import Condition, view_of
from gateway.alerts.evaluation import tick
from gateway.alerts.policy import Policy
from gateway.config import Config, SourceSettings
from gateway.dialects.table import BY_NAME
from gateway.domain.epoch import NEVER
from gateway.domain.model import Device, Message, RefusalReason, Role, TrapState
from gateway.domain.outcome import Outcome
from gateway.domain.trap_lifecycle import TrapView, trap_view
from gateway.export.topics.retained import RetainedState, retained_topics
from gateway.ingest.messages.batch import absorb, release
from gateway.ingest.messages.decoding import Sources
from gateway.mqtt.own_topics import names
from tests.support.samples import at, open_store

EUI = "24e124aa00000077"
UP = f"application/7/device/{EUI}/event/up"
SOURCES = [SourceSettings(dialect=name) for name in BY_NAME if name != "lorawan_codec"]


class Site:
    """Real dialects, one trap, a clock that the tests turn."""

    def __init__(self, folder: Path, trap: Device) -> None:
        self.trap, self.minutes = trap, 0.0
        self.store = open_store(folder, trap)
        self.decode = Sources(SOURCES, "goto").decode
        self.policy = Policy(Config())

    def receive(self, topic: str, payload: Any, *, retain: bool = False) -> Outcome:
        self.minutes += 1
        body = payload.encode() if isinstance(payload, str) else json.dumps(payload).encode()
        one = Message(topic, body, at(self.minutes), retain=retain)
        return self.store.write_now(
            lambda tx: absorb(tx, [one], self.decode, at(self.minutes), self.policy)
        )

    def approve(self, **changes: Any) -> Outcome:
        self.trap = msgspec.structs.replace(self.trap, **changes)
        self.store.write_now(lambda tx: tx.put_devices([self.trap]))
        return self.store.write_now(
            lambda tx: release(tx, self.trap.id, self.decode, at(self.minutes), self.policy)
        )

    def alerts(self) -> set[str]:
        self.store.write_now(lambda tx: tick(tx, at(self.minutes), self.policy, None, NEVER))
        return {alert.rule for alert in self.store.read_now(lambda r: r.open_alerts())}

    def shown(self) -> TrapView:
        state = self.store.read_now(lambda r: r.states()).get(self.trap.id)
        return trap_view(state, at(self.minutes), self.trap.heartbeat_s)

    def topic(self) -> Mapping[str, Any]:
        states = self.store.read_now(lambda r: r.states())
        scene = RetainedState("goto", at(self.minutes), [self.trap], states, [])
        found: dict[str, Any] = json.loads(
            retained_topics(scene)[names.state("goto", self.trap.id)]
        )
        return found


Make = Callable[..., Site]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def one(id_: str, **more: Any) -> Site:
        return Site(tmp_path, Device(id=id_, role=Role.TRAP, **more))

    return one


def up(values: Any, count: int, **more: Any) -> dict[str, Any]:
    return {
        "deduplicationId": f"d{count}",
        "deviceInfo": {"devEui": EUI},
        "devAddr": "01fe0077",
        "fCnt": count,
        "fPort": 85,
        "data": f"AXVkAw{count:02d}",
        "object": values,
        **more,
    }


CLOSED = {"magnet_status": "close", "battery": 90}


@pytest.mark.parametrize(
    ("topic", "broken"),
    [
        (UP, up(None, 2)),
        (UP, up({}, 2)),
        (UP, up({"err": "bad port"}, 2)),
        (UP, up({"magnet_status": "unknown"}, 2)),
        (
            UP.replace("/up", "/log"),
            {
                "deviceInfo": {"devEui": EUI},
                "level": "ERROR",
                "code": "UPLINK_CODEC",
                "description": "x is undefined",
            },
        ),
    ],
)
def test_a_frame_that_cannot_be_read_makes_the_traps_state_unknown_until_one_is_read(
    make: Make, topic: str, broken: Any
) -> None:
    site = make(EUI, model="milesight-ws301")
    site.receive(UP, up(CLOSED, 1))
    assert (site.shown().state, site.shown().unknown) == (TrapState.ARMED, False)
    site.receive(topic, broken)
    assert (site.shown().state, site.shown().unknown) == (TrapState.ARMED, True)
    assert " / " in site.shown().unread
    assert (site.topic()["state"], site.topic()["last_known"]) == ("unknown", "armed")
    assert site.alerts() == {"unread"}
    site.receive(UP, up(None, 3, fPort=0))
    assert site.shown().unknown
    site.receive(UP, up(CLOSED, 4))
    assert (site.shown().unknown, site.topic()["state"]) == (False, "armed")
    assert site.alerts() == set()


def test_what_is_sprung_stays_sprung_when_a_later_frame_is_unread(make: Make) -> None:
    site = make(EUI, model="milesight-ws301")
    site.receive(UP, up({"magnet_status": "open"}, 1))
    site.receive(UP, up(None, 2))
    assert (site.shown().state, site.shown().unknown) == (TrapState.SPRUNG, False)
    assert site.topic()["state"] == "sprung"
    assert site.alerts() == {"trap_sprung", "unread"}


def test_an_unread_trap_stands_among_the_unknown_with_what_to_do(make: Make) -> None:
    site = make(EUI, model="milesight-ws301")
    site.receive(UP, up(CLOSED, 1))
    site.receive(UP, up(None, 2))
    state = site.store.read_now(lambda r: r.states())[EUI]
    seen = view_of(site.trap, state, at(site.minutes))
    assert seen.condition is Condition.UNKNOWN
    assert "codec" in seen.unread


def test_a_model_named_later_reads_what_was_held_and_the_state_is_known_again(make: Make) -> None:
    site = make(EUI)
    held = up({"magnet_status": "open", "flux": 3}, 1, time="2026-11-01T00:00:30Z")
    assert site.receive(UP, held).refused == {RefusalReason.MODEL: 1}
    assert "--model" in site.shown().unread
    site.approve(model="milesight-ws301")
    assert (site.shown().state, site.shown().unread) == (TrapState.SPRUNG, "")
    assert site.alerts() == {"trap_sprung"}


def test_an_unapproved_device_gets_no_unread_state(make: Make) -> None:
    site = make("other")
    site.receive(UP, up({"flux": 3}, 1))
    assert set(site.store.read_now(lambda r: r.states())) == set()


def test_a_retained_frame_that_cannot_be_read_changes_no_state(make: Make) -> None:
    site = make("hako")
    site.receive("zigbee2mqtt/hako", {"contact": True})
    site.receive("zigbee2mqtt/hako", {"contact": "perhaps"}, retain=True)
    assert not site.shown().unknown
    site.receive("zigbee2mqtt/hako", {"contact": "perhaps"})
    assert site.shown().unknown


def test_an_alarm_with_a_bell_is_an_alarm_and_another_text_leaves_the_state_unknown(
    make: Make,
) -> None:
    site = make("!cafe0001")

    def send(text: str, number: int) -> Outcome:
        packet = {"from": 0xCAFE0001, "id": number, "type": "detection", "payload": {"text": text}}
        return site.receive("msh/JP/2/json/Wana/!aa", packet)

    send("Wana state: 0", 1)
    send("Wana opened", 2)
    assert site.shown().unknown
    send("Wana state: 0", 3)
    assert not site.shown().unknown
    send("Wana detected\a\r\n", 4)
    assert site.shown().state is TrapState.SPRUNG
    assert site.alerts() == {"trap_sprung"}


def test_a_nodes_low_battery_is_a_warning_and_no_capture(make: Make) -> None:
    site = make("yama-9")
    site.receive("yama-9/binary_sensor/reed/state", "OFF")
    for name in ("yama-9_status", "update_available", "battery_charging", "reed_2"):
        site.receive(f"yama-9/binary_sensor/{name}/state", "ON")
    assert site.alerts() == set()
    site.receive("yama-9/binary_sensor/battery_low/state", "ON")
    assert (site.shown().state, site.alerts()) == (TrapState.ARMED, {"battery_low"})
    site.receive("yama-9/binary_sensor/reed/state", "ON")
    site.receive("yama-9/binary_sensor/battery_low/state", "OFF")
    for name in ("status", "update_available", "reed_2"):
        site.receive(f"yama-9/binary_sensor/{name}/state", "OFF")
    assert (site.shown().state, site.alerts()) == (TrapState.SPRUNG, {"trap_sprung"})


def test_the_class_that_a_node_declares_goes_before_its_inputs_name(make: Make) -> None:
    site = make("yama-9")
    config = {
        "dev": {"name": "yama-9"},
        "dev_cla": "problem",
        "stat_t": "yama-9/binary_sensor/lid/state",
    }
    site.receive("yama-9/binary_sensor/reed/state", "OFF")
    site.receive("homeassistant/binary_sensor/yama-9/lid/config", config)
    site.receive("yama-9/binary_sensor/lid/state", "ON")
    assert site.alerts() == set()


@pytest.mark.parametrize(
    "flag",
    [
        {"topic": "zigbee2mqtt/hako", "body": {"contact": True, "battery_low": True}},
        {
            "topic": "tele/b/SENSOR",
            "body": {"ZbReceived": {"0x1": {"Name": "hako", "Contact": 0, "BatteryLow": 1}}},
        },
    ],
)
def test_a_low_battery_flag_opens_the_alert_and_its_end_ends_it(
    make: Make, flag: dict[str, Any]
) -> None:
    site = make("hako")
    site.receive(flag["topic"], flag["body"])
    assert site.alerts() == {"battery_low"}
    over = json.loads(
        json.dumps(flag["body"]).replace("true}", "false}").replace('Low": 1', 'Low": 0')
    )
    site.receive(flag["topic"], over)
    assert site.alerts() == set()


def test_a_receiver_without_a_fix_moves_no_trap(make: Make) -> None:
    site = make(EUI, model="milesight-at101", lat=32.7, lon=128.8)
    topic = f"v3/goto@ttn/devices/{EUI}/up"

    def send(lat: float, lon: float, count: int) -> None:
        values = {"latitude": lat, "longitude": lon, "motion_status": "stop"}
        found = {
            "f_cnt": count,
            "f_port": 85,
            "frm_payload": f"A{count}",
            "decoded_payload": values,
        }
        body = {"end_device_ids": {"device_id": "a", "dev_eui": EUI}, "uplink_message": found}
        site.receive(topic, body)

    send(32.7, 128.8, 1)
    for count, (lat, lon) in enumerate([(4e-6, 1e-5), (0, 0), (32.7, 0.0), (128.8, 32.7)], 2):
        send(lat, lon, count)
    assert site.alerts() == set()
    send(32.8, 128.8, 9)  # a control: a real move is seen
    assert site.alerts() == {"moved"}


def test_a_simulated_uplink_is_kept_as_a_test_and_counts_nowhere(make: Make) -> None:
    site = make(EUI, model="milesight-ws301")
    found = {"f_cnt": 1, "f_port": 85, "frm_payload": "AQ==", "decoded_payload": {"door": "open"}}
    body = {"end_device_ids": {"dev_eui": EUI}, "uplink_message": found, "simulated": True}
    outcome = site.receive(f"v3/goto@ttn/devices/{EUI}/up", body)
    assert (outcome.refused, outcome.events) == ({RefusalReason.TEST: 1}, [])
    assert (site.shown().state, site.alerts()) == (None, set())
    (kept,) = site.store.read_now(lambda r: r.quarantine(10))
    assert "trap.sprung" in kept.detail
    site.receive(f"v3/goto@ttn/devices/{EUI}/up", {**body, "simulated": False})
    assert site.alerts() == {"trap_sprung"}
