"""Tasmota and ESPHome: sensors in the house's network, bytes in, readings out."""

from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.dialects import Context, tasmota
from gateway.dialects.sensors.declared import MAX_DECLARATIONS, Declared
from gateway.domain.model import Kind, MessageRefusedError, RefusalReason, Role, TimeSource
from tests.gateway.dialects.asking import kinds_read, read, reason, registered
from tests.gateway.dialects.fixtures import TASMOTA, message


def test_local_time_needs_the_devices_zone() -> None:
    (reading,) = read("tasmota", "tele/trap/SENSOR", TASMOTA)
    assert (reading.device_time, reading.time_source) == (None, TimeSource.NONE)
    (reading,) = read("tasmota", "tele/trap/SENSOR", TASMOTA, registered("trap", zone="Asia/Tokyo"))
    assert reading.device_time == datetime(2026, 11, 23, 4, 5, 6, tzinfo=UTC)
    (reading,) = read(
        "tasmota", "tele/trap/SENSOR", TASMOTA, registered("trap", zone="Mars/Phobos")
    )
    assert reading.device_time is None


def test_epoch_needs_no_zone() -> None:
    (reading,) = read("tasmota", "tele/trap/SENSOR", {**TASMOTA, "Epoch": 1_795_000_000})
    assert reading.device_time == datetime.fromtimestamp(1_795_000_000, UTC)


def test_a_tasmota_switch_follows_role_and_polarity() -> None:
    topic = "tele/trap/SENSOR"
    assert kinds_read("tasmota", topic, TASMOTA, registered("trap", inverted=True)) == [
        ("trap", Kind.SET)
    ]
    pir = registered("trap", Role.DETECTOR)
    assert kinds_read("tasmota", topic, TASMOTA, pir) == [("trap", Kind.DETECTION)]


def test_rssi_in_percent_is_not_taken_for_dbm() -> None:
    (reading,) = read("tasmota", "tele/t/STATE", {"Wifi": {"RSSI": 86, "Signal": -57}})
    assert reading.rssi_dbm == -57
    (reading,) = read("tasmota", "tele/t/STATE", {"Wifi": {"RSSI": 86}})
    assert reading.rssi_dbm is None


def test_zigbee_devices_behind_tasmota_are_devices_of_their_own() -> None:
    body = {"ZbReceived": {"0x1A": {"Name": "hako", "Contact": 1, "BatteryPercentage": 55}}}
    (reading,) = read("tasmota", "tele/bridge/SENSOR", body)
    assert (reading.device, reading.kind, reading.battery_pct) == ("hako", Kind.SPRUNG, 55)


def test_a_registered_tasmota_without_a_switch_is_alive() -> None:
    body = {"Time": "2026-11-23T13:05:06", "ANALOG": {"A0": 8}}
    assert reason("tasmota", "tele/t/SENSOR", body) is RefusalReason.IRRELEVANT
    assert kinds_read("tasmota", "tele/t/SENSOR", body, registered("t")) == [("t", Kind.HEARTBEAT)]


def test_a_binary_sensor_is_its_own_device_unless_the_node_is_registered() -> None:
    topic = "yama/node/binary_sensor/door/state"
    assert kinds_read("esphome", topic, "ON") == [("yama/node/door", Kind.SPRUNG)]
    assert kinds_read("esphome", topic, "OFF", registered("yama/node")) == [("yama/node", Kind.SET)]


def test_names_tell_movement_and_tampering_from_a_trap() -> None:
    assert kinds_read("esphome", "n/binary_sensor/pir_1/state", "ON") == [
        ("n/pir_1", Kind.DETECTION)
    ]
    assert kinds_read("esphome", "n/binary_sensor/tamper/state", "ON") == [
        ("n/tamper", Kind.TAMPER)
    ]


def test_battery_and_radio_figures_belong_to_the_node() -> None:
    (reading,) = read("esphome", "n/sensor/battery_voltage/state", "3.71")
    assert (reading.device, reading.kind, reading.battery_v) == ("n", Kind.HEARTBEAT, 3.71)
    (reading,) = read("esphome", "n/sensor/wifi_signal/state", "-71")
    assert reading.rssi_dbm == -71
    assert reason("esphome", "n/sensor/soil/state", "3") is RefusalReason.IRRELEVANT
    assert reason("esphome", "n/binary_sensor/door/state", "maybe") is RefusalReason.MALFORMED


NODE = "yama-3"
DIAGNOSTIC = (
    *("update_available", "firmware_update", "battery_charging", "charger_plugged", "usb_power"),
    *("problem", "overheating", "wifi_fault", "restart_pending", "status_led"),
)


@pytest.mark.parametrize("name", DIAGNOSTIC)
def test_a_nodes_diagnostic_input_neither_springs_nor_sets_its_trap(name: str) -> None:
    topic = f"{NODE}/binary_sensor/{name}/state"
    for word in ("ON", "OFF"):
        assert reason("esphome", topic, word) is RefusalReason.IRRELEVANT
        assert kinds_read("esphome", topic, word, registered(NODE)) == [(NODE, Kind.HEARTBEAT)]


