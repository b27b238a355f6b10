"""Meshtastic, Frigate, zigbee2mqtt, Tasmota, ESPHome, SenML, discovery: bytes in, readings out."""

from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.dialects import Context
from gateway.dialects.table import BY_NAME
from gateway.model import Device, Kind, Reading, Reason, Refused, Role, TimeSource
from tests.dialects.fixtures import NOW, OBJECT, PACKET, TASMOTA, message

EMPTY = Context()


def _read(
    dialect: str, topic: str, value: Any, context: Context = EMPTY, *, retain: bool = False
) -> list[Reading]:
    return BY_NAME[dialect].decode(message(topic, value, retain=retain), context)


def _said(dialect: str, topic: str, value: Any, context: Context = EMPTY) -> list[tuple[str, Kind]]:
    return [(one.device, one.kind) for one in _read(dialect, topic, value, context)]


def _reason(dialect: str, topic: str, value: Any, context: Context = EMPTY) -> Reason:
    with pytest.raises(Refused) as refused:
        _read(dialect, topic, value, context)
    return refused.value.reason


def _device(id_: str, role: Role = Role.TRAP, **more: Any) -> Context:
    return Context(devices={id_: Device(id=id_, role=role, **more)})


# ---- Meshtastic

MESH = "msh/JP/2/json/traps/!aabbccdd"
NODE = "!a1b2c3d4"


def _mesh(text: Any, context: Context = EMPTY, **more: Any) -> Reading:
    packet = {**PACKET, "type": "detection", "payload": {"text": text}, **more}
    (reading,) = _read("meshtastic", MESH, packet, context)
    return reading


@pytest.mark.parametrize(
    ("text", "kind", "is_state"),
    [
        ("Hako detected", Kind.SPRUNG, False),
        ("Hako state: 1", Kind.SPRUNG, True),
        ("Hako state: 0", Kind.SET, True),
        ("Motion detected", Kind.DETECTION, False),
        ("人感センサー detected", Kind.DETECTION, False),
        ("Motion state: 0", Kind.HEARTBEAT, True),
    ],
)
def test_the_detection_module_speaks_of_a_trap_or_of_movement(
    text: str, kind: Kind, is_state: bool
) -> None:
    reading = _mesh(text)
    assert (reading.device, reading.kind, reading.is_state) == (NODE, kind, is_state)


def test_the_registry_decides_what_a_meshtastic_node_watches() -> None:
    assert _mesh("Motion detected", _device(NODE)).kind is Kind.SPRUNG
    assert _mesh("Hako detected", _device(NODE, Role.DETECTOR)).kind is Kind.DETECTION
    assert _mesh("Hako state: 1", _device(NODE, inverted=True)).kind is Kind.SET


def test_a_packet_repeated_by_several_gateways_is_one() -> None:
    ids = {_mesh("Hako detected", sender=f"!{number:08x}").id for number in range(3)}
    assert ids == {f"{NODE}:5"}


def test_a_node_without_a_clock_has_no_time() -> None:
    reading = _mesh("Hako detected", timestamp=0)
    assert (reading.device_time, reading.time_source) == (None, TimeSource.NONE)


def test_battery_level_101_is_external_power() -> None:
    packet = {**PACKET, "type": "telemetry", "payload": {"battery_level": 101, "voltage": 4.3}}
    (reading,) = _read("meshtastic", MESH, packet)
    assert (reading.external_power, reading.battery_pct, reading.battery_v) == (True, None, 4.3)


@pytest.mark.parametrize("payload", [5, [1, 2], "words", None, {"temperature": 3}])
def test_any_other_packet_is_a_sign_of_life(payload: object) -> None:
    (reading,) = _read("meshtastic", MESH, {**PACKET, "type": "", "payload": payload})
    assert (reading.kind, reading.rssi_dbm) == (Kind.HEARTBEAT, -90)


def test_a_packet_from_nobody_is_malformed() -> None:
    assert _reason("meshtastic", MESH, {"from": -1}) is Reason.MALFORMED
    assert _reason("meshtastic", MESH, {"type": "text"}) is Reason.MALFORMED
    strange = {**PACKET, "type": "detection", "payload": {"text": "hello"}}
    assert _reason("meshtastic", MESH, strange) is Reason.MALFORMED


