"""Rules about the gateway itself and about people: faults, unanswered alerts. PURE."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from gateway.alerts.rules.types import Condition, Tick
from gateway.domain.model import URGENT, Alert, AlertStatus


def fault(tick: Tick, open_subjects: frozenset[str]) -> Mapping[str, Condition]:
    """Every part with a fault: disk, clock, broker, sink, certificate, channel ..."""
    return {part: Condition(tick.now, what) for part, what in tick.faults.items()}


def unanswered(tick: Tick, open_subjects: frozenset[str]) -> Mapping[str, Condition]:
    """Urgent alerts that nobody has acknowledged in time, or that were without an outcome."""
    limit = timedelta(minutes=tick.policy.limits(None).unanswered_min)
    return {
        alert.subject: Condition(alert.observed_at)
        for alert in tick.open
        if alert.level in URGENT
        and (since := _unanswered_since(alert))
        and tick.now - since >= limit
    }


def _unanswered_since(alert: Alert) -> datetime | None:
    """Since when somebody should have answered; None: somebody did, or is expected at no time."""
    if alert.status is AlertStatus.ACKNOWLEDGED:
        return alert.expected_at
    return alert.reopened_at or alert.opened_at