@pytest.mark.parametrize("name", ["status", "yama-3_status", "yama_3_online", "api_connected"])
def test_a_nodes_link_is_its_presence(name: str) -> None:
    topic = f"{NODE}/binary_sensor/{name}/state"
    assert kinds_read("esphome", topic, "OFF", registered(NODE)) == [(NODE, Kind.OFFLINE)]
    assert kinds_read("esphome", topic, "ON")[0] == (NODE, Kind.ONLINE)


@pytest.mark.parametrize("name", ["reed", "door", "trap_status", "gpio_4", "wana", "x", "lid_open"])
def test_a_contact_or_an_input_of_any_name_is_the_traps(name: str) -> None:
    topic = f"{NODE}/binary_sensor/{name}/state"
    (reading,) = read("esphome", topic, "ON", registered(NODE))
    assert (reading.device, reading.kind, reading.input) == (NODE, Kind.SPRUNG, name)
    assert kinds_read("esphome", topic, "ON") == [(f"{NODE}/{name}", Kind.SPRUNG)]


def test_a_second_channel_speaks_only_where_it_is_registered() -> None:
    topic = f"{NODE}/binary_sensor/reed_2/state"
    assert kinds_read("esphome", topic, "ON", registered(NODE)) == [(NODE, Kind.HEARTBEAT)]
    own = registered(f"{NODE}/reed_2")
    assert kinds_read("esphome", topic, "ON", own) == [(f"{NODE}/reed_2", Kind.SPRUNG)]


def test_the_registry_says_which_input_is_the_traps() -> None:
    context = registered(NODE, input="reed_2")
    for name, kind in (("reed_2", Kind.SPRUNG), ("reed", Kind.HEARTBEAT), ("door", Kind.HEARTBEAT)):
        topic = f"{NODE}/binary_sensor/{name}/state"
        assert kinds_read("esphome", topic, "ON", context) == [(NODE, kind)]
    body = {"Switch1": "ON", "Switch2": "OFF"}
    second = registered("trap", input="Switch2")
    assert kinds_read("tasmota", "tele/trap/SENSOR", body, second) == [("trap", Kind.SET)]


def test_shock_springs_a_trap_and_its_end_sets_none() -> None:
    topic = f"{NODE}/binary_sensor/vibration/state"
    assert kinds_read("esphome", topic, "ON", registered(NODE)) == [(NODE, Kind.SPRUNG)]
    assert kinds_read("esphome", topic, "OFF", registered(NODE)) == [(NODE, Kind.HEARTBEAT)]


def test_motion_at_a_trap_is_a_detection() -> None:
    topic = f"{NODE}/binary_sensor/pir/state"
    assert kinds_read("esphome", topic, "ON", registered(NODE)) == [(NODE, Kind.DETECTION)]


@pytest.mark.parametrize(
    ("name", "text", "facts"),
    [
        ("battery", "71", {"battery_pct": 71}),
        ("battery", "3.9", None),
        ("battery_level", "3.9", {"battery_pct": 3.9}),
        ("battery", "3.9 V", {"battery_v": 3.9}),
        ("yama-3_battery_level", "71", {"battery_pct": 71}),
        ("battery_percent", "171", None),
        ("battery_temperature", "18.5", None),
        ("battery_charge_current", "40", None),
        ("battery_health", "98", None),
        ("battery_voltage", "3.71", {"battery_v": 3.71}),
        ("battery_voltage", "3712", None),
        ("battery_mv", "3712", {"battery_v": 3.712}),
        ("wifi_signal_percent", "24", None),
        ("wifi_signal", "62", None),
        ("wifi_signal_db", "-71", {"rssi_dbm": -71}),
        ("wifi_channel", "6", None),
    ],
)
def test_a_figure_is_read_by_what_its_name_measures(
    name: str, text: str, facts: dict[str, float] | None
) -> None:
    topic = f"{NODE}/sensor/{name}/state"
    if facts is None:
        assert reason("esphome", topic, text) is RefusalReason.IRRELEVANT
        (reading,) = read("esphome", topic, text, registered(NODE))
        assert (reading.battery_pct, reading.battery_v, reading.rssi_dbm) == (None, None, None)
        return
    (reading,) = read("esphome", topic, text)
    assert {key: getattr(reading, key) for key in facts} == facts


@pytest.mark.parametrize(
    "topic",
    [
        "tele/trap/LWT",
        "trap/tele/LWT",
        "home/tele/trap/LWT",
        "tele/home/trap/LWT",
        "home/trap/tele/LWT",
    ],
)
def test_a_tasmotas_name_is_what_is_no_prefix_wherever_that_stands(topic: str) -> None:
    assert kinds_read("tasmota", topic, "Offline") == [
        ("home/trap" if "home" in topic else "trap", Kind.OFFLINE)
    ]


