"""Rules about devices that nobody registered, and about identities that are used twice. PURE."""

from collections.abc import Mapping

from gateway.alerts.rules.types import Condition, Rule, Ruling, Tick, UnapprovedCaptures, alert_id
from gateway.domain.model import DOUBTS, Alert, Event

ONE_BY_ONE = 5  # devices an hour that get an alert of their own
MANY = "*"  # subject of the one alert about all others


def spring(rule: Rule, reports: UnapprovedCaptures) -> Ruling:
    """A device that does not count reports a capture: each device once, many of them together."""
    room = max(0, ONE_BY_ONE - reports.lately)
    alone, others = reports.springs[:room], [*reports.springs[room:], *reports.unlisted]
    opens = [_alert(rule, event.device, event, reports) for event in alone]
    opens += [_alert(rule, MANY, event, reports) for event in others]
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


def unregistered(alert: Alert, tick: Tick) -> bool:
    """Whether the device is still not registered; the alert about many stands until a person ends it."""
    return alert.subject not in tick.devices


def many_names(tick: Tick, open_subjects: frozenset[str]) -> Mapping[str, Condition]:
    """Somebody appears under more names than the list takes."""
    return tick.floods


def two_boards(tick: Tick, open_subjects: frozenset[str]) -> Mapping[str, Condition]:
    """A device's boot number goes back and forth."""
    return tick.doubles
