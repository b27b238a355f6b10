"""ChirpStack: what its envelope says of an uplink."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.dialects import Context
from gateway.dialects.lorawan import chirpstack as chirp
from gateway.dialects.payload import content
from gateway.domain.model import Kind, MessageRefusedError, Reading, RefusalReason, TimeSource
from tests.gateway.dialects.fixtures import EUI, OPEN, UP, chirpstack, message
from tests.gateway.dialects.lorawan.uplink import ASSUME, kinds_of, registered, up


def test_an_uplink_carries_event_radio_battery_and_time() -> None:
    (reading,) = up(OPEN)
    assert reading == Reading(
        id="8b7c1a52-3f0e-4d5a-9a63-0c2b7c1d9e01",
        key=f"{EUI}:01a2b3c4:77:{content(85, 'AXVkAwAB')}",
        device=EUI,
        kind=Kind.SPRUNG,
        is_state=True,
        device_time=datetime(2026, 11, 23, 4, 5, 1, 123456, tzinfo=UTC),
        time_source=TimeSource.NETWORK,
        battery_pct=92,
        rssi_dbm=-97,
        snr_db=7.2,
        model="milesight-ws301",
        is_content=True,
        clock="chirpstack:g1",  # the gateway that heard it
    )


def test_a_doubled_uplink_has_the_same_key() -> None:
    (first,) = up(OPEN)
    (second,) = up(OPEN, deduplicationId="another", rxInfo=[])
    assert (first.key, first.id == second.id) == (second.key, False)


def test_another_frame_with_the_same_counter_has_another_key() -> None:
    (first,) = up(OPEN)
    (second,) = up(OPEN, deduplicationId="another", data="AXVkAwAA")
    (third,) = up({**OPEN, "battery": 91}, deduplicationId="third", data=None)
    (fourth,) = up(OPEN, deduplicationId="fourth", data=None)
    assert len({one.key for one in (first, second, third, fourth)}) == 4


def test_a_counter_left_out_is_zero() -> None:
    body = chirpstack(OPEN)
    del body["fCnt"]
    (reading,) = chirp.decode(message(UP, body), ASSUME)
    assert reading.key
    assert reading.key.startswith(f"{EUI}:01a2b3c4:0:")


def test_an_uplink_without_radio_facts_is_still_read() -> None:
    assert kinds_of(OPEN, rxInfo=[]) == [Kind.SPRUNG]
    assert kinds_of(OPEN, rxInfo=[{"gatewayId": "g"}]) == [Kind.SPRUNG]


@pytest.mark.parametrize("values", [None, {}, [1], "open"])
def test_a_frame_that_no_codec_decoded_is_alive_and_unread(values: Any) -> None:
    (reading,) = up(values, registered())
    assert (reading.kind, reading.rssi_dbm) == (Kind.HEARTBEAT, -97)
    assert "codec" in (reading.unread or "")


@pytest.mark.parametrize("more", [{"fPort": 0}, {"data": None}, {"data": ""}])
def test_a_network_frame_without_content_is_a_sign_of_life(more: dict[str, Any]) -> None:
    (reading,) = up(None, registered(), **more)
    assert (reading.kind, reading.unread) == (Kind.HEARTBEAT, None)


def test_a_codec_error_in_the_log_leaves_the_frame_unread() -> None:
    topic = UP.replace("/up", "/log")
    found: dict[str, Any] = {
        "level": "ERROR",
        "code": "UPLINK_CODEC",
        "description": "TypeError: x is undefined",
    }
    (reading,) = chirp.decode(message(topic, chirpstack(**found)), Context())
    assert (reading.kind, reading.device) == (Kind.HEARTBEAT, EUI)
    assert "x is undefined" in (reading.unread or "")
    for code in ("DOWNLINK_CODEC", "UPLINK_MIC", "UPLINK_F_CNT_RETRANSMISSION", 5):
        with pytest.raises(MessageRefusedError) as refused:
            chirp.decode(message(topic, chirpstack(**{**found, "code": code})), Context())
        assert refused.value.reason is RefusalReason.IRRELEVANT


def test_chirpstack_of_another_generation_is_named() -> None:
    body = {"applicationID": "1", "devEUI": EUI, "objectJSON": "{}", "fCnt": 3}
    with pytest.raises(MessageRefusedError, match=r"ChirpStack v3.*v4"):
        chirp.decode(message(UP, body), ASSUME)


def test_protobuf_is_refused_with_the_setting_that_makes_it_json() -> None:
    with pytest.raises(MessageRefusedError, match=r"json=true.*\[integration\.mqtt\]"):
        chirp.decode(message(UP, b"\n\x12\x08\xff"), ASSUME)


def test_status_and_location_events_are_signs_of_life() -> None:
    topic = UP.replace("/up", "/status")
    (reading,) = chirp.decode(message(topic, chirpstack(batteryLevel=71.5)), Context())
    assert (reading.kind, reading.battery_pct) == (Kind.HEARTBEAT, 71.5)
    (reading,) = chirp.decode(
        message(topic, chirpstack(batteryLevel=0, batteryLevelUnavailable=True)), Context()
    )
    assert reading.battery_pct is None
    (reading,) = chirp.decode(message(topic, chirpstack(externalPowerSource=True)), Context())
    assert reading.external_power is True
    place = {"latitude": 32.6, "longitude": 128.8}
    (reading,) = chirp.decode(
        message(UP.replace("/up", "/location"), chirpstack(location=place)), Context()
    )
    assert (reading.lat, reading.lon) == (32.6, 128.8)


def test_a_join_and_its_first_uplink_share_no_id() -> None:
    (join,) = chirp.decode(message(UP.replace("/up", "/join"), chirpstack()), Context())
    (first,) = up(OPEN)
    assert (join.kind, join.id == first.id) == (Kind.JOIN, False)


@pytest.mark.parametrize("body", [[], "up", 5, None])
def test_what_is_no_event_is_malformed(body: Any) -> None:
    with pytest.raises(MessageRefusedError) as refused:
        chirp.decode(message(UP, json.dumps(body)), ASSUME)
    assert refused.value.reason is RefusalReason.MALFORMED


@pytest.mark.parametrize("info", [None, {}, {"devEui": ""}, {"devEui": "x" * 129}, {"devEui": 5}])
def test_the_topic_names_the_device_where_the_body_does_not(info: Any) -> None:
    (reading,) = up(OPEN, deviceInfo=info)
    assert (reading.device, reading.kind) == (EUI, Kind.SPRUNG)


def test_an_event_of_no_device_is_malformed() -> None:
    with pytest.raises(MessageRefusedError) as refused:
        chirp.decode(message("elsewhere/up", chirpstack(OPEN, deviceInfo={})), ASSUME)
    assert refused.value.reason is RefusalReason.MALFORMED


@pytest.mark.parametrize("count", ["many", None, -1, 2**80, 1.5])
def test_a_frame_without_a_counter_is_no_copy_of_another(count: Any) -> None:
    (reading,) = up(OPEN, fCnt=count)
    assert (reading.kind, reading.key) == (Kind.SPRUNG, None)
