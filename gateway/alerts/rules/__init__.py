"""Applies the rules: from a change of a device's state, or the passing of time, to alerts. PURE.

Owns how the rules are applied (`table` lists them). Must not send, store or read a clock.
"""

import msgspec

from gateway.alerts.rules.table import RULES, TABLE
from gateway.alerts.rules.types import (
    NOTHING,
    Audience,
    Change,
    Condition,
    End,
    Rule,
    Ruling,
    SitePolicy,
    Tick,
    UnapprovedCaptures,
    WatchedArea,
    alert_id,
)
from gateway.config.thresholds import Limits
from gateway.domain.epoch import ms
from gateway.domain.model import DOUBTS, Alert

_ON_CHANGE = tuple((rule, rule.on_change, rule.kinds) for rule in RULES if rule.on_change)


def judge(change: Change) -> Ruling:
    """The conclusions of all rules about one change."""
    kinds = {event.kind for event in change.events}
    found = [
        ruling
        for rule, on_change, wanted in _ON_CHANGE
        if (wanted is None or not wanted.isdisjoint(kinds))
        and (ruling := on_change(rule, change)) is not NOTHING
    ]
    if not found:  # the frequent case
        return NOTHING
    opens = [alert for ruling in found for alert in ruling.opens]
    ends = [end for ruling in found for end in ruling.ends]
    return Ruling(_with_doubts(opens, change) if opens else (), ends)


def _with_doubts(alerts: list[Alert], change: Change) -> list[Alert]:
    """The alerts; those of an event whose time is doubtful say so."""
    doubts = {e.id: e.time_quality for e in change.events if e.time_quality in DOUBTS}
    if not doubts:
        return alerts
    return [msgspec.structs.replace(alert, doubt=doubts.get(alert.event or "")) for alert in alerts]


def judge_reports(reports: UnapprovedCaptures) -> Ruling:
    """The conclusions of all rules about captures reported by devices that are not approved."""
    return Ruling(
        [
            alert
            for rule in RULES
            if rule.on_reports
            for alert in rule.on_reports(rule, reports).opens
        ]
    )


def judge_tick(tick: Tick) -> Ruling:
    """The conclusions of all rules at a time: conditions that began or ended, alerts that expired."""
    opens, ends = list[Alert](), list[End]()
    for rule in RULES:
        open_now = {alert.subject: alert for alert in tick.open if alert.rule == rule.name}
        if rule.is_condition:
            found = _found(rule, tick, frozenset(open_now))
            opens += [
                _alert(rule, subject, finding, tick)
                for subject, finding in found.items()
                if subject not in open_now
            ]
            over = [subject for subject in open_now if subject not in found]
        else:
            over = [
                s for s, alert in open_now.items() if rule.still and not rule.still(alert, tick)
            ]
        ends += [End(rule.name, subject, "time") for subject in over]
    return Ruling(opens, ends)


def _found(rule: Rule, tick: Tick, open_now: frozenset[str]) -> dict[str, Condition]:
    found: dict[str, Condition] = {}
    if rule.on_site:
        found.update(rule.on_site(tick, open_now))
    if rule.on_device:
        for id_, device in tick.devices.items():
            state = tick.states.get(id_)
            limits = tick.policy.limits(device)
            if state and (finding := rule.on_device(device, state, tick, limits, id_ in open_now)):
                found[id_] = finding
    return found


def _alert(rule: Rule, subject: str, finding: Condition, tick: Tick) -> Alert:
    return Alert(
        id=alert_id(rule.name, subject, str(ms(tick.now))),
        rule=rule.name,
        subject=subject,
        level=rule.level,
        observed_at=finding.since,
        opened_at=tick.now,
        note=finding.note,
    )


__all__ = [
    "NOTHING",
    "RULES",
    "TABLE",
    "Alert",
    "Audience",
    "Change",
    "Condition",
    "End",
    "Limits",
    "Rule",
    "Ruling",
    "SitePolicy",
    "Tick",
    "UnapprovedCaptures",
    "WatchedArea",
    "alert_id",
    "judge",
    "judge_reports",
    "judge_tick",
]
