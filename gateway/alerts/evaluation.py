"""What changes as time passes: conditions begin and end, unanswered alerts escalate. One transaction.

Owns the order of these steps. Runs on the writer's thread; must not send or read a clock.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from gateway.alerts import missing_outcomes
from gateway.alerts.apply import apply
from gateway.alerts.policy import Policy
from gateway.alerts.rules import Tick, judge_tick
from gateway.alerts.rules.types import Condition
from gateway.domain.alerts import lifecycle as alert_lifecycle
from gateway.domain.alerts.lifecycle import AlertChange, Duty
from gateway.domain.alerts.rule_name import RuleName
from gateway.domain.epoch import NEVER
from gateway.domain.model import Alert, Standing
from gateway.domain.outcome import Outcome
from gateway.domain.refused import boot_numbers
from gateway.store import Transaction

WEEK = timedelta(days=7)
FLOOD_OVER = timedelta(hours=1)  # without a further name
FAULT_FOR = timedelta(hours=24)  # a delivery given up is a fault this long


def tick(
    tx: Transaction,
    now: datetime,
    policy: Policy,
    faults: Mapping[str, str] | None = None,
    listening: datetime | None = NEVER,
) -> Outcome:
    """Apply the rules and the escalation at `now`.

    `faults`: part of the gateway -> what is wrong with it; `listening`: since when messages arrive,
    None while there is no connection.
    """
    policy.know(tx.people.known)
    devices = {id_: d for id_, d in tx.devices.items() if d.standing is Standing.APPROVED}
    open_now = tx.alerts.all_open()
    wrong = dict(faults or {}) | _delivery_faults(tx, policy, now)
    outages = tx.alerts.over_since(RuleName.MANY_SILENT, now - WEEK)
    moment = Tick(
        now,
        devices,
        tx.states,
        open_now,
        policy,
        listening,
        outages,
        wrong,
        _floods(tx, now),
        _doubles(tx, now),
        missing_outcomes.conditions(tx, policy, now),
    )
    outcome = Outcome()
    apply(tx, outcome, judge_tick(moment), policy, now)
    _escalate(tx, outcome, policy, now)
    return outcome


def _escalate(tx: Transaction, outcome: Outcome, policy: Policy, now: datetime) -> None:
    for alert in tx.alerts.all_open():
        for number, step in alert_lifecycle.due_steps(alert, policy.steps, now):
            deliveries = policy.step(alert, tx.devices.get(alert.subject), now, number, step)
            for delivery in deliveries:
                tx.outbox.add(alert, delivery)
            alert = msgspec.structs.replace(alert, step=number)
            if deliveries and step.duty is not Duty.TRAPPER:
                alert = alert_lifecycle.change_status(alert, AlertChange.ESCALATE, now) or alert
            tx.alerts.put(alert)
            outcome.changed.append(alert)
        if alert.rule == RuleName.OUTCOME_MISSING:
            alert = _remind(tx, outcome, alert, policy, now)
        if policy.expects_outcome(alert):
            _ask_for_outcome(tx, outcome, alert, policy, now)


def _remind(
    tx: Transaction, outcome: Outcome, alert: Alert, policy: Policy, now: datetime
) -> Alert:
    """While an outcome is missing: remind its trapper, then tell deputy and office."""
    open_for = now - (alert.reopened_at or alert.opened_at)
    for number, step in enumerate(policy.missing_steps, start=1):
        if number > alert.step and open_for >= step.after:
            for delivery in policy.ask(alert, tx.devices.get(alert.subject), now, number, step):
                tx.outbox.add(alert, delivery)
            alert = tx.alerts.put(msgspec.structs.replace(alert, step=number))
            outcome.changed.append(alert)
    return alert


def _ask_for_outcome(
    tx: Transaction, outcome: Outcome, alert: Alert, policy: Policy, now: datetime
) -> None:
    """After the time at which somebody expected to be there: ask them, then tell deputy and office."""
    for number, step in alert_lifecycle.late_steps(alert, policy.late_steps, now):
        for delivery in policy.late(alert, tx.devices.get(alert.subject), now, number, step):
            tx.outbox.add(alert, delivery)
        alert = tx.alerts.put(msgspec.structs.replace(alert, late_step=number))
        outcome.changed.append(alert)


def _floods(tx: Transaction, now: datetime) -> dict[str, Condition]:
    """Unregistered names for which the list has no room, by their topic filter."""
    tx.unknown.flush()
    lately = tx.unknown.floods(now - FLOOD_OVER)
    return {one.filter: Condition(one.first_at, str(one.names)) for one in lately}


def _doubles(tx: Transaction, now: datetime) -> dict[str, Condition]:
    """Devices whose boot numbers show two boards with one identity."""
    return {
        one.device: Condition(one.first_at, f"boot {one.low}, {one.high}")
        for one in tx.boot_returns.since(now - boot_numbers.FORGET_AFTER)
        if boot_numbers.is_sure(one.times, one.first_at, one.last_at, now)
    }


def _delivery_faults(tx: Transaction, policy: Policy, now: datetime) -> dict[str, str]:
    """Deliveries given up lately, and quotas that are nearly used."""
    found = {}
    if dead := tx.outbox.dead(now - FAULT_FOR):
        found["delivery"] = str(dead)
    if short := policy.short(policy.sent(tx.outbox.sent_since(policy.month(now)))):
        found["quota"] = ", ".join(f"{scheme} {used}" for scheme, used in short.items())
    return found
