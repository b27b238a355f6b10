"""Tasmota and ESPHome: sensors in the house's network, bytes in, readings out."""

from datetime import UTC, datetime

from gateway.domain.model import Kind, Reason, Role, TimeSource
from tests.gateway.dialects.asking import read, reason, registered, said
from tests.gateway.dialects.fixtures import TASMOTA


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
    assert said("tasmota", topic, TASMOTA, registered("trap", inverted=True)) == [
        ("trap", Kind.SET)
    ]
    pir = registered("trap", Role.DETECTOR)
    assert said("tasmota", topic, TASMOTA, pir) == [("trap", Kind.DETECTION)]


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
    assert reason("tasmota", "tele/t/SENSOR", body) is Reason.IRRELEVANT
    assert said("tasmota", "tele/t/SENSOR", body, registered("t")) == [("t", Kind.HEARTBEAT)]


def test_a_binary_sensor_is_its_own_device_unless_the_node_is_registered() -> None:
    topic = "yama/node/binary_sensor/door/state"
    assert said("esphome", topic, "ON") == [("yama/node/door", Kind.SPRUNG)]
    assert said("esphome", topic, "OFF", registered("yama/node")) == [("yama/node", Kind.SET)]


def test_names_tell_movement_and_tampering_from_a_trap() -> None:
    assert said("esphome", "n/binary_sensor/pir_1/state", "ON") == [("n/pir_1", Kind.DETECTION)]
    assert said("esphome", "n/binary_sensor/tamper/state", "ON") == [("n/tamper", Kind.TAMPER)]


def test_battery_and_radio_figures_belong_to_the_node() -> None:
    (reading,) = read("esphome", "n/sensor/battery_voltage/state", "3.71")
    assert (reading.device, reading.kind, reading.battery_v) == ("n", Kind.HEARTBEAT, 3.71)
    (reading,) = read("esphome", "n/sensor/wifi_signal/state", "-71")
    assert reading.rssi_dbm == -71
    assert reason("esphome", "n/sensor/soil/state", "3") is Reason.IRRELEVANT
    assert reason("esphome", "n/binary_sensor/door/state", "maybe") is Reason.MALFORMED
