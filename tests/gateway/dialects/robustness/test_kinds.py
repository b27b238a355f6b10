"""What holds for every dialect at once: odd side fields, impossible figures and places, unread content."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dialects import Context
from gateway.dialects.payloads import figures
from gateway.dialects.table import BY_NAME
from gateway.domain.model import Device, Kind, MessageRefusedError, Reading, RefusalReason, Role
from tests.gateway.dialects.fixtures import (
    EUI,
    NATIVE,
    OBJECT,
    PACKET,
    TASMOTA,
    TTN_UP,
    UP,
    chirpstack,
    encode,
    message,
    tts,
)

ODD: tuple[Any, ...] = (
    *(None, [], {}, [1, {"a": None}], {"value": []}, "", "n/a", "strong", True, False),
    *(2**70, -1, 0, 1e300, -4.5, 4_294_967_295, [None], [[]], "1" * 300),
)
SPRUNG = {"magnet_status": "open", "battery": 90, "latitude": 32.7, "longitude": 128.8}
ZIGBEE = {"contact": False, "battery": 80, "voltage": 2990, "last_seen": "2026-11-23T04:00:00Z"}
MODEL = Context(devices={EUI: Device(id=EUI, role=Role.TRAP, model="milesight-ws301")}, site="goto")

# Per dialect: a message that says "sprung" or "seen", and the parts without which it says nothing.
# A part is named by its keys from the outside in; what lies inside a named part belongs to it.
Case = tuple[str, str, Any, tuple[tuple[str, ...], ...], Kind]
CASES: dict[str, Case] = {
    "chirpstack": ("chirpstack", UP, chirpstack(SPRUNG), (("object",),), Kind.SPRUNG),
    "tts": (
        "tts",
        TTN_UP,
        tts(SPRUNG),
        (
            *(("uplink_message",), ("uplink_message", "decoded_payload")),
            *(("end_device_ids",), ("end_device_ids", "dev_eui")),
        ),
        Kind.SPRUNG,
    ),
    "meshtastic": (
        "meshtastic",
        "msh/JP/2/json/traps/!a",
        {**PACKET, "type": "detection", "payload": {"text": "Hako detected"}},
        (("from",), ("type",), ("payload",)),
        Kind.SPRUNG,
    ),
    "frigate": (
        "frigate",
        "frigate/events",
        {"type": "new", "before": OBJECT, "after": {**OBJECT, "label": "boar", "sub_label": None}},
        (
            *(("after",), ("after", "id"), ("after", "camera"), ("after", "label")),
            *(("after", "false_positive"), ("after", "sub_label")),
        ),
        Kind.DETECTION,
    ),
    "zigbee2mqtt": ("zigbee2mqtt", "zigbee2mqtt/hako", ZIGBEE, (("contact",),), Kind.SPRUNG),
    "tasmota": ("tasmota", "tele/trap/SENSOR", TASMOTA, (("Switch1",),), Kind.SPRUNG),
    "native": (
        "native",
        "wildlife/v1/goto/trap-07/event",
        NATIVE,
        (("v",), ("kind",), ("id",)),
        Kind.SPRUNG,
    ),
}
BROKEN: tuple[Any, ...] = ([1], {"a": []}, 2**70)
NOT_NEEDED = ("false_positive", "sub_label", "dev_eui", "end_device_ids")  # others stand in
FIGURES = ("battery_pct", "battery_v", "rssi_dbm", "snr_db", "lat", "lon", "external_power")


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of each part of a JSON value."""
    if path:
        yield path
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, one in items:
        yield from _places(one, (*path, key))


def _with(value: Any, path: tuple[Any, ...], odd: Any) -> Any:
    """The value with `odd` at one place."""
    key, rest = path[0], path[1:]
    put = _with(value[key], rest, odd) if rest else odd
    if isinstance(value, dict):
        return {**value, key: put}
    return [*value[:key], put, *value[key + 1 :]]


def _is_core(path: tuple[Any, ...], core: tuple[tuple[str, ...], ...]) -> bool:
    return any(path == one or (path[: len(one)] == one and len(one) > 1) for one in core) or (
        path[:1] in core and path[0] in ("object", "payload")
    )


