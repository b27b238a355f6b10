"""Meshtastic: packets of a mesh, bytes in, readings out."""

from typing import Any

import pytest

from gateway.dialects import Context
from gateway.domain.model import Kind, MessageRefusedError, Reading, RefusalReason, Role, TimeSource
from tests.gateway.dialects.asking import EMPTY, read, reason, registered
from tests.gateway.dialects.fixtures import PACKET

MESH = "msh/JP/2/json/traps/!aabbccdd"
NODE = "!a1b2c3d4"


def _mesh(text: Any, context: Context = EMPTY, **more: Any) -> Reading:
    packet = {**PACKET, "type": "detection", "payload": {"text": text}, **more}
    (reading,) = read("meshtastic", MESH, packet, context)
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
    assert _mesh("Motion detected", registered(NODE)).kind is Kind.SPRUNG
    assert _mesh("Hako detected", registered(NODE, Role.DETECTOR)).kind is Kind.DETECTION
    assert _mesh("Hako state: 1", registered(NODE, inverted=True)).kind is Kind.SET


def test_a_packet_repeated_by_several_gateways_is_one() -> None:
    ids = {_mesh("Hako detected", sender=f"!{number:08x}").id for number in range(3)}
    assert ids == {f"{NODE}:5"}


def test_a_node_without_a_clock_has_no_time() -> None:
    reading = _mesh("Hako detected", timestamp=0)
    assert (reading.device_time, reading.time_source) == (None, TimeSource.NONE)


def test_battery_level_101_is_external_power() -> None:
    packet = {**PACKET, "type": "telemetry", "payload": {"battery_level": 101, "voltage": 4.3}}
    (reading,) = read("meshtastic", MESH, packet)
    assert (reading.external_power, reading.battery_pct, reading.battery_v) == (True, None, 4.3)


@pytest.mark.parametrize("payload", [5, [1, 2], "words", None, {"temperature": 3}])
def test_any_other_packet_is_a_sign_of_life(payload: object) -> None:
    (reading,) = read("meshtastic", MESH, {**PACKET, "type": "", "payload": payload})
    assert (reading.kind, reading.rssi_dbm) == (Kind.HEARTBEAT, -90)


def test_a_packet_from_nobody_is_malformed() -> None:
    assert reason("meshtastic", MESH, {"from": -1}) is RefusalReason.MALFORMED
    assert reason("meshtastic", MESH, {"type": "text"}) is RefusalReason.MALFORMED
    strange = {**PACKET, "type": "detection", "payload": {"text": "hello"}}
    assert reason("meshtastic", MESH, strange) is RefusalReason.MALFORMED


@pytest.mark.parametrize(
    "text",
    [
        "Hako detected\a",
        "\aHako detected",
        "Hako detected \a\r\n ",
        "Hako detected!",
        "Hako detected 🔔",
        "Hako state: 1\x07",
        "Hako state: 1\u200b\n",
    ],
)
def test_a_decoration_never_costs_the_alarm(text: str) -> None:
    reading = _mesh(text)
    assert (reading.kind, reading.input) == (Kind.SPRUNG, "Hako")


@pytest.mark.parametrize("text", ["Hako state: 10", "Hako opened", "", None, 5])
def test_a_text_that_is_no_alarm_is_refused_and_leaves_the_state_unread(text: Any) -> None:
    with pytest.raises(MessageRefusedError, match="detected") as refused:
        _mesh(text)
    assert (refused.value.unread, refused.value.device) == (True, NODE)


def test_a_number_with_a_sign_is_the_same_node_and_packet() -> None:
    signed: dict[str, Any] = {"from": 0xA1B2C3D4 - 2**32, "id": -1}
    reading = _mesh("Hako detected", **signed)
    assert (reading.device, reading.id) == (NODE, f"{NODE}:4294967295")
    for odd in (0.5, float(2**40), -(2.0**40)):
        assert reason("meshtastic", MESH, {**PACKET, "from": odd}) is RefusalReason.MALFORMED
    (same,) = read("meshtastic", MESH, {**PACKET, "from": float(0xA1B2C3D4)})
    assert same.device == NODE


@pytest.mark.parametrize("level", [102, 200, 255, -1, 2**32 - 1, "101", 101.5])
def test_only_this_firmwares_own_word_is_external_power(level: Any) -> None:
    packet = {**PACKET, "type": "telemetry", "payload": {"battery_level": level, "voltage": 3.9}}
    (reading,) = read("meshtastic", MESH, packet)
    assert (reading.external_power, reading.battery_pct, reading.battery_v) == (None, None, 3.9)


def test_a_place_blurred_for_privacy_says_how_exact_it_is() -> None:
    place = {"latitude_i": 327_000_000, "longitude_i": 1_288_000_000, "precision_bits": 16}
    (reading,) = read("meshtastic", MESH, {**PACKET, "type": "position", "payload": place})
    assert reading.accuracy_m == pytest.approx(364.8, abs=1)
