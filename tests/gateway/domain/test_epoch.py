"""Time as counts since 1970: milliseconds are counted exactly, in any zone and before 1970."""

from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.epoch import from_ms, ms

MOMENTS = st.datetimes(
    datetime(1960, 1, 1),  # noqa: DTZ001 - the zone is drawn beside it
    datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.integers(-720, 840).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)


@given(MOMENTS)
def test_milliseconds_are_the_nearest_to_the_moment(moment: datetime) -> None:
    exact = Fraction((moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1), 1000)
    assert abs(ms(moment) - exact) <= Fraction(1, 2)


@given(st.integers(0, 4_102_444_800_000))
def test_milliseconds_come_back_as_they_were(count: int) -> None:
    assert ms(from_ms(count)) == count
