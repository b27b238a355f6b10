"""What officials do with reports: each change in one transaction with all that follows from it.

Owns what follows: the sighting that maps and records of damage take, the trapper who is told, the copies of a
report that is dismissed. Which change is possible: `gateway.domain.reports.life`. Must not decide who may
act.
"""

from datetime import timedelta

from gateway.alerts.apply import apply
from gateway.alerts.nearby.planning import warn_of_report
from gateway.alerts.policy import Policy
from gateway.alerts.rules import TABLE, Ruling, alert_id
from gateway.alerts.rules.types import End
from gateway.domain.alerts.rule_name import RuleName
from gateway.domain.model import Alert
from gateway.domain.outcome import Outcome
from gateway.domain.reports.life import ReportChange, Wish, changed, counts
from gateway.domain.reports.report import Report, ReportError, ReportStatus, ReportStep, sighting_of
from gateway.ingest.reports.taking import end_if_none_waits
from gateway.store import Transaction


def act(tx: Transaction, id_: str, wish: Wish, policy: Policy) -> Outcome:
    """Change a report. Raises ReportError if there is none, or the change is not possible now."""
    policy.know(tx.people.known)
    report = tx.reports.find(id_)
    if report is None:
        raise ReportError("id", id_[:40], "report_error.missing")
    if wish.change is ReportChange.MERGE:
        _check_merge(tx, report, wish)
    if wish.change is ReportChange.HAND_OVER:
        _check_trapper(wish, policy)
    after = changed(report, wish)
    outcome = Outcome()
    _store(tx, after, wish, policy)
    if wish.change is ReportChange.PUBLISH:
        warn_of_report(tx, after, policy, wish.at, checked=True)
    if after.dismissed:
        _free_members(tx, after, wish, policy)
    _tell_trapper(tx, report, after, wish, policy, outcome)
    end_if_none_waits(tx, outcome, wish.by, policy, wish.at)
    return outcome


def _store(tx: Transaction, after: Report, wish: Wish, policy: Policy) -> None:
    """The report, what was done with it, and its sighting if it counts."""
    tx.reports.put(after)
    detail = wish.text or wish.to
    tx.reports.note(after.id, ReportStep(wish.change.value, wish.by, wish.at, detail))
    if counts(after):
        tx.sightings.put(sighting_of(after, policy.zone))
    else:
        tx.sightings.remove(after.id)


def _free_members(tx: Transaction, head: Report, wish: Wish, policy: Policy) -> None:
    """What was merged into spam was not spam: each copy stands alone again."""
    for one in tx.reports.members(head.id):
        alone = Wish(ReportChange.SEPARATE, wish.by, wish.at)
        _store(tx, changed(one, alone), alone, policy)


def _check_merge(tx: Transaction, report: Report, wish: Wish) -> None:
    head = tx.reports.find(wish.to)
    if head is None or head.head or head.dismissed or tx.reports.members(report.id):
        raise ReportError("to", wish.to[:40], "report_error.head")


def _check_trapper(wish: Wish, policy: Policy) -> None:
    person = policy.people.get(wish.to)
    if person is None or not person.channels:
        raise ReportError("to", wish.to[:40], "report_error.nobody", name=wish.to[:40])


def _tell_trapper(
    tx: Transaction, before: Report, after: Report, wish: Wish, policy: Policy, outcome: Outcome
) -> None:
    """Open the alert of whoever was handed the report, and end it when the report is done or goes on."""
    was = before.handed_to if before.status is not ReportStatus.DONE else ""
    now = after.handed_to if after.status is not ReportStatus.DONE else ""
    is_again = wish.change in {ReportChange.HAND_OVER, ReportChange.REOPEN}
    if was and (was != now or is_again):
        end = End(RuleName.REPORT_HANDED, subject_of(after), wish.by)
        apply(tx, outcome, Ruling(ends=[end]), policy, wish.at)
    if not now or not is_again:
        return
    alert, _ = tx.alerts.open(_alert(after, wish), timedelta())
    outcome.opened.append(alert)
    for delivery in policy.to(now, alert, wish.at):
        tx.outbox.add(alert, delivery)


def subject_of(report: Report) -> str:
    """The subject of the alert of a trapper: no place, only which report and which animal."""
    return f"{report.id[:8]}/{report.species}"


def _alert(report: Report, wish: Wish) -> Alert:
    rule = TABLE[RuleName.REPORT_HANDED]
    return Alert(
        id=alert_id(rule.name, subject_of(report), f"{wish.to}{wish.at.isoformat()}"),
        rule=rule.name,
        subject=subject_of(report),
        level=rule.level,
        observed_at=report.at,
        opened_at=wish.at,
    )
