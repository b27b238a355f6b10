"""The kinds of events that a rule looks for: without one of them it has nothing to conclude."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.alerts.policy import Policy
from gateway.alerts.rules import RULES, judge
from gateway.alerts.rules.types import Change, Rule
from gateway.domain.device_state import advance, placed
from gateway.domain.model import Event, Kind, TimeQuality
from tests.gateway.alerts.rules.cameras import camera, square
from tests.support.samples import at

CAMERA = camera()
POLICY = Policy(areas=[square("岐宿", living=True), square("畑")])
EVENTS = st.builds(
    lambda minute, kind, species: Event(
        id=f"{minute}",
        device=CAMERA.id,
        kind=kind,
        observed_at=at(minute),
        received_at=at(minute) + timedelta(seconds=1),
        time_quality=TimeQuality.SYNCED,
        species=species,
    ),
    st.integers(0, 600),
    st.sampled_from(Kind),
    st.sampled_from(["boar", "deer", "unknown", None]),
)


def change_of(events: list[Event]) -> Change:
    """The events of one camera that stands where people live and beside a field."""
    found = placed({event.id: event for event in events}.values())
    after = advance(None, found)
    return Change(CAMERA, None, after, [event for _, event in found], at(700), POLICY)


def concludes(rule: Rule, change: Change) -> bool:
    assert rule.on_change
    ruling = rule.on_change(rule, change)
    return bool(ruling.opens or ruling.ends)


def is_skipped(rule: Rule, change: Change) -> bool:
    return rule.kinds is not None and rule.kinds.isdisjoint({e.kind for e in change.events})


@given(st.lists(EVENTS, min_size=1, max_size=6))
def test_no_rule_is_skipped_that_would_conclude_anything(events: list[Event]) -> None:
    change = change_of(events)
    rules = [rule for rule in RULES if rule.on_change]
    assert not [r.name for r in rules if is_skipped(r, change) and concludes(r, change)]
    every = [
        alert for rule in rules if rule.on_change for alert in rule.on_change(rule, change).opens
    ]
    assert list(judge(change).opens) == every


def test_control_a_rule_that_names_too_few_kinds_is_found_out() -> None:
    boar = Event(
        id="1",
        device=CAMERA.id,
        kind=Kind.DETECTION,
        observed_at=at(1),
        received_at=at(1),
        time_quality=TimeQuality.SYNCED,
        species="boar",
    )
    change = change_of([boar])
    rules = [replace(rule, kinds=frozenset({Kind.TAMPER})) for rule in RULES if rule.on_change]
    found = [rule.name for rule in rules if is_skipped(rule, change) and concludes(rule, change)]
    assert {"living_area", "first_appearance"} <= set(found)
