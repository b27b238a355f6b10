"""An alert as a value: its level, its status, its cause.

Owns these values. Must not decide when one opens or ends, nor who is notified. Other modules import them from
`model`, together with the other shared values.
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from gateway.domain.clocks.time_quality import TimeQuality


class AlertLevel(StrEnum):
    """How urgent an alert is, the most urgent first."""

    DANGER = "danger"
    CAPTURE = "capture"
    WARNING = "warning"
    INFO = "info"


URGENT = frozenset(
    {AlertLevel.DANGER, AlertLevel.CAPTURE}
)  # sent at any hour, and escalated while nobody answers


class AlertStatus(StrEnum):
    """The status of an alert (table: `lifecycle`)."""

    OPEN = "open"
    NOTIFIED = "notified"  # a provider has accepted it for at least one person
    ESCALATED = "escalated"  # nobody answered; the next step was sent
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Alert(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something a person must know; one open alert per (rule, subject)."""

    id: str
    rule: str  # name in the rule table
    subject: str  # device id, area or part of the gateway that it is about
    level: AlertLevel
    observed_at: datetime  # when the thing happened
    opened_at: datetime  # when the gateway opened the alert
    status: AlertStatus = AlertStatus.OPEN
    event: str | None = None  # id of the event behind it,
    device: str | None = None  # and its device, where the subject is another
    note: str = ""  # details for a person, beside rule and subject
    doubt: TimeQuality | None = None  # DOUBTFUL or UNKNOWN: why `observed_at` may be wrong
    last_at: datetime | None = None  # newest cause while it was open, if there were several
    causes: int = 1
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    through: str = ""  # the way it was acknowledged: one-tap, page, command ...
    expected_at: datetime | None = None  # when whoever acknowledged expects to be there
    answers: int = 0  # how often somebody said that they are on the way
    late_step: int = 0  # steps that are done since the expected time passed
    step: int = 0  # steps of the escalation plan that are done
    reopened: int = 0
    reopened_at: datetime | None = None
    resolved_at: datetime | None = None
    resolved_by: str = ""  # person, or the event that ended it
    how: str = ""  # the outcome that was recorded: action:species:count
    outcome: str = ""  # the id of the action that says so

    @property
    def last_moment(self) -> datetime:
        """When it was over, or last began."""
        return self.resolved_at or self.reopened_at or self.opened_at
