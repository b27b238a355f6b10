"""The life of a report: 受付, 対応中, 済, and nothing that the table does not allow."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.domain.reports.life import TRANSITIONS, ReportChange, Wish, allowed, changed, counts
from gateway.domain.reports.report import (
    AHEAD,
    OLDEST,
    Report,
    ReportError,
    ReportStatus,
    check,
    sighting_of,
)
from gateway.domain.resident_reports import SightingKind
from tests.support.samples import T0, TOKYO

REPORT = Report(
    id="a" * 32,
    kind=SightingKind.SIGHTING,
    species="boar",
    at=T0,
    lat=32.6951,
    lon=128.8412,
    note="通学路にいた",
    contact="090-0000-0000",
    received_at=T0,
)


def wish(change: ReportChange, text: str = "見に行きました", to: str = "b" * 32) -> Wish:
    return Wish(change, "yamada", T0, text, to)


def after(*changes: ReportChange) -> Report:
    """The report after these changes."""
    report = REPORT
    for change in changes:
        report = changed(report, wish(change))
    return report


def test_a_report_is_taken_up_answered_and_done() -> None:
    assert REPORT.status is ReportStatus.RECEIVED
    assert after(ReportChange.TAKE_UP).status is ReportStatus.IN_PROGRESS
    done = after(ReportChange.TAKE_UP, ReportChange.CLOSE)
    assert (done.status, done.answer) == (ReportStatus.DONE, "見に行きました")
    assert after(ReportChange.CLOSE, ReportChange.REOPEN).status is ReportStatus.IN_PROGRESS


def test_only_what_somebody_looked_at_counts_and_no_copy_and_no_spam() -> None:
    assert not counts(REPORT)
    assert counts(after(ReportChange.TAKE_UP))
    assert not counts(after(ReportChange.DISMISS))
    assert not counts(after(ReportChange.TAKE_UP, ReportChange.MERGE))
    assert counts(after(ReportChange.TAKE_UP, ReportChange.MERGE, ReportChange.SEPARATE))


def test_what_is_dismissed_or_merged_is_public_no_longer() -> None:
    assert after(ReportChange.PUBLISH).published
    assert not after(ReportChange.PUBLISH, ReportChange.DISMISS).published
    assert not after(ReportChange.PUBLISH, ReportChange.MERGE).published
    assert ReportChange.PUBLISH not in allowed(after(ReportChange.DISMISS))


def test_a_merged_report_can_only_be_separated_and_is_not_merged_by_itself_again() -> None:
    assert allowed(after(ReportChange.MERGE)) == [ReportChange.SEPARATE]
    assert after(ReportChange.MERGE, ReportChange.SEPARATE).alone


@pytest.mark.parametrize(
    ("change", "text", "to"),
    [
        (ReportChange.ANSWER, "", ""),
        (ReportChange.HAND_OVER, "", ""),
        (ReportChange.MERGE, "", ""),
        (ReportChange.MERGE, "", "a" * 32),
        (ReportChange.SEPARATE, "", ""),
        (ReportChange.REOPEN, "", ""),
        (ReportChange.WITHDRAW, "", ""),
    ],
)
def test_what_makes_no_sense_is_refused(change: ReportChange, text: str, to: str) -> None:
    with pytest.raises(ReportError):
        changed(REPORT, wish(change, text, to))


@given(st.lists(st.sampled_from(list(ReportChange)), max_size=12))
def test_no_series_of_changes_leaves_the_table(changes: list[ReportChange]) -> None:
    report = REPORT
    for change in changes:
        if change in allowed(report):
            assert change in TRANSITIONS[report.status]
            report = changed(report, wish(change))
            assert report.status in TRANSITIONS
            assert not (report.published and (report.dismissed or report.head))
        else:
            with pytest.raises(ReportError):
                changed(report, wish(change))


@pytest.mark.parametrize(
    "bad",
    [
        replace(REPORT, lat=float("nan")),
        replace(REPORT, lat=0.0, lon=0.0),
        replace(REPORT, at=T0 + AHEAD + timedelta(seconds=1)),
        replace(REPORT, at=T0 - OLDEST - timedelta(seconds=1)),
        replace(REPORT, note="あ" * 1_001),
        replace(REPORT, kind=SightingKind.CAPTURE),
        replace(REPORT, photos=("a", "b", "c", "d")),
    ],
)
def test_what_cannot_be_right_is_refused(bad: Report) -> None:
    check(REPORT, T0)
    with pytest.raises(ReportError):
        check(bad, T0)


def test_maps_take_a_report_without_its_contact() -> None:
    made = sighting_of(REPORT, TOKYO)
    assert (made.id, made.species, str(made.day)) == (REPORT.id, "boar", "2026-11-01")
    assert "090" not in repr(made)
