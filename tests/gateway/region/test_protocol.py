"""Blocks and answers: what is written is read again, and what is no block is refused by name."""

import zlib
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.region.protocol import (
    LARGEST_BLOCK,
    LARGEST_BODY,
    MOST_ROWS,
    SESSION,
    STATUS,
    Answer,
    BadBlockError,
    Block,
    DayCount,
    Digest,
    Lane,
    Request,
    RequestKind,
    Trouble,
    decode_answer,
    decode_block,
    encode_answer,
    encode_block,
)
from gateway.region.records import AlertRecord, EventRecord, PeriodRecord, TownRecord

JOURNAL = "0123456789abcdef" * 2
EVENT = EventRecord(8, "wana-07", "e1", "trap.sprung", 1_000, 1_001, "device")
BLOCK = Block(
    journal=JOURNAL,
    version=3 * SESSION + 7,
    lane=Lane.JOURNAL,
    sent_ms=1_002,
    after=5,
    up_to=9,
    events=(EVENT,),
)

names = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=30)
numbers = st.integers(-(1 << 53), 1 << 53)
events = st.builds(
    EventRecord,
    st.integers(6, 9),
    names,
    names,
    names,
    numbers,
    numbers,
    names,
    st.none() | numbers,
    species=st.none() | names,
    facts=st.dictionaries(names, st.booleans() | st.floats(-1e9, 1e9), max_size=3),
)
periods = st.builds(
    PeriodRecord,
    names,
    numbers,
    numbers,
    numbers,
    st.lists(st.tuples(names, numbers, numbers, numbers), max_size=3).map(tuple),
)


def refused(body: bytes) -> BadBlockError:
    with pytest.raises(BadBlockError) as caught:
        decode_block(body)
    return caught.value


def packed(**changes: Any) -> bytes:
    """The body of the block with other values, unchecked."""
    return zlib.compress(msgspec.msgpack.encode(msgspec.to_builtins(BLOCK) | changes))


@settings(max_examples=40)
@given(st.lists(events, max_size=5), st.lists(periods, max_size=5))
def test_a_block_is_read_as_it_was_written(
    found: list[EventRecord], hours: list[PeriodRecord]
) -> None:
    block = replace(BLOCK, events=tuple(found), hours=tuple(hours))
    assert decode_block(encode_block(block)) == block


def test_the_session_is_the_upper_part_of_the_version() -> None:
    assert BLOCK.session == 3
    assert replace(BLOCK, version=4 * SESSION).version > BLOCK.version


def test_a_later_program_may_add_fields_to_blocks_and_records() -> None:
    longer = [*msgspec.to_builtins(EVENT), *[None] * 20, "of a later program"]
    assert decode_block(packed(events=[longer], later={"a": 1})).events[0].id == "e1"


def test_an_earlier_program_may_know_fewer_fields_of_a_record() -> None:
    assert decode_block(packed(events=[msgspec.to_builtins(EVENT)[:7]])) == BLOCK


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"journal": "x"}, "journal"),
        ({"journal": JOURNAL.upper()}, "journal"),
        ({"lane": "slow"}, "lane"),
        ({"version": -1}, "version"),
        ({"version": 1 << 60}, "version"),
        ({"after": 10}, "after"),
        ({"lane": "state"}, "up_to"),
        ({"protocol": 2}, "protocol"),
        ({"up_to": 7}, "number"),
        ({"events": [[8, "", "e1", "x", 1, 1, "q"]]}, "events"),
        ({"events": [[8, "a\0b", "e1", "x", 1, 1, "q"]]}, "events"),
        ({"events": [[8, "a" * 600, "e1", "x", 1, 1, "q"]]}, "events"),
        ({"events": [[8, "a", "e1", "x", 1 << 60, 1, "q"]]}, "events"),
        ({"devices": [["a", "trap", "approved", "", "", "", "", 0, 91.0]]}, "devices"),
        ({"devices": [["a", "trap", "approved", "", "", "", "", 0, float("nan")]]}, "devices"),
        ({"hours": [["a", 1, 0, 0, [["boar", 1.5, 1, 1]]]]}, "hours"),
    ],
)
def test_what_a_block_cannot_hold_is_refused_by_name(changes: dict[str, Any], word: str) -> None:
    error = refused(packed(**changes))
    assert error.trouble is Trouble.MALFORMED
    assert word in str(error)


def test_an_event_outside_the_span_of_its_block_is_refused() -> None:
    for no in (5, 10):
        assert "number" in str(refused(packed(events=[[no, "a", "e", "x", 1, 1, "q"]])))


@pytest.mark.parametrize(
    "body", [b"", b"no block", zlib.compress(b"\xc1"), zlib.compress(b"[]"), packed()[:-3]]
)
def test_bytes_that_are_no_block_are_refused(body: bytes) -> None:
    assert refused(body).trouble is Trouble.MALFORMED


def test_a_block_with_too_many_records_is_refused() -> None:
    most = replace(BLOCK, hours=(PeriodRecord("a", 1),) * (MOST_ROWS - 1))
    assert decode_block(encode_block(most)).rows == MOST_ROWS
    more = replace(most, town=TownRecord("a", "b", "Asia/Tokyo", "1"))
    assert refused(encode_block(more)).trouble is Trouble.TOO_LARGE


def test_a_body_that_inflates_without_end_is_refused_before_it_takes_memory() -> None:
    bomb = zlib.compress(b"\0" * (LARGEST_BLOCK * 10), 9)
    assert len(bomb) < LARGEST_BODY
    assert refused(bomb).trouble is Trouble.TOO_LARGE
    assert refused(b"x" * (LARGEST_BODY + 1)).trouble is Trouble.TOO_LARGE


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(body: bytes) -> None:
    for sent in (body, zlib.compress(body)):
        assert refused(sent).trouble in Trouble


def test_an_answer_and_a_digest_are_read_as_they_were_written() -> None:
    request = Request(
        id="r1", kind=RequestKind.ACKNOWLEDGE, by="x", organisation="y", created_ms=1, alert="a1"
    )
    answer = Answer(upto=9, version=BLOCK.version, requests=(request,), error=Trouble.GAP)
    digest = Digest(upto=9, days=(DayCount(20_000, "event.detection", (3, 4, 5)),))
    assert decode_answer(encode_answer(answer), Answer) == answer
    assert decode_answer(encode_answer(digest), Digest) == digest


def test_a_page_of_a_captive_portal_is_no_answer() -> None:
    for body in (b"<html>", b"", b'{"upto": "x"}', b"\xff"):
        with pytest.raises(BadBlockError):
            decode_answer(body, Answer)


def test_every_trouble_has_its_status() -> None:
    assert set(STATUS) == set(Trouble)


def test_hours_of_two_hundred_devices_are_small_on_the_line() -> None:
    """Measured: 9 bytes a record."""
    hours = tuple(
        PeriodRecord(f"wana-{device:03}", 490_000 + hour, 3_600_000, 3_600_000)
        for hour in range(2)
        for device in range(200)
    )
    state = replace(BLOCK, lane=Lane.STATE, after=0, up_to=0, events=(), hours=hours)
    assert len(encode_block(state)) / len(hours) < 16


def test_the_life_of_an_alert_travels_without_the_names_of_people() -> None:
    fields = {*AlertRecord.__struct_fields__}
    assert not fields & {"acknowledged_by", "resolved_by", "note", "through"}
