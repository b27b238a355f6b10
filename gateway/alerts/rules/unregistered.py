"""Rules about unregistered devices and about identities used by two boards. PURE."""

from collections.abc import Mapping

from gateway.alerts.rules.types import Condition, Rule, Ruling, Tick, UnapprovedCaptures, alert_id
from gateway.domain.model import DOUBTS, Alert, Event

SINGLE_ALERTS = 5  # devices per hour with an own alert
ALL_OTHERS = "*"  # subject of the one alert about all others


def spring(rule: Rule, reports: UnapprovedCaptures) -> Ruling:
    """Captures reported by devices that are not approved: one alert per device, many share one."""
    room = max(0, SINGLE_ALERTS - reports.lately)
    alone, others = reports.springs[:room], [*reports.springs[room:], *reports.unlisted]
    opens = [_alert(rule, event.device, event, reports) for event in alone]
    opens += [_alert(rule, ALL_OTHERS, event, reports) for event in others]
    return Ruling(opens=opens)


def _alert(rule: Rule, subject: str, event: Event, reports: UnapprovedCaptures) -> Alert:
    return Alert(
        id=alert_id(rule.name, subject, f"{event.device} {event.id}"),
        rule=rule.name,
        subject=subject,
        level=rule.level,
        observed_at=event.observed_at,
        opened_at=reports.now,
        doubt=event.time_quality if event.time_quality in DOUBTS else None,
    )


def still_unregistered(alert: Alert, tick: Tick) -> bool:
    """Whether the device is still not registered; a person must end the alert about many."""
    return alert.subject not in tick.devices


def many_names(tick: Tick, open_subjects: frozenset[str]) -> Mapping[str, Condition]:
    """Topic filters under which more names appear than the list holds."""
    return tick.floods


def two_boards(tick: Tick, open_subjects: frozenset[str]) -> Mapping[str, Condition]:
    """Devices whose boot number goes back and forth."""
    return tick.doubles
