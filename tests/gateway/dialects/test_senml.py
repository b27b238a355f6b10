"""SenML packs and Home Assistant's declarations, bytes in, readings out."""

from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.domain.model import Kind, Reason
from tests.gateway.dialects.asking import read, reason, said
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
    assert said("senml", "senml/x", pack) == [("urn:dev:1", Kind.DETECTION)]


@pytest.mark.parametrize("pack", [[], {}, [{"v": 1}], [{"n": "a/open"}] * 600, [5]])
def test_a_pack_that_is_none_is_malformed(pack: Any) -> None:
    assert reason("senml", "senml/x", pack) is Reason.MALFORMED


def test_a_declaration_is_the_same_however_often_it_is_repeated() -> None:
    topic, body = "homeassistant/sensor/a/config", {"device": {"identifiers": ["zb_1"]}}
    (first,), (second,) = read("ha_discovery", topic, body), read("ha_discovery", topic, body)
    assert (first.device, first.kind, first.id) == ("zb_1", Kind.JOIN, second.id)


def test_a_withdrawn_declaration_is_irrelevant() -> None:
    assert reason("ha_discovery", "homeassistant/sensor/a/config", b"") is Reason.IRRELEVANT
