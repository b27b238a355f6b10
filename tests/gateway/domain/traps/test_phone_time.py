"""The time of an act by a phone's word: its clock may be wrong, or be set between the act and the sending."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.traps.phone_time import SMALL, PhoneTimes, TrueTime, true_time

NOW = datetime(2026, 11, 29, 9, 0, tzinfo=UTC)
HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)


def test_the_time_of_a_right_clock_stays_as_it_is() -> None:
    done = NOW - 3 * HOUR
    assert true_time(PhoneTimes(done, NOW), NOW) == TrueTime(done)
    assert true_time(PhoneTimes(done, NOW - 40 * timedelta(seconds=1)), NOW) == TrueTime(done)


def test_a_clock_a_day_off_is_corrected_and_its_own_time_is_stored() -> None:
    for off in (DAY, -DAY, 9 * HOUR):
        done = NOW - 3 * HOUR + off
        assert true_time(PhoneTimes(done, NOW + off), NOW) == TrueTime(NOW - 3 * HOUR, done)


def test_a_clock_that_was_set_right_before_the_sending_does_not_move_the_act_by_a_day() -> None:
    page, done = (
        NOW - 5 * HOUR,
        NOW - 3 * HOUR - DAY,
    )  # the phone was a day behind until the network came
    times = PhoneTimes(done, NOW, page, page - DAY)
    assert true_time(times, NOW) == TrueTime(NOW - 3 * HOUR, done)
    without_the_page = PhoneTimes(done, NOW)
    assert true_time(without_the_page, NOW).at == done, "control: the sending alone cannot tell"


def test_a_clock_that_was_set_right_after_the_page_and_before_the_act_is_believed() -> None:
    page, done = NOW - 5 * HOUR, NOW - 3 * HOUR
    assert true_time(PhoneTimes(done, NOW, page, page - DAY), NOW) == TrueTime(done)


def test_a_page_from_the_future_is_not_believed() -> None:
    done = NOW - HOUR
    assert true_time(PhoneTimes(done, NOW, NOW + DAY, done), NOW) == TrueTime(done)


NAIVE = datetime(1970, 1, 2), datetime(2262, 1, 1)  # noqa: DTZ001 - hypothesis adds the zone
moments = st.datetimes(*NAIVE, timezones=st.just(UTC))


@given(st.builds(PhoneTimes, moments, moments, st.none() | moments, st.none() | moments))
def test_whatever_a_phone_sends_no_time_lies_in_the_future(times: PhoneTimes) -> None:
    found = true_time(times, NOW)
    assert found.at <= NOW
    assert found.told in (None, times.done)
    assert found.told is not None or abs(found.at - times.done) <= SMALL


@given(
    off=st.integers(-400_000, 400_000).map(lambda s: timedelta(seconds=s)),
    ago=st.integers(0, 72 * 3600).map(lambda s: timedelta(seconds=s)),
)
def test_whatever_the_clock_is_off_by_the_act_is_dated_right(
    off: timedelta, ago: timedelta
) -> None:
    found = true_time(
        PhoneTimes(NOW - ago + off, NOW + off, NOW - ago - MINUTE, NOW - ago - MINUTE + off), NOW
    )
    assert abs(found.at - (NOW - ago)) <= SMALL
