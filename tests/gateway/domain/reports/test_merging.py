"""Reports that say the same: near in time and space, and never by guessing what was seen."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from gateway.domain.geo.local_plane import from_metres
from gateway.domain.reports.merging import NEAR_M, NEAR_TIME, alike, head_for, is_same
from gateway.domain.reports.report import Report, ReportStatus
from gateway.domain.resident_reports import SightingKind
from tests.gateway.domain.reports.test_life import REPORT


def moved(east_m: float, minutes: float = 0, **changes: object) -> Report:
    """Another report so far away, so much later."""
    lat, lon = from_metres(east_m, 0, REPORT.lat, REPORT.lon)
    at = REPORT.at + timedelta(minutes=minutes)
    return replace(REPORT, id="b" * 32, lat=lat, lon=lon, at=at, received_at=at, **changes)


@pytest.mark.parametrize(("metres", "same"), [(0, True), (490, True), (510, False)])
def test_near_is_within_500_m(metres: float, same: bool) -> None:
    assert is_same(REPORT, moved(metres)) is same
    assert is_same(moved(metres), REPORT) is same


def test_a_doubtful_place_reaches_farther_but_not_without_end() -> None:
    assert is_same(REPORT, moved(NEAR_M + 290, accuracy_m=300.0))
    assert not is_same(REPORT, moved(NEAR_M + 600, accuracy_m=90_000.0))


def test_near_in_time_is_two_hours() -> None:
    minutes = NEAR_TIME.total_seconds() / 60
    assert is_same(REPORT, moved(0, minutes))
    assert not is_same(REPORT, moved(0, minutes + 1))


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"species": "deer"}, False),
        ({"species": "unknown"}, True),
        ({"kind": SightingKind.TRACE}, True),
        ({"kind": SightingKind.DAMAGE}, False),
    ],
)
def test_other_animals_and_other_matters_are_not_the_same(
    changes: dict[str, Any], same: bool
) -> None:
    assert is_same(REPORT, moved(10, **changes)) is same


def test_an_injury_is_never_merged_by_itself() -> None:
    hurt = replace(REPORT, kind=SightingKind.INJURY)
    assert head_for(replace(hurt, id="c" * 32), [hurt]) is None


def test_the_oldest_open_report_leads_and_what_was_separated_stays_alone() -> None:
    first, second = REPORT, moved(100, 5)
    third = replace(moved(50, 9), id="c" * 32)
    assert head_for(third, [second, first]) == first
    assert head_for(third, [replace(first, dismissed=True), second]) == second
    assert head_for(third, [replace(first, status=ReportStatus.DONE)]) is None
    assert head_for(third, [replace(first, head="d" * 32)]) is None
    assert head_for(replace(third, alone=True), [first]) is None


def test_an_official_is_offered_the_nearest_first() -> None:
    near, far = moved(20), replace(moved(400), id="c" * 32)
    assert alike(REPORT, [far, near, REPORT]) == [near, far]
