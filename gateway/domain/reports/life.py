"""The life of a resident's report: 受付, 対応中, 済. PURE.

Owns the table of statuses and what each change does to a report. Must not decide who may change one.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from gateway.domain.reports.report import Report, ReportError, ReportStatus


class ReportChange(StrEnum):
    """What an official does with a report."""

    TAKE_UP = "take_up"
    HAND_OVER = "hand_over"  # to a trapper, who is notified
    ANSWER = "answer"
    CLOSE = "close"
    DISMISS = "dismiss"  # spam, or nothing to do with wildlife
    REOPEN = "reopen"
    PUBLISH = "publish"
    WITHDRAW = "withdraw"  # it is public no longer
    MERGE = "merge"  # the same animal as another report says
    SEPARATE = "separate"  # it stands alone again


_ALWAYS = (ReportChange.ANSWER, ReportChange.PUBLISH, ReportChange.WITHDRAW)
_WORK = {
    ReportChange.HAND_OVER: ReportStatus.IN_PROGRESS,
    ReportChange.CLOSE: ReportStatus.DONE,
    ReportChange.DISMISS: ReportStatus.DONE,
    ReportChange.ANSWER: ReportStatus.IN_PROGRESS,
    ReportChange.PUBLISH: ReportStatus.IN_PROGRESS,
}

TRANSITIONS: Mapping[ReportStatus, Mapping[ReportChange, ReportStatus]] = {
    ReportStatus.RECEIVED: _WORK
    | {
        ReportChange.TAKE_UP: ReportStatus.IN_PROGRESS,
        ReportChange.MERGE: ReportStatus.RECEIVED,
        ReportChange.SEPARATE: ReportStatus.RECEIVED,
    },
    ReportStatus.IN_PROGRESS: _WORK
    | {
        ReportChange.WITHDRAW: ReportStatus.IN_PROGRESS,
        ReportChange.MERGE: ReportStatus.IN_PROGRESS,
        ReportChange.SEPARATE: ReportStatus.IN_PROGRESS,
    },
    ReportStatus.DONE: dict.fromkeys(_ALWAYS, ReportStatus.DONE)
    | {
        ReportChange.REOPEN: ReportStatus.IN_PROGRESS,
        ReportChange.SEPARATE: ReportStatus.DONE,
    },
}


class Wish(Struct, frozen=True):
    """A change with what belongs to it."""

    change: ReportChange
    by: str
    at: datetime
    text: str = ""  # the answer that the reporter reads
    to: str = ""  # the trapper, or the id of the report that it is merged into


def changed(report: Report, wish: Wish) -> Report:
    """The report after a change. Raises ReportError if the table does not allow it."""
    following = TRANSITIONS[report.status].get(wish.change)
    if following is None or not _fits(report, wish):
        raise ReportError("change", wish.change.value, "report_error.change")
    after = replace(report, status=following, changed_at=wish.at)
    match wish.change:
        case ReportChange.ANSWER | ReportChange.CLOSE:
            return replace(after, answer=wish.text or report.answer)
        case ReportChange.HAND_OVER:
            return replace(after, handed_to=wish.to)
        case ReportChange.PUBLISH | ReportChange.WITHDRAW:
            return replace(after, published=wish.change is ReportChange.PUBLISH)
        case ReportChange.DISMISS:
            return replace(after, dismissed=True, published=False, answer=wish.text)
        case ReportChange.REOPEN:
            return replace(after, dismissed=False)
        case ReportChange.MERGE:
            return replace(after, head=wish.to, published=False, alone=False)
        case ReportChange.SEPARATE:
            return replace(after, head="", alone=True)
    return after


def allowed(report: Report) -> list[ReportChange]:
    """What may be done with a report now."""
    possible = TRANSITIONS[report.status]
    return [one for one in ReportChange if one in possible and _is_open(report, one)]


def counts(report: Report) -> bool:
    """Whether maps, figures and records of damage take it: somebody has looked at it, and it is no copy."""
    looked_at = report.status is not ReportStatus.RECEIVED
    return looked_at and not report.dismissed and not report.head


def _is_open(report: Report, change: ReportChange) -> bool:
    """A merged report can only be separated; what is public cannot be made public again."""
    if report.head or change is ReportChange.SEPARATE:
        return bool(report.head) and change is ReportChange.SEPARATE
    if change is ReportChange.PUBLISH:
        return not report.published and not report.dismissed
    return change is not ReportChange.WITHDRAW or report.published


def _fits(report: Report, wish: Wish) -> bool:
    needs_text = wish.change is ReportChange.ANSWER and not wish.text
    needs_to = wish.change in {ReportChange.HAND_OVER, ReportChange.MERGE} and not wish.to
    return (
        _is_open(report, wish.change) and not needs_text and not needs_to and wish.to != report.id
    )
