"""SenML packs and Home Assistant's declarations, bytes in, readings out."""

from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.domain.model import Kind, MessageRefusedError, RefusalReason
from tests.gateway.dialects.asking import kinds_read, read, reason
from tests.gateway.dialects.fixtures import NOW


def test_base_values_hold_and_records_of_one_time_are_one_object() -> None:
    pack = [
        {"bn": "trap7:", "bt": 1_795_000_000, "n": "open", "vb": True},
        {"n": "battery", "u": "%EL", "v": 81},
        {"n": "open", "t": 60, "vb": False},
    ]
    first, second = read("senml", "senml/x", pack)
    assert (first.device, first.kind, first.battery_pct) == ("trap7", Kind.SPRUNG, 81)
    assert second.kind is Kind.SET
    assert second.device_time == datetime.fromtimestamp(1_795_000_060, UTC)


def test_a_small_time_counts_from_now() -> None:
    (reading,) = read("senml", "senml/x", [{"n": "t7/open", "vb": True, "t": -5}])
    assert reading.device_time
    assert (NOW - reading.device_time).total_seconds() == 5


def test_ipso_paths_are_read_by_their_object() -> None:
    pack = [{"n": "urn:dev:1/3302/0/5500", "vb": True}]
    assert kinds_read("senml", "senml/x", pack) == [("urn:dev:1", Kind.DETECTION)]


@pytest.mark.parametrize("pack", [[], {}, [{"v": 1}], [{"n": "a/open"}] * 600, [5]])
def test_a_pack_that_is_none_is_malformed(pack: Any) -> None:
    assert reason("senml", "senml/x", pack) is RefusalReason.MALFORMED


def test_a_declaration_is_the_same_however_often_it_is_repeated() -> None:
    topic, body = "homeassistant/sensor/a/config", {"device": {"identifiers": ["zb_1"]}}
    (first,), (second,) = read("ha_discovery", topic, body), read("ha_discovery", topic, body)
    assert (first.device, first.kind, first.id) == ("zb_1", Kind.JOIN, second.id)


def test_a_withdrawn_declaration_is_irrelevant() -> None:
    assert reason("ha_discovery", "homeassistant/sensor/a/config", b"") is RefusalReason.IRRELEVANT


@pytest.mark.parametrize(
    ("pack", "kind"),
    [
        ([{"bn": "a/", "bv": 1}, {"n": "door", "v": 0}], Kind.SPRUNG),
        ([{"bn": "a/", "bv": -1}, {"n": "door", "v": 1}], Kind.SET),
        ([{"bn": "a/", "bv": 1, "n": "door", "vb": False}], Kind.SET),
        ([{"bn": "a/", "n": "door", "vs": "open"}], Kind.SPRUNG),
        ([{"bn": "a/", "bver": 10, "n": "door", "vb": True}], Kind.SPRUNG),
        ([{"bn": "a/", "bver": 5, "n": "door", "v": 1}], Kind.SPRUNG),
    ],
)
def test_base_values_texts_and_booleans_say_what_the_standard_says(pack: Any, kind: Kind) -> None:
    assert [said_kind for _, said_kind in kinds_read("senml", "senml/x", pack)] == [kind]


@pytest.mark.parametrize("more", [{"bver": 11}, {"bver": "new"}, {"scale_": 2}, {"x_": None}])
def test_a_pack_of_which_a_part_may_change_the_meaning_counts_not_at_all(more: Any) -> None:
    good = {"bn": "a/", "n": "door", "vb": True}
    for pack in ([{**good, **more}], [good, {"n": "battery", "v": 3, **more}]):
        assert reason("senml", "senml/x", pack) is RefusalReason.VERSION


@pytest.mark.parametrize("odd", ["five", [], {}, True])
def test_an_odd_base_value_is_refused_by_name(odd: Any) -> None:
    with pytest.raises(MessageRefusedError, match="bv"):
        read("senml", "senml/x", [{"bn": "a/", "bv": odd}, {"n": "door", "v": 0}])


@pytest.mark.parametrize(
    ("record", "pct", "volts"),
    [
        ({"n": "battery", "u": "V", "v": 3.01}, None, 3.01),
        ({"n": "battery", "u": "mV", "v": 3010}, None, 3.01),
        ({"n": "battery", "u": "%EL", "v": 81}, 81, None),
        ({"n": "battery", "u": "/", "v": 0.81}, 81, None),
        ({"n": "battery", "u": "Cel", "v": 21}, None, None),
        ({"n": "battery", "v": 3.01}, None, None),
        ({"n": "battery", "v": 81}, 81, None),
        ({"n": "battery_voltage", "u": "%EL", "v": 81}, 81, None),
    ],
)
def test_the_unit_of_a_battery_is_obeyed(record: Any, pct: Any, volts: Any) -> None:
    (reading,) = read("senml", "senml/x", [{"bn": "a/", **record}])
    assert reading.battery_pct == (None if pct is None else pytest.approx(pct))
    assert reading.battery_v == (None if volts is None else pytest.approx(volts))


def test_a_state_that_is_neither_leaves_the_device_unread() -> None:
    with pytest.raises(MessageRefusedError, match="door") as refused:
        read("senml", "senml/x", [{"bn": "a/", "n": "door", "v": [1]}])
    assert refused.value.unread


def test_abbreviations_of_discovery_are_read() -> None:
    topic = "homeassistant/device/hako/config"
    body = {"dev": {"ids": "hako-1"}, "o": {"name": "x"}, "cmps": {"a": {"p": "binary_sensor"}}}
    assert kinds_read("ha_discovery", topic, body) == [("hako-1", Kind.JOIN)]
    ours = {**body, "o": {"name": "Shishigaki", "sw": "1"}}
    assert reason("ha_discovery", topic, ours) is RefusalReason.IRRELEVANT
