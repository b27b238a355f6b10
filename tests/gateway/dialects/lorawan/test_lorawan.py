"""LoRaWAN: one table of sensor models, whatever network server carries them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.dialects import Context
from gateway.dialects.lorawan import codec
from gateway.dialects.sensors.models import (
    MEANINGS,
    ModelRow,
    UnknownMeaningError,
    compile_rows,
    recognise,
    shipped,
    with_own,
)
from gateway.domain.model import Device, Kind, RefusalReason, Role
from tests.gateway.dialects.fixtures import EUI, HISTORY, OPEN, message
from tests.gateway.dialects.lorawan.uplink import ASSUME, kinds_of, refusal, registered, up


def test_polarity_is_the_devices() -> None:
    assert kinds_of(OPEN, registered("milesight-ws301", inverted=True)) == [Kind.SET]
    closed = {**OPEN, "magnet_status": "close"}
    assert kinds_of(closed, registered("milesight-ws301", inverted=True)) == [Kind.SPRUNG]


def test_late_records_come_oldest_first_at_their_own_time_and_the_uplink_is_alive() -> None:
    readings = up(HISTORY, registered("milesight-em300-mcs"))
    assert [reading.kind for reading in readings] == [Kind.SPRUNG, Kind.SET, Kind.HEARTBEAT]
    assert readings[0].device_time == datetime.fromtimestamp(1_795_000_000, UTC)
    assert readings[0].id == f"{EUI}@1795000000:trap.sprung"
    assert readings[2].rssi_dbm == -97


def test_a_record_sent_again_in_a_later_uplink_keeps_its_id() -> None:
    first = up(HISTORY, registered("milesight-em300-mcs"))
    later = up(HISTORY, registered("milesight-em300-mcs"), deduplicationId="x", fCnt=99)
    assert [one.id for one in first[:2]] == [one.id for one in later[:2]]


def test_dragino_records_without_a_zone_have_no_time_and_with_one_they_do() -> None:
    log = {
        "DATALOG": "[TRUE,OPEN,NO,12,3,2026-11-20 10:00:00],[FALSE,CLOSE,NO,12,3,2026-11-20 11:00:00],"
    }
    naive = up(log, registered("dragino-lds03a"))
    assert [one.kind for one in naive] == [Kind.SPRUNG, Kind.SET, Kind.HEARTBEAT]
    assert naive[0].device_time is None
    zoned = up(log, registered("dragino-lds03a", zone="Asia/Tokyo"))
    assert zoned[0].device_time == datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
    assert naive[0].id != naive[1].id


def test_sensative_history_is_numbered_and_dated() -> None:
    past = {
        "historySeqNr": 7,
        "history": {"7": {"timeStamp": "Fri, 20 Nov 2026 01:00:00 GMT", "door": {"value": False}}},
    }
    readings = up(past, registered("sensative-strips"))
    assert readings[0].kind is Kind.SPRUNG
    assert readings[0].device_time == datetime(2026, 11, 20, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("values", "kinds"),
    [
        ({"battery": 100, "door": "open", "install": "no"}, "sprung tamper"),
        ({"battery": 100, "door": "close", "install": "yes"}, "set"),
        ({"install": False}, "tamper"),
        ({"magnet_status": "open", "temperature": 30.8, "humidity": 50}, "sprung"),
        ({"pir": "trigger", "daylight": "dim"}, "detection"),
        ({"pir_status": "normal", "light_status": "dark"}, None),
        ({"angle_x": 1, "threshold_x": "trigger", "threshold_y": "normal"}, "sprung"),
        ({"angle_x": 1, "threshold_x": "normal", "threshold_y": "normal"}, "set"),
        ({"motion_status": "start", "latitude": 32.6, "longitude": 128.8}, "tamper"),
        ({"latitude": 32.6, "longitude": 128.8, "motion_status": "stop"}, "heartbeat"),
        ({"button_event": {"status": "short press", "msgid": 1}}, None),
        ({"DOOR_OPEN_STATUS": 1, "MOD": 1, "BAT_V": 2.9}, "sprung"),
        ({"DOOR_OPEN_STATUS": "CLOSE", "ALARM": "FALSE", "TIME": "2026-01-01 00:00:00"}, "set"),
        ({"DOOR1_OPEN_STATUS": "OPEN", "DOOR2_OPEN_STATUS": "CLOSE"}, "sprung set"),
        ({"Device": "R311A", "OnOff": 0, "Volt": "2.3(low battery)"}, "set"),
        ({"Device": "RB11E", "Occupy": 0, "DisassembledAlarm": 1}, "tamper"),
        ({"open": 0, "tilt": 1, "tamper": 0, "humi": 20}, "sprung"),
        ({"status": 0, "counter": 4, "batteryVoltage": 3}, "set"),
        ({"motion": 3, "vdd": 3600}, "detection"),
        ({"motion": 0, "vdd": 3600, "light": 7}, "heartbeat"),
        ({"accMotion": 1}, "sprung"),
        ({"digital": 1, "vdd": 3600}, "sprung"),
        ({"door": {"value": True}, "historySeqNr": 1}, "set"),
        ({"reed_state": 1, "battery_voltage": 3.6}, "sprung"),
        ({"motion_event_state": 255, "motion_event_count": 1}, "detection"),
        ({"presence_3": 1, "digital_in_1": 0}, "set detection"),
        ({"_type": "hello", "fwMaj": 1}, "join"),
        ({"inTrip": True, "latitudeDeg": 32.6, "longitudeDeg": 128.8}, "tamper"),
        ({"door_state": "open", "colour": "red"}, "sprung"),
        ({"occupied": True, "colour": "red"}, "detection"),
        ({"colour": "red"}, "heartbeat"),
        ({"history": []}, "heartbeat"),
    ],
)
def test_every_known_vocabulary_is_read(values: dict[str, Any], kinds: str | None) -> None:
    if kinds is None:
        assert refusal(values, ASSUME).reason is RefusalReason.IRRELEVANT
        return
    shown = [kind.value.removeprefix("trap.") for kind in kinds_of(values)]
    assert shown == kinds.split()


def test_a_browan_door_and_a_movement_differ_by_their_port_only() -> None:
    same = {"status": 1, "battery": 3.6, "temperatureBoard": 20, "time": 4, "count": 7}
    assert kinds_of(same, fPort=100) == [Kind.SPRUNG]
    assert kinds_of(same, fPort=102) == [Kind.DETECTION]
    for port in (None, 85):
        for context in (registered(), ASSUME):
            refused = refusal(same, context, fPort=port)
            assert refused.reason is RefusalReason.MODEL
            assert "Browan TBMS100" in refused.detail
            assert "Browan TBDW100" in refused.detail


def test_low_battery_text_is_still_a_voltage() -> None:
    (reading,) = up({"Device": "R311A", "OnOff": 1, "Volt": "2.3(low battery)"})
    assert reading.battery_v == 2.3


def test_an_object_whose_fields_one_model_knows_all_is_read_without_a_registered_model() -> None:
    (reading,) = up(OPEN, registered())
    assert (reading.kind, reading.model) == (Kind.SPRUNG, "milesight-ws301")


def test_a_model_is_noted_only_when_no_other_could_be_it() -> None:
    (reading,) = up({"occupancy": "occupied"}, registered(role=Role.DETECTOR))
    assert (reading.kind, reading.model) == (Kind.DETECTION, None)


def test_a_familiar_object_is_offered_and_never_guessed_into_an_alert() -> None:
    refused = refusal({**OPEN, "flux": 3}, registered())
    assert refused.reason is RefusalReason.MODEL
    assert refused.device == EUI
    assert "Milesight WS301" in refused.detail
    assert "--model milesight-ws301" in refused.detail
    assert refusal({"door_state": "open", "flux": 3}, registered()).reason is RefusalReason.MODEL
    assert refusal({"flux": 3}, registered()).reason is RefusalReason.MODEL


def test_a_registered_model_reads_what_it_knows_and_passes_over_the_rest() -> None:
    assert kinds_of({**OPEN, "flux": 3}, registered("milesight-ws301")) == [Kind.SPRUNG]


def test_a_model_without_a_row_is_named() -> None:
    refused = refusal(OPEN, registered("acme-1"))
    assert (refused.reason, "acme-1" in refused.detail) == (RefusalReason.MODEL, True)


def test_a_state_that_is_neither_open_nor_closed_is_malformed() -> None:
    refused = refusal({"magnet_status": "unknown"}, registered("milesight-ws301"))
    assert refused.reason is RefusalReason.MALFORMED
    assert "unknown" in refused.detail


def test_from_a_registered_device_even_an_irrelevant_uplink_is_a_sign_of_life() -> None:
    assert kinds_of({"light": "dark"}, registered("milesight-ws202")) == [Kind.HEARTBEAT]


def test_a_button_at_a_registered_trap_says_that_it_is_set() -> None:
    pressed = {"battery": 50, "button_event": {"status": "short press", "msgid": 1}}
    assert kinds_of(pressed, registered("milesight-ws101")) == [Kind.SET]


def test_a_second_contact_counts_only_where_it_is_registered() -> None:
    both = {"DOOR1_OPEN_STATUS": "OPEN", "DOOR2_OPEN_STATUS": "OPEN"}
    alone = registered("dragino-lds03a")
    assert [one.device for one in up(both, alone)] == [EUI]
    second = Device(id=f"{EUI}/2", role=Role.TRAP, inverted=True)
    pair = Context(devices={**alone.devices, second.id: second})
    assert [(one.device, one.kind) for one in up(both, pair)] == [
        (EUI, Kind.SPRUNG),
        (f"{EUI}/2", Kind.SET),
    ]


def test_an_operators_row_needs_no_code_and_goes_first() -> None:
    row = ModelRow(title="Acme gate", what="gate", fields={"gate": "contact", "cell": "battery_mv"})
    context = Context(models=with_own({"acme-gate": row}))
    (reading,) = up({"gate": "open", "cell": 3300}, context)
    assert (reading.kind, reading.model, reading.battery_v) == (Kind.SPRUNG, "acme-gate", 3.3)


def test_an_operators_row_replaces_the_shipped_one_of_its_name() -> None:
    row = ModelRow(title="WS301 upside down", fields={"magnet_status": "!contact"})
    context = Context(
        devices=registered("milesight-ws301").devices,
        models=with_own({"milesight-ws301": row}),
    )
    assert kinds_of(OPEN, context) == [Kind.SET]


def test_a_row_with_an_unknown_meaning_is_named_with_what_is_allowed() -> None:
    with pytest.raises(UnknownMeaningError, match=r"models\.x\.fields\.door = 'gate'.*contact"):
        compile_rows({"x": ModelRow(title="x", fields={"door": "gate"})}, {})


def test_every_shipped_row_recognises_itself_and_uses_known_meanings() -> None:
    assert len(shipped()) > 25
    for name, model in shipped().items():
        assert model.title, name
        for _, rule in model.rules:
            words = [rule] if isinstance(rule, str) else list(rule.values())
            assert {word.removeprefix("!") for word in words} <= set(MEANINGS)


def test_a_sign_proves_a_model_whatever_else_is_there() -> None:
    match = recognise(shipped(), {"Device": "R718MBA", "status": 1, "novelty": 2})
    assert match
    assert (match.model.name, match.whole, match.proved) == ("netvox-r718mba", True, True)


@pytest.mark.parametrize(
    "wrapped", [OPEN, {"data": OPEN}, {"output": {"data": OPEN}}, {"object": OPEN}]
)
def test_a_codecs_output_can_be_pasted_bare_or_wrapped(wrapped: dict[str, Any]) -> None:
    (reading,) = codec.decode(message("bench/trap-3", wrapped), ASSUME)
    assert (reading.device, reading.kind, reading.battery_pct) == ("trap-3", Kind.SPRUNG, 92)


def test_impossible_places_and_batteries_are_left_out() -> None:
    (reading,) = up({"latitude": 101.4, "longitude": 12, "battery": -3, "motion_status": "stop"})
    assert (reading.lat, reading.lon, reading.battery_pct) == (None, None, None)


def test_two_models_that_read_every_field_differently_are_both_named() -> None:
    rows = {
        "acme-door": ModelRow(title="Acme door", what="door", fields={"level": "contact"}),
        "acme-eye": ModelRow(title="Acme eye", what="motion", fields={"level": "motion"}),
    }
    for context in (Context(models=with_own(rows)), Context(models=with_own(rows), assume=True)):
        refused = refusal({"level": 1, "battery": 90}, context)
        assert refused.reason is RefusalReason.MODEL
        assert "acme-door" in refused.detail
        assert "acme-eye" in refused.detail


def test_models_with_the_same_field_names_differ_by_the_form_of_a_value() -> None:
    assert kinds_of({"door": "open", "battery": 90}, registered()) == [Kind.SPRUNG]
    assert kinds_of({"door": {"value": True}, "battery": 90}, registered()) == [Kind.SET]


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"STA": "01", "TEMP": -2}, "STA"),
        ({"Device": "R999", "Volt": 3.0, "Vibration": 1}, "Vibration"),
        ({"err": "bad port"}, "err"),
    ],
)
def test_fields_that_no_model_knows_are_named_and_are_no_health(
    values: dict[str, Any], named: str
) -> None:
    (reading,) = up(values, ASSUME)
    assert reading.kind is Kind.HEARTBEAT
    assert named in (reading.unread or "")
    (reading,) = up({**OPEN, **values}, registered("milesight-ws301"))
    assert (reading.kind, reading.unread) == (Kind.SPRUNG, None)


def test_a_registered_model_that_understands_nothing_is_unread() -> None:
    (reading,) = up({"err": "bad port"}, registered("milesight-ws301"))
    assert (reading.kind, "err" in (reading.unread or "")) == (Kind.HEARTBEAT, True)
    (reading,) = up({"battery": 80, "report_interval": 600}, registered("milesight-ws301"))
    assert (reading.kind, reading.unread) == (Kind.HEARTBEAT, None)
    (reading,) = up({"battery": 80, "door_state": 1}, registered("milesight-ws301"))
    assert "door_state" in (reading.unread or "")


def test_a_codecs_own_error_leaves_the_frame_unread() -> None:
    (reading,) = codec.decode(message("t", {"errors": ["unknown port"]}), ASSUME)
    assert (reading.kind, "unknown port" in (reading.unread or "")) == (Kind.HEARTBEAT, True)
