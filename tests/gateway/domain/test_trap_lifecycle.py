"""The trap's life: sensor and people together, silence over it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.device_state import advance, placed, with_action
from gateway.domain.model import (
    ActionKind,
    DeviceState,
    Event,
    Kind,
    TimeQuality,
    TrapAction,
    TrapState,
)
from gateway.domain.trap_lifecycle import (
    TRANSITIONS,
    IllegalActionError,
    allowed_actions,
    check,
    last_known,
    trap_view,
)
from gateway.words.catalogue import translations
from tests.gateway.alerts.site import Site, at, deed_at

T = TrapState


def sensor(kind: Kind, minutes: float) -> Event:
    return Event(
        id=f"{kind}{minutes}",
        device="trap-01",
        kind=kind,
        observed_at=at(minutes),
        received_at=at(minutes),
        time_quality=TimeQuality.SYNCED,
    )


def after(*steps: Event | TrapAction) -> DeviceState | None:
    state: DeviceState | None = None
    for step in steps:
        state = (
            with_action(state, step)
            if isinstance(step, TrapAction)
            else advance(state, placed([step]))
        )
    return state


SPRUNG, SET, BEAT = Kind.SPRUNG, Kind.SET, Kind.HEARTBEAT


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        ([sensor(SET, 1)], T.ARMED),
        ([sensor(SET, 1), sensor(SPRUNG, 2)], T.SPRUNG),
        ([sensor(SPRUNG, 2), deed_at(ActionKind.CAPTURED, 3)], T.CAPTURED),
        ([sensor(SPRUNG, 2), deed_at(ActionKind.CAPTURED, 3), sensor(SPRUNG, 4)], T.CAPTURED),
        ([sensor(SPRUNG, 2), deed_at(ActionKind.CAPTURED, 3), sensor(SET, 4)], T.ARMED),
        (
            [sensor(SPRUNG, 2), deed_at(ActionKind.CAPTURED, 3), sensor(SET, 4), sensor(SPRUNG, 5)],
            T.SPRUNG,
        ),
        ([deed_at(ActionKind.PAUSED, 1), sensor(SET, 2)], T.PAUSED),
        ([deed_at(ActionKind.PAUSED, 1), sensor(SPRUNG, 2)], T.SPRUNG),
        ([deed_at(ActionKind.REMOVED, 1), sensor(SPRUNG, 2)], T.REMOVED),
        ([deed_at(ActionKind.ARMED, 1), sensor(SPRUNG, 2)], T.SPRUNG),
        ([sensor(SPRUNG, 2), deed_at(ActionKind.VISITED, 3)], T.SPRUNG),
    ],
)
def test_the_newest_report_wins_and_people_can_record_more_than_the_sensor(
    steps: list[Event | TrapAction], state: TrapState
) -> None:
    assert last_known(after(*steps)).state is state


def test_a_silent_trap_is_shown_as_unknown_and_keeps_its_last_state() -> None:
    state = after(sensor(SPRUNG, 0))
    assert not trap_view(state, at(100), heartbeat_s=3600).unknown
    later = trap_view(state, at(200), heartbeat_s=3600)
    assert (later.state, later.unknown) == (T.SPRUNG, True)


def test_a_paused_trap_is_not_unknown_when_silent() -> None:
    assert not trap_view(after(deed_at(ActionKind.PAUSED, 0)), at(100_000), heartbeat_s=60).unknown


def test_a_trap_without_any_report_is_unknown() -> None:
    assert trap_view(None, at(0)).unknown
    assert trap_view(None, at(0)).state is None


@pytest.mark.parametrize(
    ("steps", "deed", "reason"),
    [
        ([sensor(SPRUNG, 1)], ActionKind.ARMED, "first record what was found"),
        ([sensor(SPRUNG, 1)], ActionKind.REMOVED, "first record what was found"),
        ([deed_at(ActionKind.CAPTURED, 1)], ActionKind.PAUSED, "first record its dispatch"),
        ([sensor(SET, 1)], ActionKind.DISPATCHED, "no animal is recorded"),
        ([deed_at(ActionKind.REMOVED, 1)], ActionKind.CAPTURED, "was removed"),
        ([deed_at(ActionKind.PAUSED, 50)], ActionKind.CAPTURED, "a later act of tanaka"),
    ],
)
def test_an_illegal_action_is_refused_with_its_reason(
    steps: list[Event | TrapAction], deed: ActionKind, reason: str
) -> None:
    with pytest.raises(IllegalActionError, match=reason) as refusal:
        check(after(*steps), deed_at(deed, 10))
    assert "。" in refusal.value.text(translations("ja"))


@given(st.sampled_from(list(TRANSITIONS)), st.sampled_from(list(ActionKind)))
def test_the_table_and_the_check_agree(state: TrapState | None, deed: ActionKind) -> None:
    steps = [deed_at(ActionKind(state.value), 1)] if state and state is not T.SPRUNG else []
    now = after(*steps) if state is not T.SPRUNG else after(sensor(SPRUNG, 1))
    legal = deed is ActionKind.VISITED or deed in TRANSITIONS[state]
    assert (deed in allowed_actions(now)) is legal
    if legal:
        check(now, deed_at(deed, 10))
    else:
        with pytest.raises(IllegalActionError):
            check(now, deed_at(deed, 10))


STEPS = st.lists(
    st.one_of(
        st.builds(sensor, st.sampled_from([SPRUNG, SET, BEAT]), st.integers(0, 300)),
        st.builds(deed_at, st.sampled_from(list(ActionKind)), st.integers(0, 300)),
    ),
    max_size=12,
    unique_by=lambda step: step.id,
)


@settings(deadline=None)
@given(STEPS, st.data())
def test_order_and_copies_of_events_and_actions_change_no_state(
    steps: list[Event | TrapAction], data: st.DataObject
) -> None:
    unique = {(s.at if isinstance(s, TrapAction) else s.observed_at): s for s in steps}
    one = list(unique.values())
    other = data.draw(st.permutations(one))
    first, second = after(*one), after(*other, *other[:3])
    assert last_known(first) == last_known(second)
    assert (first and first.visited_ms) == (second and second.visited_ms)


def test_every_state_has_a_row_and_a_name() -> None:
    assert set(TRANSITIONS) == {None, *TrapState}
    names = translations("ja").words.keys()
    assert {f"trap_state.{state}" for state in TrapState} <= names
    assert {f"action.{kind}" for kind in ActionKind} <= names


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.store.close()


def test_a_recorded_outcome_ends_the_alert_and_is_kept(site: Site) -> None:
    site.hear("trap-01", SPRUNG, 5)
    outcome = site.act(ActionKind.CAPTURED, 30)
    assert [(a.rule, a.resolved_by) for a in outcome.ended] == [("trap_sprung", "tanaka")]
    assert site.open() == {}
    [kept] = site.store.read_now(lambda r: r.acts("trap-01"))
    assert (kept.deed, kept.by, kept.at) == (ActionKind.CAPTURED, "tanaka", at(30))


def test_an_act_sent_twice_is_one_act(site: Site) -> None:
    site.act(ActionKind.CAPTURED, 30)
    site.act(ActionKind.CAPTURED, 30)
    assert len(site.store.read_now(lambda r: r.acts("trap-01"))) == 1


def test_a_spring_that_arrives_after_its_capture_was_recorded_alerts_nobody(site: Site) -> None:
    site.act(ActionKind.CAPTURED, 30)
    assert site.hear("trap-01", SPRUNG, 5).opened == []


def test_a_trap_without_a_sensor_can_be_run_by_people_alone(site: Site) -> None:
    site.act(ActionKind.ARMED, 0)
    site.act(ActionKind.CAPTURED, 60)
    site.act(ActionKind.DISPATCHED, 61)
    assert last_known(site.state()).state is T.DISPATCHED