# ---- Frigate


def _frigate(**more: Any) -> list[Reading]:
    return _read("frigate", "frigate/events", {"type": "update", "after": {**OBJECT, **more}})


def test_new_update_and_end_of_an_object_are_one_detection() -> None:
    ids = {_frigate(sub_label=None, end_time=end, top_score=0.9)[0].id for end in (None, 1, 2)}
    assert ids == {"1795000000.5-q1w2e3"}


def test_a_sub_label_refines_the_species() -> None:
    first, second = _frigate()
    assert (first.species, first.id, first.refines) == ("unknown", OBJECT["id"], None)
    assert (second.species, second.refines) == ("boar", OBJECT["id"])
    assert second.confidence == 0.82
    assert second.media == "api/events/1795000000.5-q1w2e3/snapshot.jpg"
    assert second.device_time == datetime.fromtimestamp(1_795_000_000.5, UTC)


@pytest.mark.parametrize(
    ("label", "species"),
    [
        *(("boar", "boar"), ("wild boar", "boar"), ("Sus scrofa", "boar"), ("イノシシ", "boar")),
        *(("person", "person"), ("bear", "bear"), ("deer", "deer"), ("raccoon_dog", "raccoon_dog")),
    ],
)
def test_labels_map_through_the_species_table(label: str, species: str) -> None:
    (reading,) = _frigate(label=label, sub_label=None)
    assert reading.species == species


def test_a_persons_name_is_not_kept() -> None:
    (reading,) = _frigate(label="person", sub_label=["Taro Yamada", 0.9])
    assert (reading.species, reading.refines) == ("person", None)


@pytest.mark.parametrize("more", [{"label": "car"}, {"false_positive": True}])
def test_cars_and_false_positives_are_irrelevant(more: dict[str, Any]) -> None:
    body = {"after": {**OBJECT, "sub_label": None, **more}}
    assert _reason("frigate", "frigate/events", body) is Reason.IRRELEVANT


def test_a_review_of_one_object_is_that_objects_detection() -> None:
    after = {"id": "r", "camera": "c", "data": {"objects": ["deer"], "detections": ["1.5-a"]}}
    (reading,) = _read("frigate", "frigate/reviews", {"after": after})
    assert (reading.id, reading.species) == ("1.5-a", "deer")


def test_a_review_of_several_objects_counts_each_species_once() -> None:
    data = {"objects": ["deer", "boar", "car"], "detections": ["1.5-a", "1.6-b", "1.7-c"]}
    after = {"id": "1795000000.5-r", "camera": "c", "data": data}
    readings = _read("frigate", "frigate/reviews", {"after": after})
    assert [one.id for one in readings] == ["1795000000.5-r:boar", "1795000000.5-r:deer"]


def test_a_classification_refines_and_one_without_a_species_does_not() -> None:
    update = {"type": "classification", "id": "1.5-a", "camera": "c", "score": 0.7}
    topic = "frigate/tracked_object_update"
    (reading,) = _read("frigate", topic, {**update, "sub_label": "ニホンジカ"})
    assert (reading.species, reading.refines, reading.id) == ("deer", "1.5-a", "1.5-a:deer")
    assert _reason("frigate", topic, {**update, "sub_label": "none"}) is Reason.IRRELEVANT


@pytest.mark.parametrize("payload", ["online", '"online"'])
def test_frigate_says_that_it_is_there(payload: str) -> None:
    assert _said("frigate", "cams/frigate/available", payload) == [("cams/frigate", Kind.ONLINE)]


# ---- zigbee2mqtt

Z = "zigbee2mqtt/yama/hako 1"


def test_a_friendly_name_may_hold_slashes() -> None:
    assert _said("zigbee2mqtt", Z, {"contact": False}) == [("yama/hako 1", Kind.SPRUNG)]


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
    (reading,) = _read("zigbee2mqtt", Z, values)
    assert (reading.kind, reading.is_state) == (kind, is_state)


