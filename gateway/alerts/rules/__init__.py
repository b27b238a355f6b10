"""Rules: from a device's change of state, or the passing of time, to alerts. PURE.

Owns the rule table and how it is applied. Must not send, store or read a clock.
To add a rule: write its function in the module of its subject, add its row to RULES.
"""

import msgspec

from gateway.alerts.rules import devices, gateway, places, silence, traps, unregistered
from gateway.alerts.rules.types import (
    Audience,
    Change,
    Condition,
    End,
    Law,
    Rule,
    Ruling,
    Tick,
    UnapprovedCaptures,
    WatchedArea,
    alert_id,
)
from gateway.config.thresholds import Limits
from gateway.domain.epoch import ms
from gateway.domain.model import DOUBTS, Alert, AlertLevel

RULES: tuple[Rule, ...] = (
    Rule(
        name="trap_sprung", level=AlertLevel.CAPTURE, ja="わなが作動", en="Trap sprung",
        opens="the trap springs and nobody has recorded an outcome since",
        ends="the trap is set again, or a person records the outcome",
        urgent=True, on_change=traps.sprung,
    ),
    Rule(
        name="unregistered_spring", level=AlertLevel.CAPTURE,
        ja="未登録の機器がわなの作動を知らせています", en="Unregistered device: capture",
        opens="a device that waits for approval, or whose name had no room in the list, reports a "
              "capture; each device once, more than five an hour together",
        ends="the device is approved or revoked, or a person ends it",
        audience=Audience.OFFICE, urgent=True,
        on_reports=unregistered.spring, still=unregistered.unregistered,
    ),
    Rule(
        name="living_area", level=AlertLevel.DANGER, ja="危険な獣が出没", en="Dangerous animal",
        opens="a species of `danger_species` in or near land marked `living`",
        ends="calm for `calm_min`, or a person ends it",
        audience=Audience.ALL, urgent=True,
        on_change=places.living_area, still=traps.recent,
    ),
    Rule(
        name="protected_land", level=AlertLevel.WARNING, ja="保護区域に出没", en="Near protected land",
        opens="a species of the land's list in or within `near_m` of it, in its hours",
        ends="calm for `calm_min`, or a person ends it",
        on_change=places.protected_land, still=traps.recent,
    ),
    Rule(
        name="first_appearance", level=AlertLevel.INFO, ja="久しぶりの出没", en="First in a while",
        opens="a species that no sensor of the area saw for `first_after_days`",
        ends="calm for `calm_min`, or a person ends it",
        on_change=places.first_appearance, still=traps.recent,
    ),
    Rule(
        name="tamper", level=AlertLevel.WARNING, ja="センサーに異常な接触", en="Tampered with",
        opens="the device reports tampering",
        ends="a person records a visit, or ends it",
        on_change=devices.tamper, still=traps.visited,
    ),
    Rule(
        name="silent", level=AlertLevel.WARNING, ja="通信途絶", en="Silent",
        opens="no sign of life for `silent_heartbeats` heartbeats, and not with many others",
        ends="the device is heard again",
        on_change=silence.heard_again, on_site=silence.silent,
    ),
    Rule(
        name="many_silent", level=AlertLevel.WARNING, ja="多数が通信途絶", en="Many silent at once",
        opens="`many_silent` devices and `many_silent_share` of what shares a network, a dialect or "
              "an area are overdue",
        ends="one in five or fewer are still overdue",
        audience=Audience.OFFICE, urgent=True, on_site=silence.many_silent,
    ),
    Rule(
        name="battery_low", level=AlertLevel.WARNING, ja="電池残量低下", en="Battery low",
        opens="under `battery_low_pct` or `battery_low_v`, or the device says that it is low; without "
              "external power",
        ends="a tenth above the threshold, and the device does not say so",
        on_device=devices.battery_low,
    ),
    Rule(
        name="unread", level=AlertLevel.WARNING, ja="通知が読めない", en="Content cannot be read",
        opens="the content of the device's newest frame could not be read: codec, model or text",
        ends="a frame of it is read",
        on_device=devices.unread,
    ),
    Rule(
        name="battery_falling", level=AlertLevel.WARNING, ja="電池が急低下", en="Battery falling fast",
        opens="the lowest of a day fell by `battery_fall_pct` or `battery_fall_v` within "
              "`battery_fall_days`",
        ends="the fall is over",
        on_device=devices.battery_falling,
    ),
    Rule(
        name="weak_signal", level=AlertLevel.INFO, ja="電波が弱い", en="Weak signal",
        opens="under `weak_rssi_dbm` or `weak_snr_db`",
        ends="3 dB above the threshold",
        on_device=devices.weak_signal,
    ),
    Rule(
        name="moved", level=AlertLevel.WARNING, ja="位置がずれた", en="Moved",
        opens="reports a place more than `moved_m` (and 3 x its accuracy) from the registered one",
        ends="it is back, or its registered place was changed",
        on_device=devices.moved,
    ),
    Rule(
        name="many_names", level=AlertLevel.WARNING, ja="機器の名前が多すぎる", en="Too many device names",
        opens="devices that nobody registered appear under more names than the list takes "
              "(`unknown_names.py`); named by the topic filter that they share",
        ends="no such name for an hour, or the names were forgotten",
        audience=Audience.OFFICE, urgent=True, on_site=unregistered.many_names,
    ),
    Rule(
        name="two_boards", level=AlertLevel.WARNING, ja="同じ名前の基板が2枚", en="Two boards, one identity",
        opens="a device's boot number goes back and forth: two boards use the identity",
        ends="the number did not go back for a day",
        audience=Audience.OFFICE, urgent=True, on_site=unregistered.two_boards,
    ),
    Rule(
        name="visit_due", level=AlertLevel.WARNING, ja="見回り未実施", en="Visit due",
        opens="a working trap of the area has no visit today by `visit_due_hour`",
        ends="every trap is visited, or the day is over",
        on_site=traps.visit_due,
    ),
    Rule(
        name="unanswered", level=AlertLevel.WARNING, ja="応答なし", en="Nobody answered",
        opens="a capture or danger is not acknowledged within `unanswered_min`",
        ends="it is acknowledged or over",
        audience=Audience.OFFICE, urgent=True, on_site=gateway.unanswered,
    ),
    Rule(
        name="gateway_fault", level=AlertLevel.WARNING, ja="装置の故障", en="Gateway fault",
        opens="disk, clock, broker, sink, certificate or a channel of the gateway fails, messages wait "
        "to be judged for over ten minutes or may be lost, or the broker tells of a client id used twice "
        "or of refused logins",
        ends="the part works again",
        audience=Audience.OFFICE, urgent=True, gathered=False, on_site=gateway.fault,
    ),
)  # fmt: skip
TABLE = {rule.name: rule for rule in RULES}


def judge(change: Change) -> Ruling:
    """All rules on one change."""
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
    """All rules on what devices report that do not count."""
    result = Ruling()
    for rule in RULES:
        if rule.on_reports:
            result.opens.extend(rule.on_reports(rule, reports).opens)
    return result


def judge_tick(tick: Tick) -> Ruling:
    """All rules on the passing of time: conditions that began or ended, events grown old."""
    result = Ruling()
    for rule in RULES:
        open_now = {alert.subject: alert for alert in tick.open if alert.rule == rule.name}
        if rule.is_condition:
            found = _found(rule, tick, frozenset(open_now))
            result.opens += [_alert(rule, subject, finding, tick)
                             for subject, finding in found.items() if subject not in open_now]  # fmt: skip
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
            limits = tick.law.limits(device)
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
    "Law",
    "Limits",
    "Rule",
    "Ruling",
    "Tick",
    "UnapprovedCaptures",
    "WatchedArea",
    "alert_id",
    "judge",
    "judge_reports",
    "judge_tick",
]  # fmt: skip
