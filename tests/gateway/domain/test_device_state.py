"""The fold of events into a device's state: of each thing the newest word, in whatever order it comes."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import device_state
from gateway.domain.device_state import DAYS_KEPT, advance, order, placed
from gateway.domain.epoch import DAY_MS, from_ms, ms
from gateway.domain.model import DeviceState, Event, Kind, TimeQuality, TrapState
from gateway.store.rows import state_column
from tests.gateway.domain import plain_state
from tests.support.samples import T0

VOLTS = st.none() | st.sampled_from((0.0, 2.5, 2.9, 3.0, 3.3))


@st.composite
def lives(draw: st.DrawFn) -> list[Event]:
    """Events of one device over some weeks, no two at the same moment."""
    hours = draw(st.lists(st.integers(0, 24 * 20), min_size=1, max_size=25, unique=True))
    return [
        Event(
            id=f"e{hour}",
            device="d",
            kind=draw(st.sampled_from(Kind)),
            observed_at=T0 + timedelta(hours=hour),
            received_at=T0 + timedelta(hours=hour + draw(st.integers(0, 100))),
            time_quality=TimeQuality.SYNCED,
            species=draw(st.sampled_from((None, "boar", "deer"))),
            battery_v=draw(VOLTS),
            rssi_dbm=draw(st.none() | st.just(-100.0)),
        )
        for hour in hours
    ]


def event_at(hour: int, volts: float) -> Event:
    at = T0 + timedelta(hours=hour)
    return Event(
        id=f"e{hour}",
        device="d",
        kind=Kind.HEARTBEAT,
        observed_at=at,
        received_at=at,
        time_quality=TimeQuality.SYNCED,
        battery_v=volts,
    )


def fold(*batches: list[Event]) -> DeviceState:
    """The state after these batches."""
    state = None
    for batch in batches:
        if batch:
            state = advance(state, placed(batch))
    assert state
    return state


@given(lives(), st.integers(0, 25), st.randoms(use_true_random=False))
def test_the_state_is_the_same_however_the_events_are_mixed_and_cut(
    events: list[Event], cut: int, chance: Random
) -> None:
    mixed = list(events)
    chance.shuffle(mixed)
    assert fold(mixed[:cut], mixed[cut:]) == fold(events)


def assert_equal_to_the_plain_fold(events: list[Event], cut: int) -> None:
    """Batch by batch: also the order of the stored days is equal, so that the row's bytes are."""
    known = None
    for batch in (events[:cut], events[cut:]):
        if batch:
            plain = plain_state.advance(known, placed(batch))
            known = advance(known, placed(batch))
            assert state_column(known) == state_column(plain)


@given(lives(), st.integers(0, 25), st.randoms(use_true_random=False))
def test_only_what_changes_is_computed_and_the_stored_state_is_that_of_the_plain_fold(
    events: list[Event], cut: int, chance: Random
) -> None:
    chance.shuffle(events)
    assert_equal_to_the_plain_fold(events, cut)


def test_control_a_fold_that_forgets_a_late_low_battery_differs_from_the_plain_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    events = [event_at(30, 3.3), event_at(2, 2.5)]
    assert_equal_to_the_plain_fold(events, 1)
    monkeypatch.setattr(device_state, "_lowest", lambda days, name, events: days)
    with pytest.raises(AssertionError):
        assert_equal_to_the_plain_fold(events, 1)


@given(lives())
def test_each_fact_of_a_state_comes_from_the_newest_event_that_holds_it(
    events: list[Event],
) -> None:
    state = fold(events)
    in_order = sorted(events, key=order)

    def newest(*kinds: Kind) -> Event | None:
        return next((e for e in reversed(in_order) if e.kind in kinds), None)

    trap = newest(Kind.SPRUNG, Kind.SET)
    alive = newest(*(set(Kind) - {Kind.OFFLINE}))
    assert state.trap == (
        None if trap is None else {Kind.SET: TrapState.ARMED}.get(trap.kind, TrapState.SPRUNG)
    )
    assert state.head == (order(alive) if alive else (0, 0, 0))
    assert state.online is (in_order[-1].kind is not Kind.OFFLINE)
    assert state.last_seen == max(event.received_at for event in events)
    found = [(ms(e.observed_at), e.battery_v) for e in in_order if e.battery_v is not None]
    known = state.facts.get("battery_v")
    assert (known and (known.at_ms, known.value)) == (found[-1] if found else None)
    seen = {e.species or "": ms(e.observed_at) for e in in_order if e.kind is Kind.DETECTION}
    assert state.detected == seen


@given(lives())
def test_of_the_battery_the_lowest_of_each_of_the_newest_days_is_kept(events: list[Event]) -> None:
    by_day: dict[int, list[float]] = {}
    for event in events:
        if event.battery_v is not None:
            by_day.setdefault(ms(event.observed_at) // DAY_MS, []).append(event.battery_v)
    lowest = {day: min(by_day[day]) for day in sorted(by_day)[-DAYS_KEPT:]}
    assert fold(events).low_battery.get("battery_v", {}) == lowest


@pytest.mark.parametrize("time_ms", [0, 1, 1_762_000_000_123, 4_102_444_799_999])
def test_a_time_in_ms_comes_back_unchanged(time_ms: int) -> None:
    assert ms(from_ms(time_ms)) == time_ms
