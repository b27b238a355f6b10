"""Names that nobody registered: what has room, by what they are counted, and how many there are."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.dialects.table import matches
from gateway.domain.refused.unknown_names import (
    EVERYTHING,
    LIMITS,
    MOST_LISTED,
    MOST_SHARING_A_FILTER,
    NameEstimate,
    UnknownNames,
    filters,
)
from tests.support.samples import T0, at

LEVEL = st.text("abc0-é:", min_size=0, max_size=6)
TOPICS = st.lists(LEVEL, min_size=1, max_size=12).map("/".join)


@given(TOPICS)
def test_every_filter_matches_the_topic_that_it_counts(topic: str) -> None:
    for wanted in filters(topic):
        assert matches(wanted, topic)


def test_invented_names_of_this_site_are_counted_under_its_device_level() -> None:
    """Names of other sites are refused before they are listed, so no filter names a single device."""
    names = UnknownNames()
    count = admitted(names, [f"wildlife/v1/goto/x{n}/event" for n in range(MOST_SHARING_A_FILTER)])
    assert count == MOST_SHARING_A_FILTER
    assert names.full("wildlife/v1/goto/other/event", T0) == "wildlife/v1/goto/+/#"


@given(st.lists(TOPICS, max_size=60))
def test_removed_names_make_room_as_if_they_had_never_been(topics: list[str]) -> None:
    names = UnknownNames()
    for number, topic in enumerate(topics):
        names.add(str(number), topic, T0)
    for number in range(len(topics)):
        names.remove(str(number))
        names.remove(str(number))
    assert names.topics == {}
    assert all(names.full(topic, T0) is None for topic in topics)


def admitted(names: UnknownNames, topics: list[str], seconds_apart: float = 0.0) -> int:
    count = 0
    for number, topic in enumerate(topics):
        now = T0 + timedelta(seconds=number * seconds_apart)
        if names.full(topic, now) is None:
            names.add(f"{topic} {number}", topic, now)
            count += 1
    return count


def test_names_that_share_a_filter_have_one_limit() -> None:
    assert (
        admitted(UnknownNames(), [f"wildlife/v1/s{n}/x/event" for n in range(5_000)])
        == MOST_SHARING_A_FILTER
    )


def test_names_that_share_nothing_have_a_limit_too() -> None:
    topics = [f"wildlife/v1/s{n}/x{n}/event" for n in range(5_000)]
    assert admitted(UnknownNames(), topics) == LIMITS[True][1]
    assert admitted(UnknownNames(), topics, 10) == MOST_LISTED


def test_a_name_in_the_payload_only_is_limited_as_well() -> None:
    assert admitted(UnknownNames(), ["msh/JP/2/json/LongFast/!g"] * 5_000) == MOST_SHARING_A_FILTER


def test_the_filter_that_is_full_is_the_narrowest() -> None:
    names = UnknownNames()
    admitted(names, [f"wildlife/v1/s{n}/x/event" for n in range(MOST_SHARING_A_FILTER)])
    assert names.full("wildlife/v1/new/x/event", at(0)) == "wildlife/v1/+/x/#"
    assert names.full("wildlife/v1/new/y/event", at(0)) is None
    assert names.full("wildlife/v1/new/x/event", at(600)) == "wildlife/v1/+/x/#"
    assert EVERYTHING in filters("wildlife/v1/new/y/event")


@settings(max_examples=10)
@given(st.integers(0, 30_000))
def test_an_estimate_is_close_and_the_same_name_changes_nothing(count: int) -> None:
    estimate = NameEstimate()
    for number in range(count):
        estimate.add(f"s{number}/wana-07")
    before = estimate.registers
    for number in range(0, count, 7):
        estimate.add(f"s{number}/wana-07")
    assert estimate.registers == before
    assert abs(NameEstimate(before).count - count) <= max(3, 0.15 * count)