def test_link_quality_is_no_signal_strength_and_a_mains_voltage_no_battery() -> None:
    (reading,) = _read("zigbee2mqtt", Z, {"contact": True, "linkquality": 90, "voltage": 230})
    assert (reading.rssi_dbm, reading.battery_v) == (None, None)


def test_a_button_resets_only_a_registered_trap() -> None:
    pressed = {"action": "single", "battery": 90}
    assert _reason("zigbee2mqtt", Z, pressed) is Reason.IRRELEVANT
    assert _said("zigbee2mqtt", Z, pressed, _device("yama/hako 1")) == [("yama/hako 1", Kind.SET)]


def test_last_seen_is_the_time_and_1970_is_none() -> None:
    (reading,) = _read("zigbee2mqtt", Z, {"contact": True, "last_seen": 1_795_000_000_123})
    assert reading.device_time == datetime.fromtimestamp(1_795_000_000.123, UTC)
    (reading,) = _read("zigbee2mqtt", Z, {"contact": True, "last_seen": "1970-01-01T00:00:01Z"})
    assert reading.device_time is None


def test_availability_said_live_is_also_a_sign_of_life() -> None:
    topic = f"{Z}/availability"
    kinds = [one.kind for one in _read("zigbee2mqtt", topic, {"state": "online"})]
    assert kinds == [Kind.ONLINE, Kind.HEARTBEAT]
    retained = _read("zigbee2mqtt", topic, "online", retain=True)
    assert [one.kind for one in retained] == [Kind.ONLINE]


def test_the_bridge_tells_of_itself_and_of_new_devices() -> None:
    base = "home/zigbee2mqtt"
    state = _said("zigbee2mqtt", f"{base}/bridge/state", {"state": "online"})
    assert state == [(base, Kind.ONLINE)]
    news = {"type": "device_announce", "data": {"friendly_name": "x"}}
    assert _said("zigbee2mqtt", f"{base}/bridge/event", news) == [("x", Kind.HEARTBEAT)]
    assert _reason("zigbee2mqtt", f"{base}/bridge/devices", []) is Reason.IRRELEVANT
    assert _reason("zigbee2mqtt", f"{Z}/set", {"state": "ON"}) is Reason.IRRELEVANT


def test_the_same_state_sent_twice_at_one_time_is_one() -> None:
    values = {"contact": False, "last_seen": "2026-11-23T04:00:00Z"}
    assert _read("zigbee2mqtt", Z, values)[0].id == _read("zigbee2mqtt", Z, values)[0].id


# ---- Tasmota


def test_local_time_needs_the_devices_zone() -> None:
    (reading,) = _read("tasmota", "tele/trap/SENSOR", TASMOTA)
    assert (reading.device_time, reading.time_source) == (None, TimeSource.NONE)
    (reading,) = _read("tasmota", "tele/trap/SENSOR", TASMOTA, _device("trap", zone="Asia/Tokyo"))
    assert reading.device_time == datetime(2026, 11, 23, 4, 5, 6, tzinfo=UTC)
    (reading,) = _read("tasmota", "tele/trap/SENSOR", TASMOTA, _device("trap", zone="Mars/Phobos"))
    assert reading.device_time is None


def test_epoch_needs_no_zone() -> None:
    (reading,) = _read("tasmota", "tele/trap/SENSOR", {**TASMOTA, "Epoch": 1_795_000_000})
    assert reading.device_time == datetime.fromtimestamp(1_795_000_000, UTC)


def test_a_tasmota_switch_follows_role_and_polarity() -> None:
    topic = "tele/trap/SENSOR"
    assert _said("tasmota", topic, TASMOTA, _device("trap", inverted=True)) == [("trap", Kind.SET)]
    pir = _device("trap", Role.DETECTOR)
    assert _said("tasmota", topic, TASMOTA, pir) == [("trap", Kind.DETECTION)]


def test_rssi_in_percent_is_not_taken_for_dbm() -> None:
    (reading,) = _read("tasmota", "tele/t/STATE", {"Wifi": {"RSSI": 86, "Signal": -57}})
    assert reading.rssi_dbm == -57
    (reading,) = _read("tasmota", "tele/t/STATE", {"Wifi": {"RSSI": 86}})
    assert reading.rssi_dbm is None


