"""Actions of people: an outcome at a trap, a visit, an answer to an alert. One transaction each.

Owns what an action changes: its row, the trap's state, the alerts it answers.
Runs on the writer's thread. Must not read a clock.
"""

from datetime import datetime, timedelta

import msgspec

from gateway.alerts.apply import apply, withdraw
from gateway.alerts.policy import Policy
from gateway.alerts.rules import TABLE, Change, End, Ruling, judge
from gateway.domain import effort, trap_lifecycle
from gateway.domain.alerts.lifecycle import AlertChange, change_status
from gateway.domain.alerts.rule_name import RuleName
from gateway.domain.device_state import with_action
from gateway.domain.errors import BadInputError
from gateway.domain.model import Device, DeviceState, Role, TrapAction
from gateway.domain.outcome import Outcome
from gateway.ingest.messages import device_update
from gateway.store import Transaction

AHEAD = timedelta(minutes=5)  # how far a phone's clock may run before ours


class UnknownSubjectError(BadInputError):
    """There is no such trap or alert, or it is no longer open."""


def record(tx: Transaction, act: TrapAction, policy: Policy, now: datetime) -> Outcome:
    """Store an action and its consequences; a repeated one changes nothing.

    Raises IllegalActionError or UnknownSubjectError.
    """
    device = tx.devices.get(act.device)
    if device is None or device.role is not Role.TRAP:
        raise UnknownSubjectError(f"{act.device}: no such trap")
    if act.at > now + AHEAD:
        raise trap_lifecycle.IllegalActionError("illegal_action.future", at=act.at)
    act = msgspec.structs.replace(act, at=min(act.at, now))  # else what springs next would be older
    outcome = Outcome()
    if tx.acts.find(act.id):
        return outcome
    before = tx.states.get(act.device)
    trap_lifecycle.check(before, act)
    after = add_action(tx, device, before, act)
    change = Change(device, before, after, (), now, policy, frozenset(), tx.devices, tx.states)
    ruling = judge(change)
    apply(tx, outcome, Ruling(ruling.opens, [*ruling.ends, _end_of_tamper(act)]), policy, now)
    _acknowledge_all(tx, outcome, act, now)
    return outcome


def add_action(
    tx: Transaction, device: Device, before: DeviceState | None, act: TrapAction
) -> DeviceState:
    """Store an action and update the trap's state and effort, whatever the order of arrival."""
    without = device_update.effort_since(tx, device, act)
    tx.acts.add(act)
    tx.add_tally(device.id, effort.difference(device_update.effort_since(tx, device, act), without))
    after = with_action(before, act)
    tx.put_states([after])
    return after


def acknowledge(
    tx: Transaction, alert_id: str, by: str, now: datetime, through: str = ""
) -> Outcome:
    """Acknowledge an alert. Raises UnknownSubjectError if it is answered or over."""
    alert = tx.alerts.find(alert_id)
    changed = change_status(alert, AlertChange.ACKNOWLEDGE, now, by, through) if alert else None
    if changed is None:
        raise UnknownSubjectError("the alert is already answered or over")
    return Outcome(changed=[tx.alerts.put(changed)])


def resolve(
    tx: Transaction, alert_id: str, by: str, policy: Policy, now: datetime, through: str = ""
) -> Outcome:
    """Resolve an alert; a condition that lasts is only acknowledged. Raises UnknownSubjectError."""
    alert = tx.alerts.find(alert_id)
    if alert and alert.rule in TABLE and TABLE[alert.rule].is_condition:
        return acknowledge(tx, alert_id, by, now, through)
    changed = change_status(alert, AlertChange.RESOLVE, now, by) if alert else None
    if changed is None:
        raise UnknownSubjectError("the alert is over")
    withdraw(tx, changed, policy, now)
    return Outcome(ended=[tx.alerts.put(changed)])


def reopen(tx: Transaction, alert_id: str, policy: Policy, now: datetime) -> Outcome:
    """Open a resolved alert again and tell its people again. Raises UnknownSubjectError."""
    alert = tx.alerts.find(alert_id)
    if alert is None or tx.alerts.find_open(alert.rule, alert.subject):
        raise UnknownSubjectError("no such alert, or it is open")
    changed = change_status(alert, AlertChange.REOPEN, now)
    if changed is None:
        raise UnknownSubjectError("the alert is not over")
    tx.alerts.put(changed)
    for delivery in policy.first(changed, tx.devices.get(changed.subject), now):
        tx.outbox.add(changed, delivery)
    return Outcome(opened=[changed])


def _end_of_tamper(act: TrapAction) -> End:
    return End(RuleName.TAMPER, act.device, act.by)


def _acknowledge_all(tx: Transaction, outcome: Outcome, act: TrapAction, now: datetime) -> None:
    """Acknowledge all open alerts about a trap at which somebody acted."""
    for alert in tx.alerts.open_about(act.device):
        if changed := change_status(alert, AlertChange.ACKNOWLEDGE, now, act.by, act.through):
            outcome.changed.append(tx.alerts.put(changed))
