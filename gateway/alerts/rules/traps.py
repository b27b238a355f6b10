"""Rules about traps: sprung, visit due. PURE."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from gateway.alerts.rules.types import Change, Condition, End, Rule, Ruling, Tick, alert_id
from gateway.domain import trap_lifecycle
from gateway.domain.device_state import order
from gateway.domain.epoch import from_ms
from gateway.domain.model import Alert, Device, DeviceState, Kind, Role, TrapState

UNNAMED_AREA = "-"


def sprung(rule: Rule, change: Change) -> Ruling:
    """A trap springs, as sensor and people tell together; ends when it is no longer sprung."""
    before, after = _known(change.before), trap_lifecycle.last_known(change.after)
    again = after.state is TrapState.SPRUNG and _set_between(change)
    if before is after.state and not again:
        return Ruling()
    if after.state is not TrapState.SPRUNG:
        by = after.by or "trap.set"
        return Ruling(ends=[End(rule.name, change.device.id, by)])
    springs = [event for event in change.events if event.kind is Kind.SPRUNG]
    if not springs:
        return Ruling()  # a person's late word changed how an old spring reads: no news
    cause = springs[-1]
    if cause.id in change.quiet:
        return Ruling()  # a broker's memory of a trap never heard before: a state, not news
    ends = [End(rule.name, change.device.id, "trap.set")] if again else []
    return Ruling(ends=ends, opens=[Alert(
        id=alert_id(rule.name, change.device.id, cause.id),
        rule=rule.name,
        subject=change.device.id,
        level=rule.level,
        observed_at=cause.observed_at,
        opened_at=change.now,
        event=cause.id,
    )])  # fmt: skip


def _known(state: DeviceState | None) -> TrapState | None:
    """What people have been told of the trap: not what only a broker had kept."""
    is_told = state is None or not state.hearsay or state.act is not None
    return trap_lifecycle.last_known(state).state if is_told else None


def _set_between(change: Change) -> bool:
    """Whether a sprung trap was set and sprang again within one batch: another capture."""
    if change.before is None or change.before.trap is not TrapState.SPRUNG:
        return False
    last = change.before.trap_head
    kinds = [event.kind for event in change.events if order(event) > last]
    return Kind.SET in kinds and Kind.SPRUNG in kinds[kinds.index(Kind.SET) :]


def visit_due(tick: Tick, open_subjects: frozenset[str]) -> Mapping[str, Condition]:
    """Areas with a working trap that nobody has visited today, from the hour of the site on."""
    local = tick.now.astimezone(tick.law.zone)
    today = local.replace(hour=0, minute=0, second=0, microsecond=0)
    due: dict[str, list[str]] = {}
    for device in tick.devices.values():
        hour = tick.law.limits(device).visit_due_hour
        if 0 <= hour <= local.hour and _unvisited(device, tick.states.get(device.id), today):
            due.setdefault(device.area or UNNAMED_AREA, []).append(device.label)
    return {area: Condition(tick.now, _names(labels)) for area, labels in due.items()}


def _unvisited(device: Device, state: DeviceState | None, today: datetime) -> bool:
    if device.role is not Role.TRAP or state is None:
        return False
    found = trap_lifecycle.last_known(state)
    if found.at_rest or found.state is None:
        return False
    newest = max(state.visited_ms, state.set_head[0])  # whoever arms a trap stands beside it
    set_today = found.since is not None and found.since >= today.astimezone(UTC)
    return from_ms(newest) < today and not (set_today and found.state is TrapState.ARMED)


def _names(labels: list[str]) -> str:
    more = f" +{len(labels) - 2}" if len(labels) > 2 else ""
    return "、".join(sorted(labels)[:2]) + more


def still_unvisited(alert: Alert, tick: Tick) -> bool:
    """Whether nobody has stood at the device since the alert's last cause (tamper lasts until then)."""
    state = tick.states.get(alert.subject)
    last = max(filter(None, (alert.observed_at, alert.last_at, alert.reopened_at)))
    return state is None or from_ms(state.visited_ms) <= last


def recent(alert: Alert, tick: Tick) -> bool:
    """Whether the last cause of an appearance's alert is younger than the calm of the site."""
    last = max(alert.last_at or alert.observed_at, alert.opened_at)
    return tick.now - last < timedelta(minutes=tick.law.limits(None).calm_min)
