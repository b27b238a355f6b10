"""No clock silences a capture: slow, fast, standing still, of another receiver; and late stays late."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.alerts import texts
from gateway.domain.clocks.device_clock import DeviceClock, Sample
from gateway.domain.model import ActionKind, Kind, TimeQuality, TimeSource, TrapState
from gateway.ingest.messages.dating import clocks
from tests.gateway.ingest.messages.field import Field, after
from tests.support.samples import TRAP

MINUTE, HOUR, DAY = 60, 3_600, 86_400
YEARS = 3_652 * DAY
SLOW, FAST = -3 * MINUTE, 4 * MINUTE
HISTORIES = pytest.mark.parametrize("hours", [0, 1, 2, 30])


@pytest.fixture
def field(tmp_path: Path) -> Iterator[Field]:
    field = Field(tmp_path)
    yield field
    field.store.close()


def live(field: Field, hours: int, error_s: float) -> None:
    """So many heartbeats, and a setting."""
    for hour in range(hours):
        field.numbered(Kind.HEARTBEAT, hour * HOUR, error_s)
    if hours:
        field.numbered(Kind.SET, hours * HOUR, error_s)


@HISTORIES
def test_a_slow_trap_that_springs_just_after_a_person_armed_it_alerts(
    field: Field, hours: int
) -> None:
    live(field, hours, SLOW)
    field.act(ActionKind.ARMED, hours * HOUR + 600)
    outcome = field.numbered(Kind.SPRUNG, hours * HOUR + 602, SLOW)
    assert [alert.rule for alert in outcome.opened] == ["trap_sprung"]
    assert field.state is TrapState.SPRUNG
    [alert] = field.alerts
    assert alert.observed_at == after(hours * HOUR + 602)
    assert (alert.doubt is None) is (hours >= 1), "a learned clock leaves no doubt"


def test_control_without_the_learned_error_that_spring_is_lost(
    field: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    def believe(_: DeviceClock | None, sample: Sample) -> DeviceClock:
        return DeviceClock(0, sample.at_s, True, sample.boot, sample.source)

    monkeypatch.setattr(clocks, "learn", believe)
    live(field, 30, SLOW)
    field.act(ActionKind.ARMED, 30 * HOUR + 600)
    assert field.numbered(Kind.SPRUNG, 30 * HOUR + 602, SLOW).opened == []
    assert field.state is TrapState.ARMED


@pytest.mark.parametrize("hours", [1, 30])
def test_a_persons_action_is_not_overruled_by_a_trap_whose_clock_is_ahead(
    field: Field, hours: int
) -> None:
    live(field, hours, FAST)
    start = hours * HOUR
    assert field.numbered(Kind.SPRUNG, start + 60, FAST).opened
    field.act(ActionKind.FALSE_SPRING, start + 90)
    assert (field.state, field.alerts) == (TrapState.FALSE_SPRING, [])
    field.act(ActionKind.ARMED, start + 95)
    assert field.state is TrapState.ARMED
    assert field.numbered(Kind.SPRUNG, start + 100, FAST).opened


def test_receivers_whose_clocks_differ_by_ten_minutes_hide_no_capture(field: Field) -> None:
    a, b = "meshtastic:!a", "meshtastic:!b"
    field.hear(Kind.SET, 1_000, 0, is_state=True, clock=a)
    outcome = field.hear(Kind.SPRUNG, 1_030, -600, clock=b)
    assert [alert.doubt for alert in outcome.opened] == [TimeQuality.DOUBTFUL]
    for n in range(3):  # other nodes, heard by the same receiver
        field.hear(Kind.HEARTBEAT, 2_000 + 600 * n, -600, clock=b)
    field.act(ActionKind.FALSE_SPRING, 4_000)
    field.act(ActionKind.ARMED, 4_001)
    [alert] = field.hear(Kind.SPRUNG, 4_010, -600, clock=b).opened
    assert (alert.doubt, alert.observed_at) == (None, after(4_010))


def test_the_clock_of_a_receiver_is_known_for_every_device_it_hears(tmp_path: Path) -> None:
    field = Field(tmp_path)
    for n in range(3):
        field.hear(Kind.HEARTBEAT, 600 * n, -3_000, clock="chirpstack:aa", id=f"x{n}")
    field.store.close()
    again = Field(tmp_path)
    again.hear(Kind.SPRUNG, 2_000, -3_000, clock="chirpstack:aa", id="y")
    assert again.events[-1].observed_at == after(2_000)
    assert again.events[-1].time_quality is TimeQuality.DERIVED
    again.store.close()


def test_a_bridge_whose_clock_has_stopped_hides_no_capture_and_no_setting(field: Field) -> None:
    bridge: dict[str, Any] = {"clock": "zigbee2mqtt:zigbee2mqtt", "is_state": True}
    field.hear(Kind.SET, 72_000, 0, **bridge)
    [alert] = field.hear(Kind.SPRUNG, 72_300, -72_000, **bridge).opened
    assert (alert.doubt, alert.observed_at) == (TimeQuality.DOUBTFUL, after(72_300))
    field.hear(Kind.SET, 74_000, -73_700, **bridge)
    assert (field.state, field.alerts) == (TrapState.ARMED, [])
    assert field.hear(Kind.SPRUNG, 75_000, -74_700, **bridge).opened


def test_a_setting_that_arrives_later_by_a_slower_link_ends_no_alert(field: Field) -> None:
    field.hear(Kind.SPRUNG, 1_000, 0, clock="meshtastic:!a")
    field.hear(Kind.SET, 1_003, 0, sent_s=998, clock="meshtastic:!b")
    assert field.state is TrapState.SPRUNG
    assert len(field.alerts) == 1


def test_a_trap_that_woke_in_1970_alerts_at_the_time_of_arrival(field: Field) -> None:
    field.numbered(Kind.SET, 100, 0)
    [alert] = field.numbered(Kind.SPRUNG, 500, -56 * 365 * DAY, boot=2, seq=1).opened
    assert alert.observed_at == after(500)


def test_a_device_whose_numbers_go_on_is_believed_before_its_clock(field: Field) -> None:
    live(field, 3, 0)
    [alert] = field.numbered(Kind.SPRUNG, 4 * HOUR, -2 * DAY).opened
    assert (alert.doubt, alert.observed_at) == (TimeQuality.DOUBTFUL, after(4 * HOUR))


@pytest.mark.parametrize("error_s", [0, SLOW, FAST])
def test_a_spring_sent_late_keeps_its_own_time_and_its_alert_says_how_late(
    field: Field, error_s: float
) -> None:
    live(field, 30, error_s)
    sprung, received = 31 * HOUR, 31 * HOUR + 72 * HOUR
    [alert] = field.numbered(Kind.SPRUNG, received, error_s, sent_s=sprung).opened
    assert abs(alert.observed_at - after(sprung)) <= timedelta(seconds=1)
    assert alert.doubt is None
    shown = texts.text(alert, TRAP, "ja", ZoneInfo("Asia/Tokyo"), after(received))
    assert shown.endswith("(3日前)")


def test_a_capture_sent_late_does_not_overrule_a_later_arming(field: Field) -> None:
    live(field, 30, 0)
    field.act(ActionKind.FALSE_SPRING, 32 * HOUR)
    field.act(ActionKind.ARMED, 32 * HOUR + 1)
    assert field.numbered(Kind.SPRUNG, 33 * HOUR, 0, sent_s=31 * HOUR).opened == []
    assert field.state is TrapState.ARMED


def test_records_of_a_devices_log_are_history(field: Field) -> None:
    field.hear(Kind.SET, 5_000, 0, clock="chirpstack")
    assert field.hear(Kind.SPRUNG, 6_000, 0, sent_s=1_000, logged=True).opened == []
    older, newer = (
        field.reading(kind, at, 0) for kind, at in ((Kind.SPRUNG, 2_000), (Kind.HEARTBEAT, 7_000))
    )
    assert field.take(7_000, older, newer).opened == []
    assert field.state is TrapState.ARMED


def test_a_late_report_with_a_lower_sequence_number_is_older_whatever_its_time(
    field: Field,
) -> None:
    """The first messages of a slow clock are dated before its error is known."""
    slow = -3 * HOUR
    field.numbered(Kind.SPRUNG, 100, slow, seq=5)
    field.numbered(Kind.HEARTBEAT, 4_000, slow, seq=6)
    field.numbered(Kind.HEARTBEAT, 8_000, slow, seq=7)
    field.numbered(Kind.SET, 8_500, slow, sent_s=50, seq=4)
    assert field.state is TrapState.SPRUNG
    assert len(field.alerts) == 1


def test_a_clock_ahead_dates_nothing_after_its_receipt(field: Field) -> None:
    field.numbered(Kind.SPRUNG, 100, 200)
    [event] = field.events
    assert (event.observed_at, event.device_time) == (after(100), after(300))


DRIFTS = st.floats(-0.0005, 0.0005)
ARMED_BY = st.sampled_from(["sensor", "person", "both"])


@settings(max_examples=60, deadline=None)
@given(
    error_s=st.one_of(st.integers(-YEARS, YEARS), st.integers(-900, 900)),
    drift=DRIFTS,
    beats=st.integers(0, 5),
    armed_by=ARMED_BY,
    wait_s=st.integers(1, 5_000),
    numbered=st.booleans(),
    source=st.sampled_from([TimeSource.RTC, TimeSource.NTP]),
)
def test_whatever_its_clock_says_a_live_spring_on_an_armed_trap_alerts_exactly_once(
    tmp_path_factory: pytest.TempPathFactory,
    error_s: int,
    drift: float,
    beats: int,
    armed_by: str,
    wait_s: int,
    numbered: bool,
    source: TimeSource,
) -> None:
    field = Field(tmp_path_factory.mktemp("s"))
    hear = field.numbered if numbered else field.hear

    def send(kind: Kind, at_s: float) -> int:
        return len(hear(kind, at_s, error_s + at_s * drift, time_source=source).opened)

    try:
        for beat in range(beats):
            send(Kind.HEARTBEAT, beat * HOUR)
        now = beats * HOUR + 100.0
        if armed_by != "person":
            send(Kind.SET, now)
        if armed_by != "sensor":
            field.act(ActionKind.ARMED, now + 50)
        now += 50 + wait_s
        assert send(Kind.SPRUNG, now) == 1
        assert send(Kind.HEARTBEAT, now + HOUR) == 0
        assert [alert.causes for alert in field.alerts] == [1]
        assert field.state is TrapState.SPRUNG
        assert max(event.observed_at for event in field.events) <= after(now + HOUR)
    finally:
        field.store.close()


@settings(max_examples=40, deadline=None)
@given(error_s=st.sampled_from([0, SLOW, FAST, -2 * DAY, 9 * HOUR]), data=st.data())
def test_messages_of_one_known_clock_in_any_order_end_in_the_same_record(
    tmp_path_factory: pytest.TempPathFactory, error_s: int, data: st.DataObject
) -> None:
    kinds = data.draw(
        st.lists(st.sampled_from([Kind.SPRUNG, Kind.SET, Kind.HEARTBEAT]), min_size=1, max_size=7)
    )
    order = data.draw(st.permutations(range(len(kinds))))

    def story(numbers: list[int]) -> object:
        field = Field(tmp_path_factory.mktemp("s"))
        live(field, 3, error_s)
        for place, n in enumerate(numbers):
            received, sent = 60 * HOUR + place, 4 * HOUR + n * HOUR
            field.numbered(kinds[n], received, error_s, sent_s=sent, seq=100 + n, id=f"e{n}")
        found = sorted((e.seq or 0, e.kind, e.observed_at) for e in field.events)
        trap, alerts = field.trap, [(a.rule, a.doubt) for a in field.alerts]
        field.store.close()
        return found, trap, alerts

    assert story(list(order)) == story(list(range(len(kinds))))