def test_zigbee_devices_behind_tasmota_are_devices_of_their_own() -> None:
    body = {"ZbReceived": {"0x1A": {"Name": "hako", "Contact": 1, "BatteryPercentage": 55}}}
    (reading,) = _read("tasmota", "tele/bridge/SENSOR", body)
    assert (reading.device, reading.kind, reading.battery_pct) == ("hako", Kind.SPRUNG, 55)


def test_a_registered_tasmota_without_a_switch_is_alive() -> None:
    body = {"Time": "2026-11-23T13:05:06", "ANALOG": {"A0": 8}}
    assert _reason("tasmota", "tele/t/SENSOR", body) is Reason.IRRELEVANT
    assert _said("tasmota", "tele/t/SENSOR", body, _device("t")) == [("t", Kind.HEARTBEAT)]


# ---- ESPHome


def test_a_binary_sensor_is_its_own_device_unless_the_node_is_registered() -> None:
    topic = "yama/node/binary_sensor/door/state"
    assert _said("esphome", topic, "ON") == [("yama/node/door", Kind.SPRUNG)]
    assert _said("esphome", topic, "OFF", _device("yama/node")) == [("yama/node", Kind.SET)]


def test_names_tell_movement_and_tampering_from_a_trap() -> None:
    assert _said("esphome", "n/binary_sensor/pir_1/state", "ON") == [("n/pir_1", Kind.DETECTION)]
    assert _said("esphome", "n/binary_sensor/tamper/state", "ON") == [("n/tamper", Kind.TAMPER)]


def test_battery_and_radio_figures_belong_to_the_node() -> None:
    (reading,) = _read("esphome", "n/sensor/battery_voltage/state", "3.71")
    assert (reading.device, reading.kind, reading.battery_v) == ("n", Kind.HEARTBEAT, 3.71)
    (reading,) = _read("esphome", "n/sensor/wifi_signal/state", "-71")
    assert reading.rssi_dbm == -71
    assert _reason("esphome", "n/sensor/soil/state", "3") is Reason.IRRELEVANT
    assert _reason("esphome", "n/binary_sensor/door/state", "maybe") is Reason.MALFORMED


# ---- SenML


def test_base_values_hold_and_records_of_one_time_are_one_object() -> None:
    pack = [
        {"bn": "trap7:", "bt": 1_795_000_000, "n": "open", "vb": True},
        {"n": "battery", "u": "%EL", "v": 81},
        {"n": "open", "t": 60, "vb": False},
    ]
    first, second = _read("senml", "senml/x", pack)
    assert (first.device, first.kind, first.battery_pct) == ("trap7", Kind.SPRUNG, 81)
    assert second.kind is Kind.SET
    assert second.device_time == datetime.fromtimestamp(1_795_000_060, UTC)


def test_a_small_time_counts_from_now() -> None:
    (reading,) = _read("senml", "senml/x", [{"n": "t7/open", "vb": True, "t": -5}])
    assert reading.device_time
    assert (NOW - reading.device_time).total_seconds() == 5


def test_ipso_paths_are_read_by_their_object() -> None:
    pack = [{"n": "urn:dev:1/3302/0/5500", "vb": True}]
    assert _said("senml", "senml/x", pack) == [("urn:dev:1", Kind.DETECTION)]


@pytest.mark.parametrize("pack", [[], {}, [{"v": 1}], [{"n": "a/open"}] * 600, [5]])
def test_a_pack_that_is_none_is_malformed(pack: Any) -> None:
    assert _reason("senml", "senml/x", pack) is Reason.MALFORMED


# ---- discovery


def test_a_declaration_is_the_same_however_often_it_is_repeated() -> None:
    topic, body = "homeassistant/sensor/a/config", {"device": {"identifiers": ["zb_1"]}}
    (first,), (second,) = _read("ha_discovery", topic, body), _read("ha_discovery", topic, body)
    assert (first.device, first.kind, first.id) == ("zb_1", Kind.JOIN, second.id)


def test_a_withdrawn_declaration_is_irrelevant() -> None:
    assert _reason("ha_discovery", "homeassistant/sensor/a/config", b"") is Reason.IRRELEVANT
