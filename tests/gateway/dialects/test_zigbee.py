"""zigbee2mqtt: switches and contacts on batteries, bytes in, readings out."""

from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.domain.model import Kind, Reason
from tests.gateway.dialects.asking import read, reason, registered, said

Z = "zigbee2mqtt/yama/hako 1"


def test_a_friendly_name_may_hold_slashes() -> None:
    assert said("zigbee2mqtt", Z, {"contact": False}) == [("yama/hako 1", Kind.SPRUNG)]


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
    assert reason("zigbee2mqtt", Z, pressed) is Reason.IRRELEVANT
    assert said("zigbee2mqtt", Z, pressed, registered("yama/hako 1")) == [("yama/hako 1", Kind.SET)]


def test_last_seen_is_the_time_and_1970_is_none() -> None:
    (reading,) = read("zigbee2mqtt", Z, {"contact": True, "last_seen": 1_795_000_000_123})
    assert reading.device_time == datetime.fromtimestamp(1_795_000_000.123, UTC)
    (reading,) = read("zigbee2mqtt", Z, {"contact": True, "last_seen": "1970-01-01T00:00:01Z"})
    assert reading.device_time is None


def test_availability_said_live_is_also_a_sign_of_life() -> None:
    topic = f"{Z}/availability"
    kinds = [one.kind for one in read("zigbee2mqtt", topic, {"state": "online"})]
    assert kinds == [Kind.ONLINE, Kind.HEARTBEAT]
    retained = read("zigbee2mqtt", topic, "online", retain=True)
    assert [one.kind for one in retained] == [Kind.ONLINE]


def test_the_bridge_tells_of_itself_and_of_new_devices() -> None:
    base = "home/zigbee2mqtt"
    state = said("zigbee2mqtt", f"{base}/bridge/state", {"state": "online"})
    assert state == [(base, Kind.ONLINE)]
    news = {"type": "device_announce", "data": {"friendly_name": "x"}}
    assert said("zigbee2mqtt", f"{base}/bridge/event", news) == [("x", Kind.HEARTBEAT)]
    assert reason("zigbee2mqtt", f"{base}/bridge/devices", []) is Reason.IRRELEVANT
    assert reason("zigbee2mqtt", f"{Z}/set", {"state": "ON"}) is Reason.IRRELEVANT


def test_the_same_state_sent_twice_at_one_time_is_one() -> None:
    values = {"contact": False, "last_seen": "2026-11-23T04:00:00Z"}
    assert read("zigbee2mqtt", Z, values)[0].id == read("zigbee2mqtt", Z, values)[0].id
