"""zigbee2mqtt: switches and contacts on batteries, bytes in, readings out."""

from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.domain.model import Kind, MessageRefusedError, RefusalReason
from tests.gateway.dialects.asking import kinds_read, read, reason, registered

Z = "zigbee2mqtt/yama/hako 1"


def test_a_friendly_name_may_hold_slashes() -> None:
    assert kinds_read("zigbee2mqtt", Z, {"contact": False}) == [("yama/hako 1", Kind.SPRUNG)]


@pytest.mark.parametrize(
    ("values", "kind", "is_state"),
    [
        ({"contact": True}, Kind.SET, True),
        ({"contact": False}, Kind.SPRUNG, True),
        ({"vibration": True}, Kind.SPRUNG, True),
        ({"action": "tilt"}, Kind.SPRUNG, False),
        ({"vibration": False, "action": ""}, Kind.HEARTBEAT, False),
        ({"occupancy": False, "illuminance": 4}, Kind.HEARTBEAT, False),
        ({"presence": True}, Kind.DETECTION, True),
        ({"tamper": True, "occupancy": False}, Kind.TAMPER, True),
    ],
)
def test_zigbee_states_and_moments(values: dict[str, Any], kind: Kind, is_state: bool) -> None:
    (reading,) = read("zigbee2mqtt", Z, values)
    assert (reading.kind, reading.is_state) == (kind, is_state)


def test_link_quality_is_no_signal_strength_and_a_mains_voltage_no_battery() -> None:
    (reading,) = read("zigbee2mqtt", Z, {"contact": True, "linkquality": 90, "voltage": 230})
    assert (reading.rssi_dbm, reading.battery_v) == (None, None)


def test_a_button_resets_only_a_registered_trap() -> None:
    pressed = {"action": "single", "battery": 90}
    assert reason("zigbee2mqtt", Z, pressed) is RefusalReason.IRRELEVANT
    assert kinds_read("zigbee2mqtt", Z, pressed, registered("yama/hako 1")) == [
        ("yama/hako 1", Kind.SET)
    ]


def test_last_seen_is_the_time_and_1970_is_none() -> None:
    (reading,) = read("zigbee2mqtt", Z, {"contact": True, "last_seen": 1_795_000_000_123})
    assert reading.device_time == datetime.fromtimestamp(1_795_000_000.123, UTC)
    (reading,) = read("zigbee2mqtt", Z, {"contact": True, "last_seen": "1970-01-01T00:00:01Z"})
    assert reading.device_time is None


def test_a_live_availability_message_is_also_a_sign_of_life() -> None:
    topic = f"{Z}/availability"
    kinds = [one.kind for one in read("zigbee2mqtt", topic, {"state": "online"})]
    assert kinds == [Kind.ONLINE, Kind.HEARTBEAT]
    retained = read("zigbee2mqtt", topic, "online", retain=True)
    assert [one.kind for one in retained] == [Kind.ONLINE]


def test_the_bridge_reports_its_own_state_and_new_devices() -> None:
    base = "home/zigbee2mqtt"
    state = kinds_read("zigbee2mqtt", f"{base}/bridge/state", {"state": "online"})
    assert state == [(base, Kind.ONLINE)]
    changes = {"type": "device_announce", "data": {"friendly_name": "x"}}
    assert kinds_read("zigbee2mqtt", f"{base}/bridge/event", changes) == [("x", Kind.HEARTBEAT)]
    assert reason("zigbee2mqtt", f"{base}/bridge/devices", []) is RefusalReason.IRRELEVANT
    assert reason("zigbee2mqtt", f"{Z}/set", {"state": "ON"}) is RefusalReason.IRRELEVANT


def test_the_same_state_sent_twice_at_one_time_is_one() -> None:
    values = {"contact": False, "last_seen": "2026-11-23T04:00:00Z"}
    assert read("zigbee2mqtt", Z, values)[0].id == read("zigbee2mqtt", Z, values)[0].id


@pytest.mark.parametrize(
    ("leaf", "payload", "kind"),
    [
        ("contact", b"false", Kind.SPRUNG),
        ("contact", b"true", Kind.SET),
        ("action", b"vibration", Kind.SPRUNG),
        ("occupancy", b"true", Kind.DETECTION),
        ("battery", b"81", Kind.HEARTBEAT),
        ("linkquality", b"120", Kind.HEARTBEAT),
    ],
)
def test_output_attribute_is_one_value_on_a_topic_of_its_own(
    leaf: str, payload: bytes, kind: Kind
) -> None:
    assert kinds_read("zigbee2mqtt", f"{Z}/{leaf}", payload) == [("yama/hako 1", kind)]


@pytest.mark.parametrize("topic", [f"{Z}/angle_of_attack", "zigbee2mqtt/hako"])
def test_a_bare_value_of_nothing_known_is_refused_with_the_setting(topic: str) -> None:
    with pytest.raises(MessageRefusedError, match="output: json"):
        read("zigbee2mqtt", topic, b"12")


def test_a_new_name_is_offered_and_a_device_that_left_is_offline() -> None:
    topic = "zigbee2mqtt/bridge/response/device/rename"
    changes = {"data": {"from": "a", "to": "hako"}, "status": "ok"}
    assert kinds_read("zigbee2mqtt", topic, changes) == [("hako", Kind.JOIN)]
    assert reason("zigbee2mqtt", topic, {**changes, "status": "error"}) is RefusalReason.IRRELEVANT
    left = {"type": "device_leave", "data": {"friendly_name": "hako"}}
    assert kinds_read("zigbee2mqtt", "zigbee2mqtt/bridge/event", left) == [("hako", Kind.OFFLINE)]


def test_a_registered_input_alone_speaks_for_the_trap() -> None:
    both = {"contact": False, "vibration": True}
    chosen = registered("yama/hako 1", input="contact")
    assert kinds_read("zigbee2mqtt", Z, {**both, "contact": True}, chosen) == [
        ("yama/hako 1", Kind.SET)
    ]
    strange = registered("yama/hako 1", input="state_left")
    assert kinds_read("zigbee2mqtt", Z, {"state_left": "ON", "contact": True}, strange) == [
        ("yama/hako 1", Kind.SPRUNG)
    ]


def test_an_object_of_which_nothing_is_known_is_unread_and_names_its_fields() -> None:
    (reading,) = read("zigbee2mqtt", Z, {"quux": 1}, registered("yama/hako 1"))
    assert reading.kind is Kind.HEARTBEAT
    assert "quux" in (reading.unread or "")
    (reading,) = read("zigbee2mqtt", Z, {"linkquality": 9}, registered("yama/hako 1"))
    assert reading.unread is None
