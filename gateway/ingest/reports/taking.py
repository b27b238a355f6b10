"""Takes a resident's report: stored, merged with one that says the same, and the office told, all at once.

Owns this transaction. The same id again changes nothing. Must not know a form, nor who may report
(`admission`).
"""

from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from gateway.alerts.apply import apply
from gateway.alerts.nearby.planning import warn_of_report
from gateway.alerts.policy import Policy
from gateway.alerts.rules import TABLE, Ruling, alert_id
from gateway.alerts.rules.types import End
from gateway.domain.alerts.rule_name import RuleName
from gateway.domain.model import Alert
from gateway.domain.outcome import Outcome
from gateway.domain.reports.merging import NEAR_TIME, head_for
from gateway.domain.reports.report import Report, ReportError, ReportStep, check
from gateway.store import Transaction

WAITING = "reports"  # the subject of the one alert about reports that nobody has taken up
BY_ITSELF = "merged_itself"  # the step of a merge by rule


class Taken(Struct, frozen=True):
    """What became of a report."""

    report: Report  # as it is stored
    is_new: bool
    outcome: Outcome


def take(tx: Transaction, report: Report, token: str, policy: Policy, now: datetime) -> Taken:
    """Store a report; `token`: the hash of its reporter's secret, or "". Raises ReportError."""
    if known := tx.reports.find(report.id):
        return Taken(known, False, Outcome())
    check(report, now)
    around = tx.reports.between(report.at - NEAR_TIME, report.at + NEAR_TIME + timedelta(seconds=1))
    head = head_for(report, around)
    report = replace(report, head=head.id) if head else report
    if not tx.reports.add(report, token):  # the secret of another report
        raise ReportError("token", "", "report_error.id")
    tx.reports.note(report.id, ReportStep("received", report.way.value, now))
    if head:
        tx.reports.note(report.id, ReportStep(BY_ITSELF, "", now, head.id))
    outcome = Outcome()
    warn_of_report(tx, report, policy, now, checked=False)  # a merged one, too: it may say more
    if not head:
        apply(tx, outcome, Ruling(opens=[_alert(report, now)]), policy, now)
    return Taken(report, True, outcome)


def end_if_none_waits(
    tx: Transaction, outcome: Outcome, by: str, policy: Policy, now: datetime
) -> None:
    """End the alert about reports once somebody has taken up every one."""
    if tx.reports.waiting() == 0:
        end = End(RuleName.RESIDENT_REPORT, WAITING, by)
        apply(tx, outcome, Ruling(ends=[end]), policy, now)


def _alert(report: Report, now: datetime) -> Alert:
    """It names no place: messages go through the services of others."""
    rule = TABLE[RuleName.RESIDENT_REPORT]
    return Alert(
        id=alert_id(rule.name, WAITING, report.id),
        rule=rule.name,
        subject=WAITING,
        level=rule.level,
        observed_at=report.at,
        opened_at=now,
    )
