"""Months, fiscal years and the moments they begin at."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.office import periods
from dashboard.office.periods import LocalDays, Month

TOKYO = ZoneInfo("Asia/Tokyo")


def test_a_fiscal_year_runs_from_april_to_march() -> None:
    assert periods.fiscal_year(2026) == LocalDays(date(2026, 4, 1), date(2027, 4, 1))
    assert Month(2026, 3).fiscal_year == 2025
    assert Month(2026, 4).fiscal_year == 2026


def test_a_month_begins_at_local_midnight() -> None:
    begin, end = periods.months_ending(Month(2026, 11), 1).moments(TOKYO)
    assert begin == datetime(2026, 10, 31, 15, tzinfo=UTC)
    assert end == datetime(2026, 11, 30, 15, tzinfo=UTC)
    hours = periods.months_ending(Month(2026, 11), 1).hours(TOKYO)
    assert (hours.end - hours.start, hours.offsets) == (30 * 24, ((hours.start, 9),))


def test_the_29th_of_february_a_year_before_is_the_first_of_march() -> None:
    leap = LocalDays(date(2028, 2, 29), date(2028, 3, 10))
    assert periods.a_year_before(leap) == LocalDays(date(2027, 3, 1), date(2027, 3, 10))


def test_a_year_under_way_ends_today() -> None:
    year = periods.fiscal_year(2026).until(date(2026, 11, 23))
    assert (year.last, year.length) == (date(2026, 11, 23), 237)


@given(
    st.integers(1900, 2900).flatmap(lambda y: st.builds(Month, st.just(y), st.integers(1, 12))),
    st.integers(-500, 500),
)
def test_adding_and_subtracting_the_same_months_gives_the_first_month(
    month: Month, steps: int
) -> None:
    assert month.plus(steps).plus(-steps) == month
    assert month.plus(steps).less(month) == steps
    assert periods.parse_month(str(month)) == month


@pytest.mark.parametrize("text", ["", "2026-13", "2026-1", "26-11", "2026-11-01", "２０２６-11"])
def test_an_invalid_month_is_refused_with_the_expected_form(text: str) -> None:
    with pytest.raises(ValueError, match="like 2026-11"):
        periods.parse_month(text)
