"""Lines are what ``influxdb_client.Point`` writes: one event is one point, no value is lost."""

import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from influxdb_client.client.write.point import Point

from gateway.domain.epoch import from_ms, local_day, ms
from gateway.domain.model import FACTS, Event, Kind, TimeQuality
from gateway.export.influx.lines import Encoder
from gateway.export.influx.schema import (
    FIELDS,
    HOUR_NS,
    MEASUREMENTS,
    NS_A_MS,
    TAGS,
    day_ns,
    point_ns,
    tag_text,
    untag,
)
from gateway.store.rollups.hours import Rollup
from gateway.store.rows import event_row

TOKYO = ZoneInfo("Asia/Tokyo")
ENCODER = Encoder("goto", TOKYO)
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)
NUMBER = st.floats(-1e9, 1e9)

EVENTS = st.builds(
    Event,
    id=TEXT,
    device=TEXT,
    kind=st.sampled_from(Kind),
    observed_at=st.integers(0, 4_000_000_000_000).map(from_ms),
    received_at=st.integers(0, 4_000_000_000_000).map(from_ms),
    time_quality=st.sampled_from(TimeQuality),
    device_time=st.none() | st.integers(0, 4_000_000_000_000).map(from_ms),
    boot=st.none() | st.integers(0, 2**63 - 1),
    seq=st.none() | st.integers(0, 2**63 - 1),
    distinct=st.booleans(),
    species=st.none() | TEXT,
    count=st.none() | st.integers(0, 1000),
    confidence=st.none() | st.floats(0, 1),
    media=st.none() | TEXT,
    battery_v=st.none() | NUMBER,
    external_power=st.none() | st.booleans(),
    rssi_dbm=st.none() | st.integers(-150, 0).map(float),
    lat=st.none() | st.floats(-90, 90),
    lon=st.none() | st.floats(-180, 180),
)


def row_of(event: Event, no: int = 7) -> tuple[object, ...]:
    id_, _, _, *rest = event_row(event, None, 1)
    return (no, id_, event.device, *rest)


def point_of(event: Event) -> str:
    """The same point as influxdb-client encodes it."""
    measurement = MEASUREMENTS[event.kind]
    point: Any = Point(measurement)  # type: ignore[no-untyped-call]
    point.tag("device", tag_text(event.device)).tag("site", "goto")
    if "kind" in TAGS[measurement]:
        point.tag("kind", event.kind.value)
    point.field("species", event.species)
    for name in set(FACTS) - {"species", "count"}:
        point.field(name, getattr(event, name))
    if event.count is not None:
        point.field("n", event.count)
    elif measurement in {"detection", "trap_event"}:
        point.field("n", 1).field("n_assumed", True)
    if event.distinct:
        point.field("is_distinct", True)
    point.field("eid", event.id).field("quality", event.time_quality.value)
    point.field("received_ms", ms(event.received_at)).field("boot", event.boot)
    point.field("seq", event.seq)
    point.field("device_ms", ms(event.device_time) if event.device_time else None)
    return str(point.time(point_ns(ms(event.observed_at), event.id)).to_line_protocol())


FIELD = re.compile(r'([a-z_]+)=("(?:[^"\\]|\\.)*"|[^,"]+)(?:,|$)', re.DOTALL)


def parsed(line: str) -> tuple[str, dict[str, object], str]:
    """(measurement and tags, fields, time); floats by value, the rest as written."""
    head, rest = re.fullmatch(r"((?:\\.|[^ \\])+) (.*)", line, re.DOTALL).groups()  # type: ignore[union-attr]
    body, time = rest.rsplit(" ", 1)
    assert "".join(found[0] for found in FIELD.finditer(body)) == body, line
    fields = {name: _value(text) for name, text in FIELD.findall(body)}
    return head, fields, time


def _value(text: str) -> object:
    return text if text[0] == '"' or text[-1] == "i" or text in {"true", "false"} else float(text)


@given(EVENTS)
def test_a_line_is_what_point_would_write(event: Event) -> None:
    assert parsed(ENCODER.event(row_of(event)).text) == parsed(point_of(event))


@given(EVENTS)
def test_the_same_event_is_the_same_point_and_its_millisecond_is_kept(event: Event) -> None:
    at = point_ns(ms(event.observed_at), event.id)
    assert at == point_ns(ms(event.observed_at), event.id)
    assert at // NS_A_MS == ms(event.observed_at)


@given(EVENTS, TEXT)
def test_the_same_id_of_two_devices_makes_two_points(event: Event, device: str) -> None:
    other = msgspec.structs.replace(event, device=device)
    lines = [ENCODER.event(row_of(one)).text for one in (event, other)]
    series = {re.sub(r"(?<!\\) .*", "", line, flags=re.DOTALL) for line in lines}
    assert len(series) == len({event.device, device})