def _read(dialect: str, topic: str, value: Any, context: Context = MODEL) -> list[Reading]:
    return BY_NAME[dialect].decode(message(topic, encode(value)), context)


def _outcome(
    dialect: str, topic: str, value: Any
) -> tuple[list[Reading], MessageRefusedError | None]:
    try:
        return _read(dialect, topic, value), None
    except MessageRefusedError as refused:
        return [], refused


@pytest.mark.parametrize("name", CASES)
def test_an_odd_side_field_never_costs_the_event(name: str) -> None:
    dialect, topic, value, core, kind = CASES[name]
    (good, *_) = _read(dialect, topic, value)
    assert good.kind is kind
    places = [path for path in _places(value) if not _is_core(path, core)]
    assert len(places) >= 3 or name == "tasmota"
    for path in places:
        for odd in ODD:
            (reading, *_) = _read(dialect, topic, _with(value, path, odd))
            assert (reading.kind, reading.is_state) == (kind, good.is_state), (path, odd)
            assert reading.unread is None, (path, odd)
            for figure in FIGURES:
                told = getattr(reading, figure)
                assert told in (None, getattr(good, figure)) or _believable(figure, told)


RANGES = {
    "battery_pct": (0, 100),
    "battery_v": (0.1, 60),
    "rssi_dbm": (-200, 30),  # as the native protocol allows
    "snr_db": (-60, 60),
    "lat": (-90, 90),
    "lon": (-180, 180),
}


def _believable(figure: str, value: Any) -> bool:
    """Whether an odd field became a figure that can be true (-1 and false are figures too)."""
    if figure == "external_power":
        return isinstance(value, bool)
    low, high = RANGES[figure]
    return bool(low <= value <= high)


@pytest.mark.parametrize("name", CASES)
def test_an_odd_core_is_refused_by_name_or_leaves_the_state_unread(name: str) -> None:
    """A control: what a message cannot do without is never guessed."""
    dialect, topic, value, core, kind = CASES[name]
    for path in (one for one in core if one[-1] not in NOT_NEEDED):
        for odd in BROKEN:
            readings, refused = _outcome(dialect, topic, _with(value, path, odd))
            assert all(one.kind is not kind or one.unread for one in readings), (path, odd)
            if refused is not None:
                assert refused.reason in (
                    RefusalReason.MALFORMED,
                    RefusalReason.IRRELEVANT,
                    RefusalReason.VERSION,
                )
                assert "Expected" not in refused.detail.split()


impossible = st.one_of(
    st.floats(min_value=100.5, max_value=1e6),
    st.floats(max_value=-0.5, min_value=-1e6),
    st.sampled_from([255, 200, 180, 3012, 2**70, float("nan"), float("inf"), True, [90], {"v": 3}]),
)


def _batteries(figure: Any) -> list[tuple[str, str, Any]]:
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
    for dialect, topic, value in _batteries(figure):
        readings, refused = _outcome(dialect, topic, value)
        assert refused is None or refused.reason in (
            RefusalReason.IRRELEVANT,
            RefusalReason.MALFORMED,
        ), dialect
        for one in readings:
            assert (one.battery_pct, one.battery_v, one.external_power) == (None,) * 3, dialect


def test_a_charge_in_range_is_read_in_every_dialect() -> None:
    for dialect, topic, value in _batteries(64):
        assert 64 in [one.battery_pct for one in _read(dialect, topic, value)], dialect


