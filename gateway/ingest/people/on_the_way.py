"""Somebody says that they are on the way to what an alert reports: until when, and who is notified of it.

Owns what such an answer changes. Runs on the writer's thread. Must not read a clock.
"""

from datetime import datetime, timedelta

from msgspec.structs import replace

from gateway.alerts.apply import tell_news
from gateway.alerts.policy import Policy
from gateway.domain.alerts.lifecycle import TAKEN_STEP, AlertChange, change_status, is_late
from gateway.domain.model import URGENT, Alert, AlertStatus
from gateway.domain.outcome import Outcome
from gateway.domain.traps import underway
from gateway.store import Transaction

DOUBLE_TAP = timedelta(minutes=5)  # the same choice again within it changes nothing


def take(
    tx: Transaction,
    alert: Alert,
    by: str,
    policy: Policy,
    now: datetime,
    through: str = "",
    choice: str = "",
) -> Outcome | None:
    """Acknowledge an alert, or say another time; None if it is over or somebody else is on the way.

    `choice`: the expected time as a page offers it (`underway`). Who answers the same twice acts once.
    Another person may go once the expected time has passed. Raises ValueError for an unknown choice.
    """
    settings = policy.actions
    at = underway.expected(choice, settings.underway_min, settings.evening_hour, now, policy.zone)
    change = AlertChange.ACKNOWLEDGE
    if alert.status is AlertStatus.ACKNOWLEDGED:
        own = alert.acknowledged_by == by
        same = alert.expected_at is None or abs(at - alert.expected_at) < DOUBLE_TAP
        if own and not is_late(alert, now) and (same or not choice):
            return Outcome(repeated=True)
        if not own and not is_late(alert, now):
            return None
        change = AlertChange.TAKE_OVER
    changed = change_status(alert, change, now, by, through)
    if changed is None:
        return None
    outcome = Outcome()
    put(tx, outcome, replace(changed, expected_at=at), policy, now, before=alert)
    return outcome


def put(
    tx: Transaction, outcome: Outcome, alert: Alert, policy: Policy, now: datetime, before: Alert
) -> None:
    """Store an acknowledged alert; notify those who know the alert who goes, except that person."""
    if not policy.expects_outcome(alert):
        alert = replace(alert, expected_at=None)
    outcome.changed.append(tx.alerts.put(alert))
    policy.know(tx.people.known)
    if alert.level in URGENT and alert.acknowledged_by != before.acknowledged_by:
        tell_news(tx, alert, policy, now, TAKEN_STEP, alert.acknowledged_by)
