"""The native protocol: bytes in, readings out."""

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.dialects import Context, native_protocol
from gateway.dialects.native import decode
from gateway.dialects.payloads.bounds import MAX_BYTES
from gateway.domain.model import (
    Device,
    Kind,
    Message,
    MessageRefusedError,
    Reading,
    RefusalReason,
    Role,
    Standing,
    TimeSource,
)

NOW = datetime(2026, 11, 23, 4, 5, 6, tzinfo=UTC)
EVENT = {
    "v": 1,
    "id": "01JD0000000000000000000001",
    "boot": 7,
    "seq": 1234,
    "kind": "detection",
    "ts": "2026-11-23T04:05:06.123Z",
    "ts_src": "gps",
    "uptime_ms": 88123,
    "species": "イノシシ",
    "count": 2,
    "confidence": 0.91,
    "media": None,
    "battery": {"v": 3.01, "pct": 71, "ext": False},
    "link": {"rssi_dbm": -105, "snr_db": 6.5},
    "loc": {"lat": 32.69, "lon": 128.84, "acc_m": 8},
}


def _message(channel: str, payload: dict[str, Any] | bytes, device: str = "cam-01") -> Message:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return Message(topic=f"wildlife/v1/goto/{device}/{channel}", payload=body, received_at=NOW)


def _one(channel: str, payload: dict[str, Any] | bytes, site: str = "goto") -> Reading:
    (reading,) = decode(_message(channel, payload), Context(site=site))
    return reading


def _reason(channel: str, payload: dict[str, Any] | bytes) -> RefusalReason:
    with pytest.raises(MessageRefusedError) as refused:
        decode(_message(channel, payload), Context(site="goto"))
    return refused.value.reason


def test_a_whole_event_keeps_every_fact() -> None:
    assert _one("event", EVENT) == Reading(
        id="01JD0000000000000000000001",
        confirm_to="shishigaki/v1/goto/cam-01/confirm",
        device="cam-01",
        kind=Kind.DETECTION,
        device_time=datetime(2026, 11, 23, 4, 5, 6, 123_000, tzinfo=UTC),
        time_source=TimeSource.GPS,
        boot=7,
        seq=1234,
        uptime_ms=88123,
        species="boar",
        count=2,
        confidence=0.91,
        battery_v=3.01,
        battery_pct=71,
        external_power=False,
        rssi_dbm=-105,
        snr_db=6.5,
        lat=32.69,
        lon=128.84,
        accuracy_m=8,
    )


def test_a_device_of_another_site_is_refused_unless_it_is_registered_here() -> None:
    for standing in (None, Standing.PENDING, Standing.REVOKED):
        there = Device(id="goto/cam-01", role=Role.DETECTOR, standing=standing or Standing.PENDING)
        known = {there.id: there} if standing else {}
        with pytest.raises(MessageRefusedError, match="this gateway is 'hub'") as refused:
            decode(_message("event", EVENT), Context(known, site="hub"))
        assert refused.value.reason is RefusalReason.SITE
    registered = {"goto/cam-01": Device(id="goto/cam-01", role=Role.DETECTOR)}
    [found] = decode(_message("event", EVENT), Context(registered, site="hub"))
    assert found.device == "goto/cam-01"
    assert _one("event", EVENT, site="").device == "cam-01"


def test_without_an_id_boot_and_seq_make_one() -> None:
    assert _one("event", {**EVENT, "id": None}).id == "cam-01:7:1234"


def test_without_any_number_the_same_message_makes_the_same_id() -> None:
    bare = {"v": 1, "kind": "trap.sprung", "ts": "2026-11-23T04:05:06Z"}
    assert _one("event", bare).id == _one("event", bare).id
    assert _one("event", bare).id != _one("event", {**bare, "ts": "2026-11-23T04:05:07Z"}).id


@pytest.mark.parametrize(
    "ts",
    [
        "2026-11-23T04:05:06",  # naive
        "1970-01-01T00:00:12Z",
        "2120-01-01T00:00:00Z",
        "2026-13-41T99:99:99Z",
        "yesterday",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2" * 90,
        True,
        {"a": 1},
        1e300,
    ],
)
def test_a_naive_or_impossible_time_is_no_time(ts: object) -> None:
    reading = _one("event", {**EVENT, "ts": ts})
    assert reading.device_time is None
    assert reading.time_source is TimeSource.NONE


def test_unknown_keys_are_passed_over() -> None:
    assert _one("event", {**EVENT, "colour": "brown", "nested": [[{}]]}) == _one("event", EVENT)


@pytest.mark.parametrize("v", [2, 0, "1", 1.5, True, [1]])
def test_an_unknown_version_is_quarantined_as_such(v: object) -> None:
    assert _reason("event", {**EVENT, "v": v}) is RefusalReason.VERSION


@pytest.mark.parametrize(
    "broken",
    [
        {"battery": {"v": -4}},
        {"battery": "full"},
        {"link": {"rssi_dbm": 999}},
        {"loc": {"lat": 200, "lon": 0}},
        {"count": 0},
        {"confidence": 7},
        {"species": 5},
        {"boot": -1},
        {"uptime_ms": "long"},
        {"ts_src": "sundial"},
    ],
)
def test_a_broken_fact_never_costs_the_event(broken: dict[str, Any]) -> None:
    reading = _one("event", {**EVENT, "kind": "trap.sprung", **broken})
    assert (reading.kind, reading.id, reading.seq) == (Kind.SPRUNG, EVENT["id"], 1234)
    (name,) = broken
    assert reading.battery_v == (None if name == "battery" else 3.01)