@pytest.mark.parametrize(
    ("value", "unit", "said"),
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
def test_a_unit_that_is_told_is_obeyed(value: Any, unit: str, said: dict[str, Any]) -> None:
    assert figures.battery(value, unit) == said


@pytest.mark.parametrize("value", [24, "62", "62 %", 0, "-70%", 48.0, None, "weak"])
def test_a_percentage_is_no_dbm(value: Any) -> None:
    assert figures.rssi_dbm(value) is None


near_zero = st.floats(min_value=-0.009, max_value=0.009)
anywhere = st.floats(min_value=20, max_value=46)


def _positions(lat: Any, lon: Any) -> list[tuple[str, str, Any]]:
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
    for dialect, topic, value in _positions(lat, lon):
        for one in _read(dialect, topic, value):
            assert (one.lat, one.lon) == (None, None), dialect


@given(st.floats(min_value=90.01, max_value=180), anywhere)
def test_a_latitude_beyond_the_pole_is_no_place(lat: float, lon: float) -> None:
    for dialect, topic, value in _positions(lat, lon):
        for one in _read(dialect, topic, value):
            assert (one.lat, one.lon) == (None, None), dialect


@given(anywhere)
def test_a_place_is_read_in_every_dialect(lat: float) -> None:
    for dialect, topic, value in _positions(lat, lat + 90):
        (one, *_) = _read(dialect, topic, value)
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
    (one,) = _read("chirpstack", UP, value)
    assert (one.kind, one.lat, one.lon) == (Kind.SPRUNG, None, None)


@pytest.mark.parametrize(
    ("dialect", "topic", "value"),
    [
        ("zigbee2mqtt", "zigbee2mqtt/a", {"contact": True, "battery_low": True}),
        ("tasmota", "tele/b/SENSOR", {"ZbReceived": {"0x1": {"Contact": 0, "BatteryLow": 1}}}),
        ("chirpstack", UP, chirpstack({"magnet_status": "close", "lowBattery": "true"})),
        ("tts", TTN_UP, tts({"magnet_status": "close", "LOW_BAT": 1})),
        ("lorawan_codec", "t", {"magnet_status": "close", "battery_status": "low"}),
        ("lorawan_codec", "t", {"Device": "R311A", "OnOff": 0, "Volt": "2.3(low battery)"}),
        ("senml", "senml/a", [{"n": "a/battery_low", "vb": True}]),
        ("esphome", "node/binary_sensor/battery_low/state", "ON"),
        ("esphome", "node/binary_sensor/node_low_battery/state", "ON"),
    ],
)
def test_a_low_battery_flag_is_a_battery_word(dialect: str, topic: str, value: Any) -> None:
    (one, *_) = _read(dialect, topic, value)
    assert one.battery_low is True
    assert one.kind in (Kind.SET, Kind.HEARTBEAT)


@pytest.mark.parametrize(
    ("dialect", "topic"),
    [
        ("zigbee2mqtt", "zigbee2mqtt/a"),
        ("zigbee2mqtt", "zigbee2mqtt/a/availability"),
        ("chirpstack", UP),
        ("tasmota", "tele/a/LWT"),
        ("esphome", "node/binary_sensor/door/state"),
        ("esphome", "node/status"),
        ("frigate", "frigate/available"),
        ("ha_discovery", "homeassistant/sensor/a/config"),
        ("senml", "senml/a"),
    ],
)
def test_an_empty_message_clears_a_topic_and_is_no_damage(dialect: str, topic: str) -> None:
    for payload in (b"", b" \n"):
        with pytest.raises(MessageRefusedError) as refused:
            BY_NAME[dialect].decode(message(topic, payload), Context())
        assert refused.value.reason is RefusalReason.IRRELEVANT
        assert "malformed" not in str(refused.value)


@pytest.mark.parametrize("name", sorted(set(BY_NAME) - {"ha_discovery"}))
def test_a_refusal_says_in_both_languages_what_to_do(name: str) -> None:
    topic = {
        **{c[0]: c[1] for c in CASES.values()},
        "lorawan_codec": "t",
        "senml": "senml/a",
        "esphome": "node/binary_sensor/door/state",
    }[name]
    for payload in (b'{"a"', b"\xff\xfe", json.dumps([1]).encode()):
        with pytest.raises(MessageRefusedError) as refused:
            BY_NAME[name].decode(message(topic, payload), Context())
        detail = refused.value.detail
        assert " / " in detail, detail
        assert any(ord(letter) > 0x3000 for letter in detail), detail
        assert not {"Expected", "msgspec", "$"} & set(detail.split()), detail
