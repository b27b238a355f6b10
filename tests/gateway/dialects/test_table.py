"""Which dialect reads which topic."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gateway.dialects
from gateway.dialects.table import BY_NAME, TABLE, Claims, matches
from gateway.domain.model import FACTS, Kind, MessageRefusedError, RefusalReason
from tests.gateway.dialects.fixtures import FIXTURES


@pytest.mark.parametrize(
    ("wanted", "topic", "expected"),
    [
        ("a/b", "a/b", True),
        ("a/+", "a/b", True),
        ("a/+", "a/b/c", False),
        ("a/+", "a", False),
        ("a/#", "a", True),
        ("a/#", "a/b/c", True),
        ("#", "a/b", True),
        ("+/b", "/b", True),
        ("#", "$SYS/broker", False),
        ("+/broker", "$SYS/broker", False),
        ("$SYS/#", "$SYS/broker", True),
        ("$share/g/a/+", "a/b", True),
        ("a/b", "a/b/", False),
        ("A/b", "a/b", False),
    ],
)
def test_filters_match_by_the_rules_of_mqtt(wanted: str, topic: str, expected: bool) -> None:
    assert matches(wanted, topic) is expected


@given(st.lists(st.sampled_from(["a", "b", ""]), min_size=1, max_size=5))
def test_a_filter_of_plus_signs_matches_its_own_length(levels: list[str]) -> None:
    topic = "/".join(levels)
    assert matches("/".join("+" for _ in levels), topic)
    assert not matches("/".join("+" for _ in [*levels, ""]), topic)


def test_every_default_topic_is_claimed_by_its_own_dialect() -> None:
    for row in TABLE:
        claims = Claims([(row.name, ())])
        for topic, _ in FIXTURES[row.name]:
            if row.topics and "reviews" not in topic:
                assert claims.claim(topic).name == row.name


def test_the_first_source_that_matches_reads() -> None:
    claims = Claims([("frigate", ("cams/#",)), ("tasmota", ("+/x/LWT",)), ("esphome", ())])
    assert claims.claim("cams/x/LWT").name == "frigate"
    assert claims.claim("tele/x/LWT").name == "tasmota"
    assert claims.filters == ["cams/#", "+/x/LWT", *BY_NAME["esphome"].topics]


def test_a_topic_of_no_source_is_refused() -> None:
    with pytest.raises(MessageRefusedError) as refused:
        Claims([("native", ())]).claim("elsewhere")
    assert refused.value.reason is RefusalReason.TOPIC


def test_a_flood_of_topics_does_not_fill_the_memory() -> None:
    claims = Claims([("zigbee2mqtt", ())])
    for number in range(20_000):
        claims.claim(f"zigbee2mqtt/{number}")
    assert len(claims._known) <= 8_192


def test_every_module_of_a_dialect_stands_in_the_table() -> None:
    folder = Path(gateway.dialects.__file__).parent
    spoken = {
        path.stem
        for path in folder.rglob("*.py")
        if re.search(r"^def decode\(", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert spoken == {row.decode.__module__.rsplit(".", 1)[1] for row in TABLE}


def test_the_table_names_what_is_understood_by_the_names_of_events() -> None:
    words = {kind.value for kind in Kind} | set(FACTS)
    for row in TABLE:
        assert set(row.understands) <= words, row.name
