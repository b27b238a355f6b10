"""Applies the rules: from a change of a device's state, or the passing of time, to alerts. PURE.

Owns how the rules are applied (`table` lists them). Must not send, store or read a clock.
"""

import msgspec

from gateway.alerts.rules.table import RULES, TABLE
from gateway.alerts.rules.types import (
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


def judge(change: Change) -> Ruling:
    """The conclusions of all rules about one change."""
    result = Ruling()
    for rule in RULES:
        if rule.on_change:
            ruling = rule.on_change(rule, change)
            result.opens.extend(ruling.opens)
            result.ends.extend(ruling.ends)
    if doubts := {e.id: e.time_quality for e in change.events if e.time_quality in DOUBTS}:
        result.opens = [
            msgspec.structs.replace(alert, doubt=doubts.get(alert.event or ""))
            for alert in result.opens
        ]
    return result


def judge_reports(reports: UnapprovedCaptures) -> Ruling:
    """The conclusions of all rules about captures reported by devices that are not approved."""
    result = Ruling()
    for rule in RULES:
        if rule.on_reports:
            result.opens.extend(rule.on_reports(rule, reports).opens)
    return result


def judge_tick(tick: Tick) -> Ruling:
    """The conclusions of all rules at a time: conditions that began or ended, alerts that expired."""
    result = Ruling()
    for rule in RULES:
        open_now = {alert.subject: alert for alert in tick.open if alert.rule == rule.name}
        if rule.is_condition:
            found = _found(rule, tick, frozenset(open_now))
            result.opens += [
                _alert(rule, subject, finding, tick)
                for subject, finding in found.items()
                if subject not in open_now
            ]
            over = [subject for subject in open_now if subject not in found]
        else:
            over = [
                s for s, alert in open_now.items() if rule.still and not rule.still(alert, tick)
            ]
        result.ends += [End(rule.name, subject, "time") for subject in over]
    return result


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
