"""Which spring an outcome belongs to, and for which springs nobody recorded what was in the trap. PURE.

Owns these decisions. A spring is known by its alert: nobody is asked about one without. A
trap that its own sensor set again has no outcome until a person records it.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec.structs import replace

from gateway.domain.model import ActionKind, Alert, AlertStatus, TrapAction
from gateway.domain.trap_lifecycle import OUTCOMES

SET_AGAIN = "trap.set"  # who ended the alert: the sensor
SAYS_WHAT = OUTCOMES | {ActionKind.DISPATCHED}
CLOCKS = timedelta(minutes=5)  # a person's time may lie so much before that of the sensor
BEFORE_SET = timedelta(
    seconds=1
)  # an outcome without a time was found before the trap was set again


def is_missing(alert: Alert) -> bool:
    """Whether the trap was set again and nobody has said what was in it."""
    over = alert.status is AlertStatus.RESOLVED
    return over and alert.resolved_by == SET_AGAIN and not alert.how


def summary(act: TrapAction) -> str:
    """An outcome as an alert keeps it."""
    return f"{act.deed}:{act.species or ''}:{act.count or ''}"


def answered(springs: Iterable[Alert], act: TrapAction) -> Alert | None:
    """The alert that `act` gives its outcome to, changed; None if it says nothing new of any spring.

    `springs`: the alerts about the trap's springs. The outcome belongs to the last spring before it.
    """
    if act.is_undo or act.deed not in SAYS_WHAT:
        return None
    earlier = [one for one in springs if one.observed_at <= act.at + CLOCKS]
    last = max(earlier, key=lambda one: one.observed_at, default=None)
    if last is None or not is_missing(last):
        return None
    return with_outcome(last, act)


def with_outcome(spring: Alert, act: TrapAction | None) -> Alert:
    """An alert that is over, with another outcome; None: there is none any more, so it is missing."""
    if act is None:
        return replace(spring, how="", outcome="", resolved_by=SET_AGAIN)
    return replace(spring, how=summary(act), outcome=act.id)


def time_of_an_outcome(spring: Alert, set_at: datetime | None) -> datetime:
    """When it was found, where nobody said a time: just before the trap was set again."""
    return max(spring.observed_at, (set_at or spring.observed_at) - BEFORE_SET)
