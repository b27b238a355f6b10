"""Impossible figures and places are unknown, in every dialect."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dialects import Context
from gateway.dialects.payloads import figures
from gateway.dialects.table import BY_NAME
from gateway.domain.model import Device, Kind, RefusalReason, Role
from tests.gateway.dialects.fixtures import (
    PACKET,
    TTN_UP,
    UP,
    chirpstack,
    message,
    tts,
)
from tests.gateway.dialects.robustness.cases import SPRUNG, read
from tests.gateway.dialects.robustness.test_kinds import outcome

impossible = st.one_of(
    st.floats(min_value=100.5, max_value=1e6),
    st.floats(max_value=-0.5, min_value=-1e6),
    st.sampled_from([255, 200, 180, 3012, 2**70, float("nan"), float("inf"), True, [90], {"v": 3}]),
)


def batteries(figure: Any) -> list[tuple[str, str, Any]]:
    """A battery's charge, as each dialect tells it."""
    return [
        ("chirpstack", UP, chirpstack({"magnet_status": "open", "battery": figure})),
        ("chirpstack", UP.replace("/up", "/status"), chirpstack(batteryLevel=figure)),
        ("tts", TTN_UP, tts(SPRUNG | {"battery": None}, last_battery_percentage={"value": figure})),
        ("zigbee2mqtt", "zigbee2mqtt/a", {"contact": True, "battery": figure}),
        (
            "tasmota",
            "tele/b/SENSOR",
            {"ZbReceived": {"0x1": {"Contact": 1, "BatteryPercentage": figure}}},
        ),
        ("senml", "senml/a", [{"bn": "a/", "n": "battery", "u": "%EL", "v": figure}]),
        ("native", "wildlife/v1/goto/t/telemetry", {"v": 1, "battery": {"pct": figure}}),
        ("esphome", "node/sensor/battery_level/state", str(figure)),
        ("lorawan_codec", "t", {"magnet_status": "open", "battery": figure}),
    ]


@given(impossible)
def test_a_charge_out_of_range_is_unknown_and_never_mains_supply(figure: Any) -> None:
    for dialect, topic, value in batteries(figure):
        readings, refused = outcome(dialect, topic, value)
        assert refused is None or refused.reason in (
            RefusalReason.IRRELEVANT,
            RefusalReason.MALFORMED,
        ), dialect
        for one in readings:
            assert (one.battery_pct, one.battery_v, one.external_power) == (None,) * 3, dialect


def test_a_charge_in_range_is_read_in_every_dialect() -> None:
    for dialect, topic, value in batteries(64):
        assert 64 in [one.battery_pct for one in read(dialect, topic, value)], dialect


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (87, "", {"battery_pct": 87}),
        ("87 %", "", {"battery_pct": 87}),
        ("3.6V", "", {"battery_v": 3.6}),
        ("2950 mV", "", {"battery_v": 2.95}),
        (3.61, "", {}),
        (3, "", {"battery_pct": 3}),
        (3012, "", {}),
        (3012, "V", {}),
        (3012, "mV", {"battery_v": 3.012}),
        (230, "mV", {}),
        ("18.5 °C", "", {}),
        ("3,6 V", "V", {}),
        ("2.3(low battery)", "V", {"battery_v": 2.3, "battery_low": True}),
        ("low", "", {"battery_low": True}),
        ("normal", "", {"battery_low": False}),
        ("unknown", "", {}),
        (0, "V", {}),
    ],
)
def test_a_unit_beside_a_value_is_used(value: Any, unit: str, shown: dict[str, Any]) -> None:
    assert figures.battery(value, unit) == shown


@pytest.mark.parametrize("value", [24, "62", "62 %", 0, "-70%", 48.0, None, "weak"])
def test_a_percentage_is_no_dbm(value: Any) -> None:
    assert figures.rssi_dbm(value) is None


near_zero = st.floats(min_value=-0.009, max_value=0.009)
anywhere = st.floats(min_value=20, max_value=46)


def positions(lat: Any, lon: Any) -> list[tuple[str, str, Any]]:
    """A place, as each dialect tells it."""
    place = {"latitude": lat, "longitude": lon}
    return [
        ("chirpstack", UP.replace("/up", "/location"), chirpstack(location=place)),
        (
            "tts",
            TTN_UP.replace("/up", "/location/solved"),
            {**tts(), "uplink_message": None, "location_solved": {"location": place}},
        ),
        (
            "meshtastic",
            "msh/JP/2/json/traps/!a",
            {
                **PACKET,
                "type": "position",
                "payload": {"latitude_i": int(lat * 1e7), "longitude_i": int(lon * 1e7)},
            },
        ),
        ("lorawan_codec", "t", {**place, "motion_status": "stop", "tilt_status": "normal"}),
        ("senml", "senml/a", [{"bn": "a/", "n": "lat", "v": lat}, {"n": "lon", "v": lon}]),
        ("native", "wildlife/v1/goto/t/telemetry", {"v": 1, "loc": {"lat": lat, "lon": lon}}),
        ("zigbee2mqtt", "zigbee2mqtt/a", {"contact": True, **place}),
    ]


@given(near_zero, anywhere, st.sampled_from(["lat", "lon", "both"]))
def test_a_place_at_or_beside_zero_is_no_place(zero: float, real: float, which: str) -> None:
    lat = zero if which != "lon" else real
    lon = zero if which != "lat" else real + 90
    for dialect, topic, value in positions(lat, lon):
        for one in read(dialect, topic, value):
            assert (one.lat, one.lon) == (None, None), dialect


@given(st.floats(min_value=90.01, max_value=180), anywhere)
def test_a_latitude_beyond_the_pole_is_no_place(lat: float, lon: float) -> None:
    for dialect, topic, value in positions(lat, lon):
        for one in read(dialect, topic, value):
            assert (one.lat, one.lon) == (None, None), dialect


@given(anywhere)
def test_a_place_is_read_in_every_dialect(lat: float) -> None:
    for dialect, topic, value in positions(lat, lat + 90):
        (one, *_) = read(dialect, topic, value)
        assert [one.lat, one.lon] == pytest.approx([lat, lat + 90]), dialect


@pytest.mark.parametrize(
    "failed",
    [
        {"fixFailed": True},
        {"gps_fix": False},
        {"gpsFix": 0},
        {"gps_status": "no fix"},
        {"positionValid": False},
        {"gnss_timeout": 1},
        {"satellites": 0},
        {"stale": True},
        {"position_age": 90_000},
    ],
)
def test_a_place_that_the_source_calls_failed_or_old_is_no_place(failed: dict[str, Any]) -> None:
    value = {"magnet_status": "open", "latitude": 32.7, "longitude": 128.8, **failed}
    context = Context(devices={"t": Device(id="t", role=Role.TRAP, model="milesight-at101")})
    (one, *_) = BY_NAME["lorawan_codec"].decode(message("t", value), context)
    assert (one.lat, one.lon) == (None, None)
    good = {name: value[name] for name in ("magnet_status", "latitude", "longitude")}
    (one, *_) = BY_NAME["lorawan_codec"].decode(message("t", good), context)
    assert (one.lat, one.lon) == (32.7, 128.8)


@pytest.mark.parametrize("name", ["lat", "lon"])
def test_one_coordinate_alone_is_no_place(name: str) -> None:
    alone = {"lat": "latitude", "lon": "longitude"}[name]
    value = chirpstack({"magnet_status": "open", alone: 32.7})
    (one,) = read("chirpstack", UP, value)
    assert (one.kind, one.lat, one.lon) == (Kind.SPRUNG, None, None)