def test_events_of_one_millisecond_do_not_merge() -> None:
    stamps = {point_ns(1_700_000_000_000, f"event-{n}") for n in range(500)}
    assert len(stamps) == 500


@given(TEXT)
def test_a_tag_comes_back_as_it_was(text: str) -> None:
    assert untag(tag_text(text)) == text
    assert "\\" not in tag_text(text)
    assert "\n" not in tag_text(text)


def test_no_name_is_a_tag_and_a_field_of_one_measurement() -> None:
    for measurement, tags in TAGS.items():
        assert not set(tags) & set(FIELDS[measurement]), measurement


def test_every_kind_and_every_fact_is_in_the_schema() -> None:
    assert set(MEASUREMENTS) == set(Kind)
    facts = set(FACTS) - {"count"}
    assert facts <= set(FIELDS["detection"])


def test_a_fact_that_json_wrote_as_a_whole_number_stays_a_float() -> None:
    event = Event(
        id="a",
        device="d",
        kind=Kind.HEARTBEAT,
        observed_at=from_ms(0),
        received_at=from_ms(0),
        time_quality=TimeQuality.RTC,
    )
    row = (*row_of(event)[:-1], msgspec.json.encode({"rssi_dbm": -105}))
    assert parsed(ENCODER.event(row).text)[1]["rssi_dbm"] == -105.0


def test_a_day_of_the_roll_ups_begins_at_local_midnight() -> None:
    midnight = datetime(2026, 11, 2, tzinfo=TOKYO)
    hour = ms(midnight) // 3_600_000
    assert day_ns(local_day(hour, TOKYO), TOKYO) == ms(midnight) * NS_A_MS
    assert local_day(hour - 1, TOKYO) == local_day(hour, TOKYO) - 1


def test_the_source_of_a_day_is_one_of_its_hours_so_that_a_refused_day_is_sent_again() -> None:
    for zone in (TOKYO, ZoneInfo("Asia/Kolkata")):  # the latter's midnight is amid an hour
        [line] = Encoder("goto", zone).rollup("day", Rollup(20_758, 7, "cam", 1, 0, ()))
        kind, hour, device = line.key.split()
        assert (kind, device) == ("hour", "7")
        assert local_day(int(hour), zone) == 20_758


def test_a_month_is_at_its_first_midnight_and_its_source_is_one_of_its_hours() -> None:
    month = (2026 - 1970) * 12 + 10
    [line] = ENCODER.rollup("month", Rollup(month, 7, "cam", 1, 0, ()))
    midnight = datetime(2026, 11, 1, tzinfo=TOKYO)
    assert (
        line.text == f"device_1mo,device=cam,site=goto alive_ms=1i,armed_ms=0i {ms(midnight)}000000"
    )
    assert line.key == f"hour {ms(midnight) // 3_600_000} 7"


def test_a_roll_up_has_a_point_for_all_species_and_one_for_each() -> None:
    seen = (("", 1, 1, 1), ("boar", 5, 2, 7), ("unknown", 3, 1, 3))
    all_, *each = ENCODER.rollup("hour", Rollup(494_000, 7, "cam", 60, 0, seen))
    assert parsed(all_.text) == (
        "device_1h,device=cam,site=goto",
        {
            "alive_ms": "60i",
            "armed_ms": "0i",
            "records": "9i",
            "identified": "5i",
            "independent": "4i",
            "animals": "11i",
        },
        str(494_000 * HOUR_NS),
    )
    assert [parsed(line.text)[1] for line in each] == [
        {"records": f"{records}i", "independent": f"{independent}i", "animals": f"{animals}i"}
        for _, records, independent, animals in seen
    ]
    assert {line.source for line in (all_, *each)} == {("hour", 494_000, 7)}


def test_an_empty_roll_up_gives_no_line_and_one_without_effort_no_effort_fields() -> None:
    assert ENCODER.rollup("hour", Rollup(494_000, 7, "cam", None, None, ())) == []
    line, _ = ENCODER.rollup("hour", Rollup(494_000, 7, "cam", None, None, (("boar", 1, 1, 1),)))
    assert "alive_ms" not in line.text


@given(st.none() | TEXT, st.none() | st.booleans(), st.none() | NUMBER)
def test_facts_with_and_without_text_are_written_alike(
    media: str | None, power: bool | None, volts: float | None
) -> None:
    event = Event(
        id="a",
        device="d",
        kind=Kind.HEARTBEAT,
        observed_at=from_ms(0),
        received_at=from_ms(0),
        time_quality=TimeQuality.RTC,
        media=media,
        external_power=power,
        battery_v=volts,
    )
    assert parsed(ENCODER.event(row_of(event)).text) == parsed(point_of(event))
