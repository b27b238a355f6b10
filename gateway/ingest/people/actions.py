"""Actions of people: an outcome at a trap, a visit, an answer to an alert. One transaction each.

Owns what an action changes: its row, the trap's state, the alerts it answers.
Runs on the writer's thread. Must not read a clock.
"""

from datetime import datetime, timedelta
from operator import attrgetter

import msgspec

from gateway.alerts import missing_outcomes
from gateway.alerts.apply import apply, withdraw
from gateway.alerts.policy import Policy
from gateway.alerts.rules import TABLE, Change, End, Ruling, judge
from gateway.domain import effort, trap_lifecycle
from gateway.domain.alerts.lifecycle import AlertChange, change_status
from gateway.domain.alerts.rule_name import RuleName
from gateway.domain.device_state import with_action
from gateway.domain.epoch import ms
from gateway.domain.errors import BadInputError
from gateway.domain.model import Alert, Device, DeviceState, Role, TrapAction, TrapState
from gateway.domain.outcome import Outcome
from gateway.domain.people.plain_text import with_plain_texts
from gateway.domain.traps import corrections, late_actions
from gateway.ingest.messages import device_update
from gateway.ingest.people import on_the_way, spring_outcomes
from gateway.store import Transaction


class UnknownSubjectError(BadInputError):
    """There is no such trap or alert, or it is no longer open."""


def record(tx: Transaction, act: TrapAction, policy: Policy, now: datetime) -> Outcome:
    """Store an action and its consequences. One that is recorded already changes nothing (`repeated`).

    With `replaces` it corrects or takes back another action, which then counts no longer; a correction to
    which no time was given (`at` equals `recorded_at`) keeps the time of what it corrects, and one
    without photos keeps its photos.
    Raises IllegalActionError, ActionConflictError or UnknownSubjectError.
    """
    device = tx.devices.get(act.device)
    if device is None or device.role is not Role.TRAP:
        raise UnknownSubjectError(f"{act.device}: no such trap")
    act = _with_photos(tx, with_plain_texts(act))
    if known := tx.acts.find(act.id):
        corrections.check_repeat(known, act)
        return Outcome(repeated=True)
    is_timed = act.at != act.recorded_at
    act = late_actions.dated(act, now, timedelta(days=policy.actions.oldest_days))
    before = tx.states.get(act.device)
    target = _target(tx, act, policy, now)
    if target is not None and act.is_undo:
        act = msgspec.structs.replace(act, at=target.at, deed=target.deed)
    elif not is_timed:
        act = msgspec.structs.replace(act, at=_usual_time(tx, act, target, before, policy, now))
    _check(tx, act, before, now)
    after = add_action(tx, device, before, act, target)
    outcome = Outcome()
    change = Change(device, before, after, (), now, policy, frozenset(), tx.devices, tx.states)
    ruling = judge(change)
    ends = [] if act.replaces else [End(RuleName.TAMPER, act.device, act.by)]
    apply(tx, outcome, Ruling(ruling.opens, [*ruling.ends, *ends]), policy, now)
    if target is None:
        _acknowledge_all(tx, outcome, act, policy, now)
    else:
        _open_again(tx, outcome, target, act, policy, now)
        spring_outcomes.change(tx, target, policy, now)
    spring_outcomes.settle(tx, outcome, act, policy, now)
    return outcome


def _usual_time(
    tx: Transaction,
    act: TrapAction,
    target: TrapAction | None,
    before: DeviceState | None,
    policy: Policy,
    now: datetime,
) -> datetime:
    """The time of an action to which nobody gave one.

    A correction keeps that of what it corrects. An outcome at a trap that is set belongs to the oldest
    spring of which nobody said what was in the trap.
    """
    if target is not None:
        return target.at
    is_set = trap_lifecycle.last_known(before).state is TrapState.ARMED
    open_ones = missing_outcomes.missing(tx, policy, now, act.device) if is_set else []
    if act.deed not in trap_lifecycle.OUTCOMES or not open_ones:
        return act.at
    return missing_outcomes.found_at(tx, open_ones[0])


def add_action(
    tx: Transaction,
    device: Device,
    before: DeviceState | None,
    act: TrapAction,
    target: TrapAction | None = None,
) -> DeviceState:
    """Store an action and update the trap's state and effort, whatever the order of arrival.

    `target`: the action that it replaces.
    """
    first = min((act, target or act), key=attrgetter("at"))
    without = device_update.effort_since(tx, device, first)
    tx.acts.add(act)
    tx.add_tally(
        device.id, effort.difference(device_update.effort_since(tx, device, first), without)
    )
    after = with_action(before, act)
    if target is not None:
        newest, visited_ms = tx.acts.present(device.id)
        after = msgspec.structs.replace(after, act=newest, visited_ms=visited_ms)
    tx.put_states([after])
    return after


