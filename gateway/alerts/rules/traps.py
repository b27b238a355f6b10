"""Rules about traps: sprung, visit due. PURE. Owns these rules; must not know other traps' sites."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from gateway.alerts.rules.types import Change, Condition, End, Rule, Ruling, Tick, alert_id
from gateway.domain import trap_lifecycle
from gateway.domain.device_state import order
from gateway.domain.epoch import from_ms
from gateway.domain.model import Alert, Device, DeviceState, Kind, Role, TrapState

UNNAMED_AREA = "-"


def sprung(rule: Rule, change: Change) -> Ruling:
    """Opens when a trap springs, by sensor and people together; ends when it is no longer sprung."""
    before, after = _known(change.before), trap_lifecycle.last_known(change.after)
    again = after.state is TrapState.SPRUNG and _set_between(change)
    if before is after.state and not again:
        return Ruling()
    if after.state is not TrapState.SPRUNG:
        by = after.by or "trap.set"
        return Ruling(ends=[End(rule.name, change.device.id, by)])
    springs = [event for event in change.events if event.kind is Kind.SPRUNG]
    if not springs:
        return Ruling()  # a person's late action changed an old spring: no new alert
    cause = springs[-1]
    if cause.id in change.quiet:
        return Ruling()  # a retained message of a trap that is new to us: a state, no new alert
    ends = [End(rule.name, change.device.id, "trap.set")] if again else []
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


def visit_due(tick: Tick, open_subjects: frozenset[str]) -> Mapping[str, Condition]:
    """Areas with a working trap that was not visited today, after `visit_due_hour`."""
    local = tick.now.astimezone(tick.policy.zone)
    today = local.replace(hour=0, minute=0, second=0, microsecond=0)
    due: dict[str, list[str]] = {}
    for device in tick.devices.values():
        hour = tick.policy.limits(device).visit_due_hour
        if 0 <= hour <= local.hour and _unvisited(device, tick.states.get(device.id), today):
            due.setdefault(device.area or UNNAMED_AREA, []).append(device.label)
    return {area: Condition(tick.now, _names(labels)) for area, labels in due.items()}


def _unvisited(device: Device, state: DeviceState | None, today: datetime) -> bool:
    if device.role is not Role.TRAP or state is None:
        return False
    found = trap_lifecycle.last_known(state)
    if found.at_rest or found.state is None:
        return False
    newest = max(state.visited_ms, state.set_head[0])  # arming a trap is a visit
    set_today = found.since is not None and found.since >= today.astimezone(UTC)
    return from_ms(newest) < today and not (set_today and found.state is TrapState.ARMED)


def _names(labels: list[str]) -> str:
    more = f" +{len(labels) - 2}" if len(labels) > 2 else ""
    return "、".join(sorted(labels)[:2]) + more


def still_unvisited(alert: Alert, tick: Tick) -> bool:
    """Whether nobody has visited the device since the alert's newest cause."""
    state = tick.states.get(alert.subject)
    last = max(filter(None, (alert.observed_at, alert.last_at, alert.reopened_at)))
    return state is None or from_ms(state.visited_ms) <= last


def still_recent(alert: Alert, tick: Tick) -> bool:
    """Whether the newest cause of the alert is less than `calm_min` old."""
    last = max(alert.last_at or alert.observed_at, alert.opened_at)
    return tick.now - last < timedelta(minutes=tick.policy.limits(None).calm_min)
