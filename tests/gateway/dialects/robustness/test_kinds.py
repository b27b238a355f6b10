"""What holds for every dialect at once: odd side fields, impossible figures and places, unread content."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.dialects import Context
from gateway.dialects.table import BY_NAME
from gateway.domain.model import Kind, MessageRefusedError, Reading, RefusalReason
from tests.gateway.dialects.fixtures import (
    TTN_UP,
    UP,
    chirpstack,
    message,
    tts,
)
from tests.gateway.dialects.robustness.cases import CASES, read, with_part

ODD: tuple[Any, ...] = (
    *(None, [], {}, [1, {"a": None}], {"value": []}, "", "n/a", "strong", True, False),
    *(2**70, -1, 0, 1e300, -4.5, 4_294_967_295, [None], [[]], "1" * 300),
)
BROKEN: tuple[Any, ...] = ([1], {"a": []}, 2**70)
NOT_NEEDED = ("false_positive", "sub_label", "dev_eui", "end_device_ids")  # others stand in
FIGURES = ("battery_pct", "battery_v", "rssi_dbm", "snr_db", "lat", "lon", "external_power")


def places_of(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
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
        yield from places_of(one, (*path, key))


def is_core(path: tuple[Any, ...], core: tuple[tuple[str, ...], ...]) -> bool:
    return any(path == one or (path[: len(one)] == one and len(one) > 1) for one in core) or (
        path[:1] in core and path[0] in ("object", "payload")
    )


def outcome(
    dialect: str, topic: str, value: Any
) -> tuple[list[Reading], MessageRefusedError | None]:
    try:
        return read(dialect, topic, value), None
    except MessageRefusedError as refused:
        return [], refused


@pytest.mark.parametrize("name", CASES)
def test_an_odd_side_field_never_costs_the_event(name: str) -> None:
    dialect, topic, value, core, kind = CASES[name]
    (good, *_) = read(dialect, topic, value)
    assert good.kind is kind
    places = [path for path in places_of(value) if not is_core(path, core)]
    assert len(places) >= 3 or name == "tasmota"
    for path in places:
        for odd in ODD:
            (reading, *_) = read(dialect, topic, with_part(value, path, odd))
            assert (reading.kind, reading.is_state) == (kind, good.is_state), (path, odd)
            assert reading.unread is None, (path, odd)
            for figure in FIGURES:
                found = getattr(reading, figure)
                assert found in (None, getattr(good, figure)) or is_believable(figure, found)


RANGES = {
    "battery_pct": (0, 100),
    "battery_v": (0.1, 60),
    "rssi_dbm": (-200, 30),  # as the native protocol allows
    "snr_db": (-60, 60),
    "lat": (-90, 90),
    "lon": (-180, 180),
}


def is_believable(figure: str, value: Any) -> bool:
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
            readings, refused = outcome(dialect, topic, with_part(value, path, odd))
            assert all(one.kind is not kind or one.unread for one in readings), (path, odd)
            if refused is not None:
                assert refused.reason in (
                    RefusalReason.MALFORMED,
                    RefusalReason.IRRELEVANT,
                    RefusalReason.VERSION,
                )
                assert "Expected" not in refused.detail.split()


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
    (one, *_) = read(dialect, topic, value)
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
        assert any(ord(notification) > 0x3000 for notification in detail), detail
        assert not {"Expected", "msgspec", "$"} & set(detail.split()), detail