def _with_photos(tx: Transaction, act: TrapAction) -> TrapAction:
    """A correction without photos keeps those of what it corrects."""
    if act.replaces is None or act.photos or act.is_undo:
        return act
    target = tx.acts.find(act.replaces)
    return msgspec.structs.replace(act, photos=target.photos) if target else act


def _target(tx: Transaction, act: TrapAction, policy: Policy, now: datetime) -> TrapAction | None:
    """The action that `act` replaces, checked; None if it replaces nothing."""
    if act.replaces is None:
        return None
    target = tx.acts.find(act.replaces)
    undo = timedelta(seconds=policy.actions.undo_s)
    corrections.check_target(act, target, now, undo, counts=tx.acts.counts(act.replaces))
    return target


def _check(tx: Transaction, act: TrapAction, before: DeviceState | None, now: datetime) -> None:
    """Whether the trap's state allows the action: its present one, or that of the action's time."""
    if act.replaces is None and not late_actions.is_late(act, now):
        trap_lifecycle.check(before, act)
        return
    at_ms = ms(act.at)
    following = tx.acts.following(act.device, at_ms, act.replaces)
    if following and tx.journal.trap_reported(act.device, at_ms, ms(following.at)):
        following = None  # it belongs to a later spring
    state = tx.trap_before(act.device, at_ms + 1, act.replaces)
    late_actions.check(act, state, following)


def acknowledge(
    tx: Transaction,
    alert_id: str,
    by: str,
    policy: Policy,
    now: datetime,
    through: str = "",
    choice: str = "",
) -> Outcome:
    """Acknowledge an alert, expected at `choice` (`on_the_way`). Raises UnknownSubjectError if it is
    over, or somebody else is on the way.
    """
    alert = tx.alerts.find(alert_id)
    outcome = alert and on_the_way.take(tx, alert, by, policy, now, through, choice)
    if not outcome:
        raise UnknownSubjectError("the alert is already answered or over")
    return outcome


def resolve(
    tx: Transaction, alert_id: str, by: str, policy: Policy, now: datetime, through: str = ""
) -> Outcome:
    """Resolve an alert; a condition that lasts is only acknowledged. Raises UnknownSubjectError."""
    alert = tx.alerts.find(alert_id)
    if alert and alert.rule in TABLE and TABLE[alert.rule].is_condition:
        return acknowledge(tx, alert_id, by, policy, now, through)
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


def _acknowledge_all(
    tx: Transaction, outcome: Outcome, act: TrapAction, policy: Policy, now: datetime
) -> None:
    """Acknowledge the open alerts about a trap at which somebody acted, of its time."""
    for alert in tx.alerts.open_about(act.device):
        if late_actions.is_late(act, now) and alert.observed_at > act.at:
            continue  # it happened after the person was there
        if changed := change_status(alert, AlertChange.ACKNOWLEDGE, now, act.by, act.through):
            changed = _expected(changed, policy, now)
            on_the_way.put(tx, outcome, changed, policy, now, before=alert)


def _expected(alert: Alert, policy: Policy, now: datetime) -> Alert:
    """An alert at which somebody is; the outcome is asked for after the usual time."""
    usual = timedelta(minutes=policy.actions.underway_min[0])
    return msgspec.structs.replace(alert, expected_at=now + usual)


def _open_again(
    tx: Transaction,
    outcome: Outcome,
    target: TrapAction,
    act: TrapAction,
    policy: Policy,
    now: datetime,
) -> None:
    """Put back the alert that the replaced outcome had ended, if the trap is sprung without it."""
    if trap_lifecycle.last_known(tx.states.get(act.device)).state is not TrapState.SPRUNG:
        return
    if tx.alerts.find_open(RuleName.TRAP_SPRUNG, act.device):
        return
    ended = tx.alerts.last(RuleName.TRAP_SPRUNG, act.device)
    if ended is None or ended.outcome not in {one.id for one in tx.acts.chain(target.id)}:
        return
    changed = change_status(ended, AlertChange.TAKE_BACK, now, act.by, act.through)
    if changed:
        outcome.changed.append(tx.alerts.put(_expected(changed, policy, now)))
