"""Rules about traps: sprung, visit due. PURE. Owns these rules; must not know other traps' sites."""

from collections.abc import Mapping
from datetime import timedelta

from gateway.alerts.rules.types import (
    NOTHING,
    Change,
    Condition,
    End,
    Rule,
    Ruling,
    Tick,
    alert_id,
)
from gateway.domain import trap_lifecycle
from gateway.domain.device_state import order
from gateway.domain.epoch import from_ms
from gateway.domain.model import Alert, DeviceState, Kind, TrapState
from gateway.domain.traps import outcomes, visits


def sprung(rule: Rule, change: Change) -> Ruling:
    """Opens when a trap springs, by sensor and people together; ends when it is no longer sprung."""
    if _is_trap_unchanged(change.before, change.after):  # the frequent case
        return NOTHING
    before, after = _known(change.before), trap_lifecycle.last_known(change.after)
    again = after.state is TrapState.SPRUNG and _set_between(change)
    if before is after.state and not again:
        return NOTHING
    if after.state is not TrapState.SPRUNG:
        by = after.by or outcomes.SET_AGAIN
        return Ruling(ends=[_end(rule, change, by)])
    springs = [event for event in change.events if event.kind is Kind.SPRUNG]
    if not springs:
        return NOTHING  # a person's late action changed an old spring: no new alert
    cause = springs[-1]
    if cause.id in change.quiet:
        return NOTHING  # a retained message of a trap that is new to us: a state, no new alert
    ends = [End(rule.name, change.device.id, outcomes.SET_AGAIN)] if again else []
    return Ruling(
        ends=ends,
        opens=[
            Alert(
                id=alert_id(rule.name, change.device.id, cause.id),
                rule=rule.name,
                subject=change.device.id,
                level=rule.level,
                observed_at=cause.observed_at,
                opened_at=change.now,
                event=cause.id,
            )
        ],
    )


def _is_trap_unchanged(before: DeviceState | None, after: DeviceState) -> bool:
    """Whether nothing differs that says what the trap does, and people were notified of that."""
    return (
        before is not None
        and not before.hearsay
        and before.act is after.act
        and before.trap is after.trap
        and before.trap_head == after.trap_head
        and before.set_head == after.set_head
        and before.sprung_head == after.sprung_head
    )


def _end(rule: Rule, change: Change, by: str) -> End:
    """The end, with the outcome that a person recorded, if it was one."""
    act = change.after.act
    if act is None or by == outcomes.SET_AGAIN:
        return End(rule.name, change.device.id, by)
    return End(rule.name, change.device.id, by, outcomes.summary(act), act.id)


def _known(state: DeviceState | None) -> TrapState | None:
    """The state that people were notified of: not one known from a retained message only."""
    is_told = state is None or not state.hearsay or state.act is not None
    return trap_lifecycle.last_known(state).state if is_told else None


def _set_between(change: Change) -> bool:
    """Whether a sprung trap was set and sprang again within one batch: a second capture."""
    if change.before is None or change.before.trap is not TrapState.SPRUNG:
        return False
    last = change.before.trap_head
    kinds = [event.kind for event in change.events if order(event) > last]
    return Kind.SET in kinds and Kind.SPRUNG in kinds[kinds.index(Kind.SET) :]


def outcome_missing(tick: Tick, open_subjects: frozenset[str]) -> Mapping[str, Condition]:
    """Traps that were set again after a spring while nobody said what was in them."""
    return tick.missing


def visit_due(tick: Tick, open_subjects: frozenset[str]) -> Mapping[str, Condition]:
    """Working traps without a person's visit for `visit_every_days`, after `visit_due_hour`."""
    hour = tick.now.astimezone(tick.policy.zone).hour
    plan = tick.policy.visit_plan
    return {
        device.id: Condition(tick.now)
        for device in tick.devices.values()
        if 0 <= tick.policy.limits(device).visit_due_hour <= hour
        and visits.is_due(device, tick.states.get(device.id), plan, tick.now)
    }


def still_unvisited(alert: Alert, tick: Tick) -> bool:
    """Whether nobody has visited the device since the alert's newest cause."""
    state = tick.states.get(alert.subject)
    last = max(filter(None, (alert.observed_at, alert.last_at, alert.reopened_at)))
    return state is None or from_ms(state.visited_ms) <= last


def still_recent(alert: Alert, tick: Tick) -> bool:
    """Whether the newest cause of the alert is less than `calm_min` old."""
    last = max(alert.last_at or alert.observed_at, alert.opened_at)
    return tick.now - last < timedelta(minutes=tick.policy.limits(None).calm_min)
