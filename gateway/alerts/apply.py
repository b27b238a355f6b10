"""Writes the conclusions of the rules and the deliveries that follow from them.

Owns these writes, inside the caller's transaction. Must not send.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from gateway.alerts import rules
from gateway.alerts.policy import Policy
from gateway.domain.alerts.lifecycle import ENDED_STEP
from gateway.domain.alerts.rule_name import RuleName
from gateway.domain.model import Alert
from gateway.domain.outcome import Outcome
from gateway.store import Transaction

BESIDE: Mapping[
    str, tuple[RuleName, ...]
] = {  # whoever was notified of these about the same trap is notified of the change too
    RuleName.TRAP_SPRUNG: (RuleName.UNANSWERED,),
    RuleName.OUTCOME_MISSING: (RuleName.TRAP_SPRUNG, RuleName.UNANSWERED),
}


def apply(
    tx: Transaction, outcome: Outcome, ruling: rules.Ruling, policy: Policy, now: datetime
) -> None:
    """Resolve and open alerts as the rules conclude, and add the deliveries to the outbox."""
    policy.know(tx.people.known)
    for end in ruling.ends:
        if alert := tx.alerts.resolve(end.rule, end.subject, end.by, now, end.how, end.outcome):
            outcome.ended.append(alert)
            withdraw(tx, alert, policy, now)
    reopen = timedelta(minutes=policy.alerts.reopen_min)
    for found in ruling.opens:
        alert, is_new = tx.alerts.open(found, reopen)
        (outcome.opened if is_new else outcome.changed).append(alert)
        for delivery in policy.first(alert, tx.devices.get(alert.subject), now) if is_new else ():
            tx.outbox.add(alert, delivery)


def withdraw(tx: Transaction, alert: Alert, policy: Policy, now: datetime) -> None:
    """After an alert has ended: remove its unsent deliveries, and send its end to machines and people."""
    policy.know(tx.people.known)
    tx.outbox.drop(alert)
    for delivery in policy.over(alert, now, tx.outbox.told(alert)):
        tx.outbox.add(alert, delivery)
    if alert.how:
        tell_news(tx, alert, policy, now, ENDED_STEP, alert.resolved_by)


def tell_news(
    tx: Transaction, alert: Alert, policy: Policy, now: datetime, step: int, by: str
) -> None:
    """Plan that everyone who was notified of an alert, but `by`, gets who goes or how it ended."""
    notified = tx.outbox.told(alert)
    for rule in BESIDE.get(alert.rule, ()):
        other = tx.alerts.last(rule, alert.subject)
        if other and other.last_moment >= alert.observed_at:
            notified |= tx.outbox.told(other)
    for delivery in policy.news(alert, now, notified, step, by):
        tx.outbox.add(alert, delivery)
