"""Traps that were set again after a spring while nobody said what was in them. No I/O of its own.

Owns the look-ups in a transaction. Which springs count: `gateway.domain.traps.outcomes`.
"""

from datetime import datetime, timedelta

from gateway.alerts.policy import Policy
from gateway.alerts.rules.types import Condition
from gateway.domain.epoch import from_ms, ms
from gateway.domain.model import Alert
from gateway.domain.traps import outcomes
from gateway.store import Transaction


def springs(
    tx: Transaction, policy: Policy, now: datetime, device: str | None = None
) -> list[Alert]:
    """The alerts about springs that are recent enough to ask for, of one trap or of all."""
    since = now - timedelta(days=policy.limits(None).outcome_missing_days)
    return tx.alerts.springs(since, device)


def missing(
    tx: Transaction, policy: Policy, now: datetime, device: str | None = None
) -> list[Alert]:
    """Those without an outcome, oldest first."""
    return [one for one in springs(tx, policy, now, device) if outcomes.is_missing(one)]


def conditions(tx: Transaction, policy: Policy, now: datetime) -> dict[str, Condition]:
    """Device -> since when an outcome is missing, and how many are."""
    found: dict[str, list[Alert]] = {}
    for alert in missing(tx, policy, now):
        found.setdefault(alert.subject, []).append(alert)
    return {
        device: Condition(alerts[0].observed_at, str(len(alerts)) if len(alerts) > 1 else "")
        for device, alerts in found.items()
    }


def found_at(tx: Transaction, spring: Alert) -> datetime:
    """When the outcome of a spring was found, where nobody said a time."""
    set_ms = tx.journal.set_after(spring.subject, ms(spring.observed_at))
    return outcomes.time_of_an_outcome(spring, None if set_ms is None else from_ms(set_ms))