def test_a_topic_without_a_known_prefix_is_refused_with_the_setting() -> None:
    with pytest.raises(MessageRefusedError, match="FullTopic"):
        read("tasmota", "wana/trap/telemetry/LWT", "Offline")


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        (
            "tele/b/SENSOR",
            {"ZbReceived": {"0x1A": {"Device": "0x1A", "Name": "hako", "Contact": 1}}},
        ),
        ("tele/b/1A/SENSOR", {"ZbReceived": {"0x1A": {"Name": "hako", "Contact": 1}}}),
        ("tele/b/SENSOR", {"ZbReceived": {"hako": {"Device": "0x1A", "Contact": 1}}}),
        ("tele/b/ZbReceived", {"hako": {"Device": "0x1A", "Contact": 1}}),
        ("tele/b/hako/SENSOR", {"ZbReceived": {"Device": "0x1A", "Contact": 1, "Endpoint": 1}}),
        ("tele/b/hako/ZbReceived", {"Device": "0x1A", "Contact": 1}),
        ("tele/b/1A/ZbReceived", {"Device": "0x1A", "Name": "hako", "Contact": 1}),
    ],
)
def test_zigbee_behind_tasmota_is_read_under_every_option(topic: str, body: Any) -> None:
    assert kinds_read("tasmota", topic, body) == [("hako", Kind.SPRUNG)]


def test_a_field_of_another_trade_is_named_and_can_be_the_input() -> None:
    body = {"ZbReceived": {"0x1A": {"Name": "hako", "Power": 1, "LinkQuality": 90}}}
    with pytest.raises(MessageRefusedError, match=r"Power.*input"):
        read("tasmota", "tele/b/SENSOR", body)
    assert kinds_read("tasmota", "tele/b/SENSOR", body, registered("hako", input="Power")) == [
        ("hako", Kind.SPRUNG)
    ]


def test_a_tasmota_declares_its_topic_its_words_and_its_names() -> None:
    declared = Declared()
    body = {
        "t": "hako",
        "ft": "wana/%topic%/%prefix%/",
        "tp": ["cmnd", "status", "telemetry"],
        "state": ["ZU", "AUF", "TOGGLE", "HOLD"],
        "swn": ["Klappe", None],
    }
    found = message("tasmota/discovery/AABBCC/config", body)
    assert [one.kind for one in tasmota.decode(found, Context())] == [Kind.JOIN]
    declared.learn(found)
    context = Context(declared=declared)
    topic = "wana/hako/telemetry/SENSOR"
    assert kinds_read("tasmota", topic, {"Klappe": "AUF"}, context) == [("hako", Kind.SPRUNG)]
    assert kinds_read("tasmota", topic, {"Switch1": "ZU"}, context) == [("hako", Kind.SET)]
    assert reason("tasmota", topic, {"Switch1": "maybe"}, context) is RefusalReason.MALFORMED


def test_the_class_that_a_node_declared_goes_before_the_name_of_its_input() -> None:
    declared = Declared()
    for name, found in (("mystery", "update"), ("power_door", "opening"), ("bat", "battery")):
        config = {"dev_cla": found, "stat_t": f"~/binary_sensor/{name}/state", "~": NODE}
        declared.learn(message(f"homeassistant/binary_sensor/{NODE}/{name}/config", config))
    context = Context(devices=registered(NODE).devices, declared=declared)
    for name, kind in (("mystery", Kind.HEARTBEAT), ("power_door", Kind.SPRUNG)):
        topic = f"{NODE}/binary_sensor/{name}/state"
        assert kinds_read("esphome", topic, "ON", context) == [(NODE, kind)]
    (reading,) = read("esphome", f"{NODE}/binary_sensor/bat/state", "ON", context)
    assert (reading.kind, reading.battery_low) == (Kind.HEARTBEAT, True)


def test_a_flood_of_declarations_does_not_fill_the_memory() -> None:
    declared = Declared()
    for number in range(2 * MAX_DECLARATIONS + 10):
        config = {"device_class": "door", "state_topic": f"n{number}/s"}
        declared.learn(message(f"homeassistant/binary_sensor/{number}/config", config))
        body = {"t": f"t{number}", "ft": "%topic%/%prefix%/", "tp": ["a", "b", "c"]}
        declared.learn(message(f"tasmota/discovery/{number}/config", body))
    assert len(declared.purposes) <= MAX_DECLARATIONS
    assert len(declared.tasmotas) <= MAX_DECLARATIONS + 2


@pytest.mark.parametrize(
    "payload", [b"", b"[", b"[1]", b'{"cmps": 5}', b'{"ft": 1, "tp": [], "t": ""}']
)
def test_what_is_no_declaration_teaches_nothing(payload: bytes) -> None:
    declared = Declared()
    for topic in ("homeassistant/sensor/a/config", "tasmota/discovery/a/config", "x/config"):
        declared.learn(message(topic, payload))
    assert (declared.purposes, declared.tasmotas) == ({}, {})
