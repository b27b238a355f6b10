"""The life of an alert, and who is told when nobody answers. PURE.

Owns the table of its states and the plan of escalation. Time drives it, never arriving data.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from msgspec import Struct

from gateway.domain.model import URGENT, Alert, AlertStatus


class AlertChange(StrEnum):
    """What happens to an alert."""

    DELIVERED = "delivered"
    ESCALATE = "escalate"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"
    REOPEN = "reopen"


_ANSWERED = {
    AlertChange.ACKNOWLEDGE: AlertStatus.ACKNOWLEDGED,
    AlertChange.RESOLVE: AlertStatus.RESOLVED,
}

ALERT_TRANSITIONS: Mapping[AlertStatus, Mapping[AlertChange, AlertStatus]] = {
    AlertStatus.OPEN: _ANSWERED
    | {AlertChange.DELIVERED: AlertStatus.NOTIFIED, AlertChange.ESCALATE: AlertStatus.ESCALATED},
    AlertStatus.NOTIFIED: _ANSWERED | {AlertChange.ESCALATE: AlertStatus.ESCALATED},
    AlertStatus.ESCALATED: _ANSWERED,
    AlertStatus.ACKNOWLEDGED: {AlertChange.RESOLVE: AlertStatus.RESOLVED},
    AlertStatus.RESOLVED: {AlertChange.REOPEN: AlertStatus.OPEN},
}
UNANSWERED = frozenset({AlertStatus.OPEN, AlertStatus.NOTIFIED, AlertStatus.ESCALATED})


class Duty(StrEnum):
    """Who is asked, in the order of escalation."""

    TRAPPER = "trapper"
    DEPUTY = "deputy"
    OFFICE = "office"


STEPS_PER_ROUND = 100  # a reopened alert begins a new round of steps
WITHDRAWAL_STEP = 99  # the step that tells machines that the alert is over


class EscalationStep(Struct, frozen=True, order=True):
    """One step of the plan: so long after the alert, tell these."""

    after: timedelta
    duty: Duty


class PlannedDelivery(Struct, frozen=True):
    """One delivery to be made."""

    person: str
    channel: str
    due: datetime
    gathered: bool  # goes out together with whatever else is due to the same channel
    step: int  # 0 the first message, else the number of the plan's step


def plan(
    remind_every_min: int, remind_times: int, deputy_after_min: int, office_after_min: int
) -> tuple[EscalationStep, ...]:
    """The steps after the first message, in order of time."""
    reminders = [EscalationStep(timedelta(minutes=remind_every_min * n), Duty.TRAPPER)
                 for n in range(1, remind_times + 1)]  # fmt: skip
    higher = [EscalationStep(timedelta(minutes=deputy_after_min), Duty.DEPUTY),
              EscalationStep(timedelta(minutes=office_after_min), Duty.OFFICE)]  # fmt: skip
    return tuple(sorted(reminders + higher))


def due_steps(
    alert: Alert, steps: Sequence[EscalationStep], now: datetime
) -> list[tuple[int, EscalationStep]]:
    """Steps (numbered from 1) whose time has come and that are not done."""
    if alert.level not in URGENT or alert.status not in UNANSWERED:
        return []
    since = now - (alert.reopened_at or alert.opened_at)
    return [(number, step) for number, step in enumerate(steps, start=1)
            if number > alert.step and since >= step.after]  # fmt: skip


def change_status(
    alert: Alert, what: AlertChange, now: datetime, by: str = "", through: str = ""
) -> Alert | None:
    """The alert after `what`; None if the table has no such turn."""
    following = ALERT_TRANSITIONS[alert.status].get(what)
    if following is None:
        return None
    change = msgspec.structs.replace(alert, status=following)
    if what is AlertChange.ACKNOWLEDGE:
        return msgspec.structs.replace(
            change, acknowledged_at=now, acknowledged_by=by, through=through
        )
    if what is AlertChange.RESOLVE:
        return msgspec.structs.replace(change, resolved_at=now, resolved_by=by)
    if what is AlertChange.REOPEN:
        return msgspec.structs.replace(
            change, reopened=alert.reopened + 1, reopened_at=now, step=0, resolved_at=None,
            resolved_by="", acknowledged_at=None, acknowledged_by="", through="",
        )  # fmt: skip
    return change