@pytest.mark.parametrize(
    ("channel", "payload"),
    [
        ("event", b""),
        ("event", b"online"),
        ("event", b"[]"),
        ("event", b"\xff\xfe"),
        ("event", b"[" * 100_000),
        ("event", {"kind": "detection"}),
        ("event", {"v": 1}),
        ("event", {**EVENT, "kind": "heartbeat"}),
        ("event", {**EVENT, "kind": "party"}),
        ("event", {**EVENT, "id": ""}),
        ("telemetry", {**EVENT, "kind": "trap.sprung"}),
        ("status", b"asleep"),
        ("meta", b"{"),
        ("meta", {"v": 1, "id": 5}),
    ],
)
def test_what_the_protocol_does_not_allow_is_malformed(
    channel: str, payload: dict[str, Any] | bytes
) -> None:
    assert _reason(channel, payload) is RefusalReason.MALFORMED


def test_a_payload_beyond_the_bound_is_too_large() -> None:
    assert _reason("event", b" " * (MAX_BYTES + 1)) is RefusalReason.TOO_LARGE


@pytest.mark.parametrize(
    "topic",
    [
        "wildlife/v1/goto/cam-01",
        "wildlife/v2/goto/cam-01/event",
        "wildlife/v1/goto/Cam_01/event",
        "wildlife/v1/goto//event",
        "wildlife/v1/goto/cam-01/confirm",
        f"wildlife/v1/goto/{'x' * 33}/event",
        "shishigaki/v1/goto/cam-01/event",
        "wildlife/v1/goto/cam-01\n/event",
    ],
)
def test_a_topic_outside_the_protocol_is_refused(topic: str) -> None:
    with pytest.raises(MessageRefusedError) as refused:
        decode(Message(topic=topic, payload=b"{}", received_at=NOW), Context())
    assert refused.value.reason is RefusalReason.TOPIC


def test_telemetry_is_a_heartbeat_without_saying_so() -> None:
    reading = _one("telemetry", {"v": 1, "id": "a", "battery": {"pct": 50}})
    assert (reading.kind, reading.battery_pct) == (Kind.HEARTBEAT, 50)


@pytest.mark.parametrize("payload", [b"online", b' "Online"\n', b'{"v":1,"kind":"online"}'])
def test_a_birth_may_be_a_word_or_an_object(payload: bytes) -> None:
    assert _one("status", payload).kind is Kind.ONLINE


def test_a_last_will_is_offline() -> None:
    assert _one("status", b"offline").kind is Kind.OFFLINE


def test_meta_declares_model_and_heartbeat() -> None:
    reading = _one("meta", {"v": 1, "model": "M1", "heartbeat_s": 3600, "firmware": "1.2"})
    assert (reading.kind, reading.model, reading.heartbeat_s) == (Kind.JOIN, "M1", 3600)


@pytest.mark.parametrize("seq", [-1, 2**80, "12", None, [1]])
def test_a_counter_that_is_none_never_costs_the_event(seq: object) -> None:
    reading = _one("event", {**EVENT, "seq": seq})
    assert (reading.kind, reading.seq) == (Kind.DETECTION, None)


def test_a_devices_own_description_is_used_without_its_odd_fields() -> None:
    reading = _one("meta", {"v": 1, "model": "M1", "heartbeat_s": 0})
    assert (reading.kind, reading.model, reading.heartbeat_s) == (Kind.JOIN, "M1", None)


def test_nothing_seen_is_no_sighting() -> None:
    for facts in (
        {"count": 0},
        {"count": None, "species": "empty"},
        {"count": None, "species": "no_boar"},
    ):
        reading = _one("event", {**EVENT, "kind": "detection", **facts})
        assert (reading.kind, reading.count, reading.species) == (Kind.HEARTBEAT, None, None)
    counted = _one("event", {**EVENT, "kind": "detection", "count": 2, "species": "empty"})
    assert (counted.kind, counted.count, counted.species) == (Kind.DETECTION, 2, "unknown")


@pytest.mark.parametrize("channel", ["status", "meta"])
def test_an_empty_retained_message_clears_a_topic_and_is_no_damage(channel: str) -> None:
    assert _reason(channel, b"") is RefusalReason.IRRELEVANT


@pytest.mark.parametrize(
    ("channel", "kind"), [("event", "trap.sprung"), ("telemetry", "heartbeat")]
)
def test_what_a_broker_kept_of_events_is_refused_and_live_ones_count(
    channel: str, kind: str
) -> None:
    live = _message(channel, {**EVENT, "kind": kind})
    assert decode(live, Context(site="goto"))
    with pytest.raises(MessageRefusedError) as refused:
        decode(replace(live, retain=True), Context(site="goto"))
    assert refused.value.reason is RefusalReason.MEMORY


def test_a_detection_of_no_species_is_of_an_unknown_one() -> None:
    assert _one("event", {**EVENT, "species": None}).species == "unknown"
    assert _one("event", {**EVENT, "species": "kangaroo"}).species == "unknown"


def test_the_gateway_publishes_only_under_its_own_root() -> None:
    assert native_protocol.encode_confirm(["a", "b"]) == b'{"v":1,"ids":["a","b"]}'
    assert native_protocol.confirm_topic("goto", "t-1") == "shishigaki/v1/goto/t-1/confirm"


def test_every_prefix_of_an_event_is_refused() -> None:
    body = json.dumps(EVENT).encode()
    for end in range(len(body)):
        assert _reason("event", body[:end]) is RefusalReason.MALFORMED


@given(st.binary(max_size=200), st.sampled_from(native_protocol.CHANNELS))
def test_any_bytes_are_read_or_refused(payload: bytes, channel: str) -> None:
    with contextlib.suppress(MessageRefusedError):
        assert decode(_message(channel, payload), Context())
