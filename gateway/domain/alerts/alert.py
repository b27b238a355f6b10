"""An alert as a value: how much it matters, where it stands, what caused it.

Owns these words. Must not decide when one opens or ends, nor whom it concerns. Others import them from
`model`, with the words that stand beside them.
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class AlertLevel(StrEnum):
    """How much an alert matters; the order is that of urgency."""

    DANGER = "danger"
    CAPTURE = "capture"
    WARNING = "warning"
    INFO = "info"


URGENT = frozenset(
    {AlertLevel.DANGER, AlertLevel.CAPTURE}
)  # at once, whatever the hour; escalate unanswered


class AlertStatus(StrEnum):
    """Where an alert stands in its life (`alertlife` has the table)."""

    OPEN = "open"
    NOTIFIED = "notified"  # a provider has taken it for at least one person
    ESCALATED = "escalated"  # nobody answered, the next in line were told
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Alert(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something a person must know; one open alert per (rule, subject)."""

    id: str
    rule: str  # name in the rule table
    subject: str  # device id, area or part of the gateway that it is about
    level: AlertLevel
    observed_at: datetime  # when the thing happened
    opened_at: datetime  # when the gateway said so
    status: AlertStatus = AlertStatus.OPEN
    event: str | None = None  # id of the event behind it,
    device: str | None = None  # and its device, where the subject is another
    note: str = ""  # what a person must know beside rule and subject
    last_at: datetime | None = None  # newest cause while it was open, if there were several
    causes: int = 1
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    through: str = ""  # by what it was acknowledged: one-tap, page, command ...
    step: int = 0  # steps of the escalation plan that are done
    reopened: int = 0
    reopened_at: datetime | None = None
    resolved_at: datetime | None = None
    resolved_by: str = ""  # person, or the event that ended it
