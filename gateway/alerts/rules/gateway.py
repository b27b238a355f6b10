"""Rules about the gateway itself and about people: faults, unanswered alerts. PURE."""

from collections.abc import Mapping
from datetime import timedelta

from gateway.alerts.rules.types import Condition, Tick
from gateway.domain.model import URGENT, AlertStatus


def fault(tick: Tick, open_subjects: frozenset[str]) -> Mapping[str, Condition]:
    """Every part with a fault: disk, clock, broker, sink, certificate, channel ..."""
    return {part: Condition(tick.now, what) for part, what in tick.faults.items()}


def unanswered(tick: Tick, open_subjects: frozenset[str]) -> Mapping[str, Condition]:
    """Urgent alerts that nobody has acknowledged in time."""
    limit = timedelta(minutes=tick.policy.limits(None).unanswered_min)
    return {
        alert.subject: Condition(alert.observed_at)
        for alert in tick.open
        if alert.status is not AlertStatus.ACKNOWLEDGED
        and alert.level in URGENT
        and tick.now - (alert.reopened_at or alert.opened_at) >= limit
    }
