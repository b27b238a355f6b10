"""Whatever the bytes: readings or Refused, quickly, and nothing is lost in between."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dialects import Context
from gateway.dialects.table import BY_NAME, TABLE
from gateway.domain.model import Message, Reading
from tests.gateway.dialects.fixtures import FIXTURES, NOW, all_messages, encode
from tests.gateway.dialects.robustness.broken import (
    CONTEXTS,
    REGISTERED,
    TIMES,
    WIDE,
    deep,
    is_slow,
    spoilt,
    took,
    usual_s,
)
from tests.gateway.dialects.samples import SAMPLES

MEGABYTE = 1_048_576


def _bombard(sent: int, seed: int) -> tuple[Counter[str], list[Message]]:
    """Decode `sent` generated payloads; returns what became of them and those that are slow."""
    rng = random.Random(seed)
    became: Counter[str] = Counter()
    slow = list[Message]()
    seeds = [
        (BY_NAME[name], topic, value) for name, rows in FIXTURES.items() for topic, value in rows
    ]
    for _ in range(sent):
        row, topic, value = rng.choice(seeds)
        if rng.random() < 0.05:
            topic = rng.choice(seeds)[1]
        message = Message(topic=topic, payload=spoilt(rng, value), received_at=NOW)
        context = rng.choice(CONTEXTS)
        outcome, seconds = took(row.decode, message, context)
        became[outcome] += 1
        if seconds > usual_s() and is_slow(row.decode, message, context):
            slow.append(message)
    return became, slow


def _check(sent: int, seed: int) -> None:
    became, slow = _bombard(sent, seed)
    assert became["accepted"] + became["refused"] == sent
    assert min(became["accepted"], became["refused"]) > sent // 20
    assert slow == []


def test_twenty_thousand_broken_payloads_are_read_or_refused_in_a_few_milliseconds_each() -> None:
    _check(20_000, seed=4)


@pytest.mark.long
def test_a_million_broken_payloads_are_read_or_refused_in_a_few_milliseconds_each() -> None:
    _check(1_000_000, seed=44)


def test_control_a_decoder_that_reads_twice_too_much_is_slow() -> None:
    def patient(message: Message, context: Context) -> list[Reading]:
        for _ in range(2 * TIMES):
            json.loads(WIDE)
        return BY_NAME["senml"].decode(message, context)

    assert is_slow(patient, Message("x", b"[]", NOW), REGISTERED)


@pytest.mark.parametrize("name", [row.name for row in TABLE])
@pytest.mark.parametrize(
    "payload",
    [
        b"x" * MEGABYTE,
        b"[" * MEGABYTE,
        b'{"a":' * (MEGABYTE // 5),
        b'"' + b"\xe3\x82\xa4" * (MEGABYTE // 3) + b'"',
        WIDE,
        b"{" + b",".join(b'"k%d":1' % n for n in range(10_000)) + b"}",
        deep(60_000, "list"),
        deep(20_000, "object"),
        b"9" * 100_000,
        b"1" + b"0" * 100_000 + b".5e99999",
        b"[" + b",".join([b"1e308"] * 21_000) + b"]",
    ],
    ids=[
        "1MB",
        "1MB[",
        "1MB{",
        "1MButf8",
        "wide-list",
        "wide-object",
        "deep",
        "deep{",
        "huge",
        "exp",
        "1e308",
    ],
)
def test_large_deep_and_wide_payloads_are_quick(name: str, payload: bytes) -> None:
    for topic, _ in FIXTURES[name]:
        message = Message(topic=topic, payload=payload, received_at=NOW)
        outcome, _ = took(BY_NAME[name].decode, message, CONTEXTS[0])
        assert outcome in {"accepted", "refused"}
        assert not is_slow(BY_NAME[name].decode, message, CONTEXTS[0])


def test_a_wide_object_inside_an_envelope_is_quick() -> None:
    wide = {f"k{n}": {"value": n} for n in range(4_000)} | {"history": [{"timestamp": 1}] * 2_000}
    for name, topic, body in (
        (
            "chirpstack",
            FIXTURES["chirpstack"][0][0],
            {"deviceInfo": {"devEui": "a"}, "object": wide},
        ),
        ("lorawan_codec", "x", wide),
        ("zigbee2mqtt", "zigbee2mqtt/x", wide),
    ):
        message = Message(topic=topic, payload=encode(body), received_at=NOW)
        assert not is_slow(BY_NAME[name].decode, message, CONTEXTS[0])


def _everywhere(value: Any) -> Iterator[Any]:
    """The value with a mark in place of each of its parts in turn."""
    yield "@@"
    if isinstance(value, dict):
        for key, one in value.items():
            yield from ({**value, key: marked} for marked in _everywhere(one))
    elif isinstance(value, list):
        for at, one in enumerate(value):
            yield from ([*value[:at], marked, *value[at + 1 :]] for marked in _everywhere(one))


def test_depth_is_no_way_around_the_parser() -> None:
    """Just below the depth at which parsing gives up, showing a value may not give up instead."""
    places = (
        ("native", "wildlife/v1/goto/t/event", b'{"v":@@,"kind":"tamper","ts":@@}'),
        ("native", "wildlife/v1/goto/t/event", b'{"v":1,"kind":"tamper","ts":@@}'),
        ("lorawan_codec", "t", b'{"Device":@@,"type":@@,"magnet_status":@@,"timestamp":@@}'),
        ("lorawan_codec", "t", b'{"history":[{"timestamp":@@,"magnet_status":"open"}]}'),
        ("zigbee2mqtt", "zigbee2mqtt/bridge/event", b'{"type":@@,"data":{}}'),
        ("zigbee2mqtt", "zigbee2mqtt/a", b'{"action":@@,"contact":@@,"last_seen":@@}'),
    )
    for name, topic, body in places:
        for depth in range(780, 1_000):
            payload = body.replace(b"@@", deep(depth, "list"))
            message = Message(topic=topic, payload=payload, received_at=NOW)
            assert took(BY_NAME[name].decode, message, CONTEXTS[0])[0] in ("accepted", "refused")


@pytest.mark.parametrize(
    "raw",
    [
        deep(400, "list"),
        deep(900, "list"),
        deep(990, "object"),
        b"9" * 5_000,
        b"9" * 25,
        b"-1e400",
    ],
    ids=["deep400", "deep900", "deep990", "huge", "beyond64", "exponent"],
)
@pytest.mark.parametrize("context", CONTEXTS, ids=["assume", "registered", "empty"])
def test_deep_and_huge_values_in_every_place_are_read_or_refused(
    raw: bytes, context: Context
) -> None:
    for name, rows in FIXTURES.items():
        for topic, value in rows:
            for marked in _everywhere(value):
                payload = json.dumps(marked).encode().replace(b'"@@"', raw)
                message = Message(topic=topic, payload=payload, received_at=NOW)
                assert took(BY_NAME[name].decode, message, context)[0] in ("accepted", "refused")


@pytest.mark.parametrize("context", CONTEXTS, ids=["assume", "registered", "empty"])
def test_every_prefix_of_every_fixture_is_read_or_refused(context: Context) -> None:
    for name, message in all_messages():
        for end in range(len(message.payload)):
            cut = Message(topic=message.topic, payload=message.payload[:end], received_at=NOW)
            assert took(BY_NAME[name].decode, cut, context)[0] in ("accepted", "refused")


def test_every_fixture_is_read() -> None:
    for name, message in all_messages():
        assert BY_NAME[name].decode(message, CONTEXTS[0]), name


@pytest.mark.skipif(not SAMPLES.exists(), reason="../shared/samples is not there")
def test_every_prefix_of_every_sample_is_read_or_refused() -> None:
    for path in sorted(SAMPLES.rglob("*.json")):
        row = BY_NAME.get(path.parent.name, BY_NAME["tts"])
        topic = FIXTURES[row.name][0][0]
        payload = path.read_bytes()
        for end in range(len(payload)):
            cut = Message(topic=topic, payload=payload[:end], received_at=NOW)
            assert took(row.decode, cut, CONTEXTS[0])[0] in ("accepted", "refused")


@given(
    st.sampled_from(TABLE),
    st.text(max_size=60) | st.sampled_from([t for rows in FIXTURES.values() for t, _ in rows]),
    st.binary(max_size=300),
    st.sampled_from(CONTEXTS),
)
def test_any_bytes_on_any_topic_are_read_or_refused(
    row: Any, topic: str, payload: bytes, context: Context
) -> None:
    message = Message(topic=topic, payload=payload, received_at=NOW)
    assert took(row.decode, message, context)[0] in ("accepted", "refused")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=5)
    ),
    max_leaves=20,
)


@given(st.sampled_from(TABLE), st.data(), json_values)
def test_any_json_in_any_place_is_read_or_refused(
    row: Any, data: st.DataObject, value: Any
) -> None:
    topic, good = data.draw(st.sampled_from(FIXTURES[row.name]))
    body = value
    if isinstance(good, dict):
        body = {**good, data.draw(st.sampled_from(sorted(good))): value}
    message = Message(topic=topic, payload=json.dumps(body).encode(), received_at=NOW)
    assert took(row.decode, message, CONTEXTS[0])[0] in ("accepted", "refused")


def test_readings_do_not_depend_on_when_they_are_decoded() -> None:
    later = datetime(2027, 1, 1, tzinfo=UTC)
    topic, value = FIXTURES["chirpstack"][0]
    payload = encode(value)
    one, two = (
        BY_NAME["chirpstack"].decode(
            Message(topic=topic, payload=payload, received_at=at), REGISTERED
        )
        for at in (NOW, later)
    )
    assert one == two
