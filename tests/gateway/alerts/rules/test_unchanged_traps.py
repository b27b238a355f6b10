"""The fast answer of the rule about sprung traps: "nothing" only where the full comparison says so."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.alerts.policy import Policy
from gateway.alerts.rules import TABLE, traps
from gateway.alerts.rules.types import Change, Ruling
from gateway.domain.alerts.rule_name import RuleName
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
from tests.support.samples import TRAP, at

RULE, POLICY = TABLE[RuleName.TRAP_SPRUNG], Policy()
KINDS = (Kind.SPRUNG, Kind.SET, Kind.HEARTBEAT, Kind.DETECTION, Kind.OFFLINE)


def event(minute: int, kind: Kind) -> Event:
    time = at(minute)
    return Event(
        id=f"{minute}{kind}",
        device=TRAP.id,
        kind=kind,
        observed_at=time,
        received_at=time + timedelta(seconds=1),
        time_quality=TimeQuality.SYNCED,
    )


def act(minute: int, deed: ActionKind) -> TrapAction:
    return TrapAction(
        id=f"a{minute}{deed}",
        device=TRAP.id,
        deed=deed,
        by="江口",
        at=at(minute),
        recorded_at=at(minute),
    )


EVENTS = st.lists(st.builds(event, st.integers(0, 60), st.sampled_from(KINDS)), max_size=4)
ACTS = st.lists(st.builds(act, st.integers(0, 60), st.sampled_from(ActionKind)), max_size=2)


def state_of(
    before: DeviceState | None, events: list[Event], acts: list[TrapAction]
) -> DeviceState | None:
    state = advance(before, placed(events)) if events else before
    for one in acts:
        state = with_action(state, one)
    return state


def full(change: Change) -> Ruling:
    """The conclusion without the fast answer."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(traps, "_is_trap_unchanged", lambda before, after: False)
        return traps.sprung(RULE, change)


def change_of(before: DeviceState | None, after: DeviceState, events: list[Event]) -> Change:
    news = [one for _, one in placed(events)]
    return Change(TRAP, before, after, news, at(90), POLICY)


@given(EVENTS, ACTS, st.booleans(), EVENTS, ACTS)
def test_the_fast_answer_is_that_of_the_full_comparison(
    first: list[Event],
    acts: list[TrapAction],
    hearsay: bool,
    then: list[Event],
    later: list[TrapAction],
) -> None:
    before = state_of(None, first, acts)
    before = before and replace(before, hearsay=hearsay)
    after = state_of(before, then, later)
    if after:
        change = change_of(before, after, then)
        assert traps.sprung(RULE, change) == full(change)


@pytest.mark.parametrize("hearsay", [True, False])
def test_a_heartbeat_of_a_trap_is_answered_fast_unless_its_state_is_hearsay(hearsay: bool) -> None:
    armed = replace(advance(None, placed([event(1, Kind.SET)])), hearsay=hearsay)
    after = advance(armed, placed([event(2, Kind.HEARTBEAT)]))
    assert traps._is_trap_unchanged(armed, after) is not hearsay


@pytest.mark.parametrize(
    "news", [[Kind.SPRUNG], [Kind.SET, Kind.SPRUNG]], ids=["springs", "set and sprung in one batch"]
)
def test_control_a_fast_answer_that_looks_at_the_state_alone_is_found_out(
    news: list[Kind], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Kind.SPRUNG if len(news) > 1 else Kind.SET
    before = advance(None, placed([event(1, first)]))
    events = [event(minute, kind) for minute, kind in enumerate(news, 2)]
    change = change_of(before, advance(before, placed(events)), events)
    assert traps.sprung(RULE, change) == full(change)

    def looks_less(before: DeviceState, after: DeviceState) -> Any:
        return len(news) == 1 or before.trap is after.trap is TrapState.SPRUNG

    monkeypatch.setattr(traps, "_is_trap_unchanged", looks_less)
    assert traps.sprung(RULE, change) != full(change)
