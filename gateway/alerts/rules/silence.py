"""Rules about silence: a device, or many at once, that give no sign of life. PURE.

Silence begins at a tick and ends with the device's next message. The number of heartbeats that may be
missing is a threshold (`gateway.config.thresholds`).
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from gateway.alerts.rules.types import NOTHING, Change, Condition, End, Rule, Ruling, Tick
from gateway.domain import trap_lifecycle
from gateway.domain.alerts.rule_name import RuleName
from gateway.domain.epoch import NEVER
from gateway.domain.model import Device, Role

OVERDUE = 1.5  # heartbeats since the last message: one is missing
RECOVERED_SHARE = 0.2  # of a group still overdue: the common fault has ended
EVERYTHING = "*"


def silent(tick: Tick, open_subjects: frozenset[str]) -> Mapping[str, Condition]:
    """Devices without a message for too long, except those that `many_silent` reports."""
    shared = set[str]().union(*_shared(tick).values())
    return {
        device.id: Condition(tick.states[device.id].last_seen)
        for device in _expected(tick)
        if _is_quiet(device, tick, device.id in open_subjects)
        and (device.id in open_subjects or device.id not in shared)
    }


def many_silent(tick: Tick, open_subjects: frozenset[str]) -> Mapping[str, Condition]:
    """Groups of devices that are silent at once: one condition per group."""
    return {
        group: Condition(min(tick.states[id_].last_seen for id_ in members), f"{len(members)}")
        for group, members in _shared(tick).items()
    }


def _shared(tick: Tick) -> dict[str, set[str]]:
    """Groups that became silent together: subject -> overdue members; the widest group is used."""
    limits = tick.policy.limits(None)
    open_now = {alert.subject for alert in tick.open if alert.rule == RuleName.MANY_SILENT}
    found: dict[str, set[str]] = {}
    explained: set[str] = set()
    for group, members in _groups(tick):
        is_open = group in open_now
        overdue = {d.id for d in members if _silence(d, tick, is_open) > OVERDUE}
        share = RECOVERED_SHARE if is_open else limits.many_silent_share
        enough = len(overdue) >= limits.many_silent and len(overdue) >= share * len(members)
        begun = is_open or any(_is_quiet(device, tick, was_open=False) for device in members)
        if begun and enough and not overdue <= explained:
            found[group] = overdue
            explained |= overdue
    return found


def _groups(tick: Tick) -> Iterator[tuple[str, list[Device]]]:
    """The groups of devices, widest first: all, one dialect's network, one area's radio cell."""
    expected = _expected(tick)
    yield EVERYTHING, expected
    for field in ("dialect", "area"):
        by_value: dict[str, list[Device]] = {}
        for device in expected:
            if value := getattr(device, field):
                by_value.setdefault(value, []).append(device)
        for value, members in sorted(by_value.items()):
            yield f"{field}:{value}", members


def _expected(tick: Tick) -> list[Device]:
    """Devices that should send: they have sent before, and are not paused or removed."""
    return [
        device
        for device in tick.devices.values()
        if (state := tick.states.get(device.id))
        and state.last_seen > NEVER
        and not (device.role is Role.TRAP and trap_lifecycle.last_known(state).at_rest)
    ]


def _silence(device: Device, tick: Tick, was_open: bool) -> float:
    """Heartbeats missed in a row; time without a connection to the broker does not count."""
    last = tick.states[device.id].last_seen
    if not was_open:
        last = max(last, tick.listening or tick.now, *_ends(device, tick))
    return (tick.now - last) / timedelta(seconds=device.heartbeat_s)


def _ends(device: Device, tick: Tick) -> list[datetime]:
    """When the device's outages ended: from then on it gets time to send again."""
    shared = {EVERYTHING, f"dialect:{device.dialect}", f"area:{device.area}"}
    lasting = (alert for alert in tick.open if alert.rule == RuleName.MANY_SILENT)
    every = [*tick.outages, *lasting]
    return [alert.resolved_at or tick.now for alert in every if alert.subject in shared]


def _is_quiet(device: Device, tick: Tick, was_open: bool) -> bool:
    return _silence(device, tick, was_open) > tick.policy.limits(device).silent_heartbeats


def heard_again(rule: Rule, change: Change) -> Ruling:
    """Ends the alert at the first message after a silence."""
    if change.before is None:
        return NOTHING
    quiet_s = change.device.heartbeat_s * change.limits.silent_heartbeats
    if (change.after.last_seen - change.before.last_seen).total_seconds() <= quiet_s:
        return NOTHING
    return Ruling(ends=[End(rule.name, change.device.id, "heard again")])
