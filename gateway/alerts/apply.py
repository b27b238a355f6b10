"""Writing what the rules conclude, and promising the deliveries that follow.

Runs inside the caller's transaction. Must not send.
"""

from datetime import datetime, timedelta

from gateway.alerts import rules
from gateway.alerts.policy import Policy
from gateway.domain.model import Alert
from gateway.domain.outcome import Outcome
from gateway.store import Transaction


def apply(
    tx: Transaction, outcome: Outcome, ruling: rules.Ruling, policy: Policy, now: datetime
) -> None:
    """Write what the rules conclude, and promise the deliveries that follow."""
    policy.know(tx.people.known)
    for end in ruling.ends:
        if alert := tx.alerts.resolve(end.rule, end.subject, end.by, now):
            outcome.ended.append(alert)
            withdraw(tx, alert, policy, now)
    reopen = timedelta(minutes=policy.alerts.reopen_min)
    for found in ruling.opens:
        alert, is_new = tx.alerts.open(found, reopen)
        (outcome.opened if is_new else outcome.changed).append(alert)
        for promise in policy.first(alert, tx.devices.get(alert.subject), now) if is_new else ():
            tx.outbox.add(alert, promise)


def withdraw(tx: Transaction, alert: Alert, policy: Policy, now: datetime) -> None:
    """An alert is over: unsaid news need not be said, and sirens are told to stop."""
    policy.know(tx.people.known)
    tx.outbox.drop(alert)
    for promise in policy.over(alert, now):
        tx.outbox.add(alert, promise)
