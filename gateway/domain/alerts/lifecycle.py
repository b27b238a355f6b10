"""The life cycle of an alert, and who is notified when nobody answers. PURE.

Owns the table of states and the plan of escalation, which depends on time alone.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

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
    TAKE_OVER = "take_over"  # another time is expected, or another person goes after it passed
    TAKE_BACK = "take_back"  # the outcome that ended it was taken back or corrected


_ANSWERED = {
    AlertChange.ACKNOWLEDGE: AlertStatus.ACKNOWLEDGED,
    AlertChange.RESOLVE: AlertStatus.RESOLVED,
}

ALERT_TRANSITIONS: Mapping[AlertStatus, Mapping[AlertChange, AlertStatus]] = {
    AlertStatus.OPEN: _ANSWERED
    | {AlertChange.DELIVERED: AlertStatus.NOTIFIED, AlertChange.ESCALATE: AlertStatus.ESCALATED},
    AlertStatus.NOTIFIED: _ANSWERED | {AlertChange.ESCALATE: AlertStatus.ESCALATED},
    AlertStatus.ESCALATED: _ANSWERED,
    AlertStatus.ACKNOWLEDGED: {
        AlertChange.RESOLVE: AlertStatus.RESOLVED,
        AlertChange.TAKE_OVER: AlertStatus.ACKNOWLEDGED,
    },
    AlertStatus.RESOLVED: {
        AlertChange.REOPEN: AlertStatus.OPEN,
        AlertChange.TAKE_BACK: AlertStatus.ACKNOWLEDGED,
    },
}
UNANSWERED = frozenset({AlertStatus.OPEN, AlertStatus.NOTIFIED, AlertStatus.ESCALATED})


class Duty(StrEnum):
    """Who is notified, in the order of escalation."""

    TRAPPER = "trapper"
    DEPUTY = "deputy"
    OFFICE = "office"


STEPS_PER_ROUND = 100  # a reopened alert begins a new round of steps
STEPS_PER_ANSWER = 10_000  # each answer "on the way" begins new steps for its expected time
MISSING_STEP = 60  # the steps while an outcome is missing are numbered from here
LATE_STEP = 20  # the steps after the expected time are numbered from here
TAKEN_STEP = 97  # the step that notifies those who know the alert who goes
ENDED_STEP = 98  # the step that notifies them how it ended
WITHDRAWAL_STEP = 99  # the step that notifies other systems that the alert is over
NEWS_STEPS = (TAKEN_STEP, ENDED_STEP)  # these may wait for the morning


class EscalationStep(Struct, frozen=True, order=True):
    """One step of the plan: how long after the alert it comes, and who is notified."""

    after: timedelta
    duty: Duty


class DeliveryStatus(StrEnum):
    """The status of a delivery in the outbox."""

    WAITING = "waiting"  # to be sent when it is due
    CLAIMED = "claimed"  # an attempt is under way
    SENT = "sent"  # the provider has accepted it
    DEAD = "dead"  # given up
    DROPPED = "dropped"  # no longer worth sending


class PlannedDelivery(Struct, frozen=True):
    """One delivery that is planned."""

    person: str
    channel: str
    due: datetime
    gathered: bool  # sent together with other deliveries that are due for the same channel
    step: int  # 0 the first message, else the number of the plan's step


def plan(
    remind_every_min: int, remind_times: int, deputy_after_min: int, office_after_min: int
) -> tuple[EscalationStep, ...]:
    """The steps after the first message, in order of time."""
    reminders = [
        EscalationStep(timedelta(minutes=remind_every_min * n), Duty.TRAPPER)
        for n in range(1, remind_times + 1)
    ]
    higher = [
        EscalationStep(timedelta(minutes=deputy_after_min), Duty.DEPUTY),
        EscalationStep(timedelta(minutes=office_after_min), Duty.OFFICE),
    ]
    return tuple(sorted(reminders + higher))


def late_plan(
    remind_every_min: int, remind_times: int, deputy_after_min: int, office_after_min: int
) -> tuple[EscalationStep, ...]:
    """The steps after an expected time has passed. TRAPPER means whoever said that they are on the way."""
    first = EscalationStep(timedelta(0), Duty.TRAPPER)
    return (first, *plan(remind_every_min, remind_times, deputy_after_min, office_after_min))


def missing_plan(remind_h: int) -> tuple[EscalationStep, ...]:
    """The steps while an outcome is missing: its trapper each time, then the deputy, then the office."""
    days = [timedelta(hours=remind_h * n) for n in range(1, 4)]
    trapper = [EscalationStep(day, Duty.TRAPPER) for day in days]
    higher = [EscalationStep(days[1], Duty.DEPUTY), EscalationStep(days[2], Duty.OFFICE)]
    return tuple(sorted(trapper + higher))


def late_steps(
    alert: Alert, steps: Sequence[EscalationStep], now: datetime
) -> list[tuple[int, EscalationStep]]:
    """Steps (numbered from 1) that follow from an answer without an outcome, and are not done."""
    if alert.status is not AlertStatus.ACKNOWLEDGED or alert.expected_at is None:
        return []
    late = now - alert.expected_at
    return [
        (number, step)
        for number, step in enumerate(steps, start=1)
        if number > alert.late_step and late >= step.after
    ]


def is_late(alert: Alert, now: datetime) -> bool:
    """Whether the time has passed at which whoever acknowledged expected to be there."""
    return alert.expected_at is not None and now >= alert.expected_at


def due_steps(
    alert: Alert, steps: Sequence[EscalationStep], now: datetime
) -> list[tuple[int, EscalationStep]]:
    """Steps (numbered from 1) whose time has come and that are not done."""
    if alert.level not in URGENT or alert.status not in UNANSWERED:
        return []
    since = now - (alert.reopened_at or alert.opened_at)
    return [
        (number, step)
        for number, step in enumerate(steps, start=1)
        if number > alert.step and since >= step.after
    ]


def change_status(
    alert: Alert, what: AlertChange, now: datetime, by: str = "", through: str = ""
) -> Alert | None:
    """The alert after a change; None if the table does not allow it."""
    following = ALERT_TRANSITIONS[alert.status].get(what)
    if following is None:
        return None
    answer = {"acknowledged_at": now, "acknowledged_by": by, "through": through, "late_step": 0}
    changes: Mapping[AlertChange, Mapping[str, Any]] = {
        AlertChange.ACKNOWLEDGE: answer | {"answers": alert.answers + 1},
        AlertChange.TAKE_OVER: answer | {"answers": alert.answers + 1},
        AlertChange.TAKE_BACK: {**_NOT_OVER, **answer},
        AlertChange.RESOLVE: {"resolved_at": now, "resolved_by": by},
        AlertChange.REOPEN: {
            **_NOT_OVER,
            **answer,
            "acknowledged_at": None,
            "reopened": alert.reopened + 1,
            "reopened_at": now,
            "step": 0,
        },
    }
    return msgspec.structs.replace(alert, status=following, **changes.get(what, {}))


_NOT_OVER: Mapping[str, Any] = {
    "resolved_at": None,
    "resolved_by": "",
    "expected_at": None,
    "how": "",
    "outcome": "",
}
