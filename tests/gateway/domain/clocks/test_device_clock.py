"""Clocks of devices: the error is learned from live messages, and late messages do not spoil it."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.clocks.device_clock import (
    LIVE_MS,
    DeviceClock,
    Sample,
    correction_ms,
    is_late,
    learn,
)

MINUTE_MS, HOUR_S, DAY_MS = 60_000, 3_600, 86_400_000
DELAYS_MS = st.integers(0, 5_000)  # of live messages on their way


def clock_of(*samples: Sample) -> DeviceClock | None:
    """What is known after these."""
    known: DeviceClock | None = None
    for sample in samples:
        known = learn(known, sample)
    return known


def every_hour(errors_ms: list[int], boot: int | None = None) -> list[Sample]:
    return [Sample(error, n * HOUR_S, boot) for n, error in enumerate(errors_ms)]


def corrected_ms(known: DeviceClock | None, sample: Sample) -> int:
    """What remains of the error."""
    return sample.error_ms - correction_ms(known, sample)


@given(st.integers(-400 * DAY_MS, 400 * DAY_MS), st.lists(DELAYS_MS, min_size=2, max_size=20))
def test_a_constant_error_is_learned_from_two_live_messages(error: int, delays: list[int]) -> None:
    samples = every_hour([error - delay for delay in delays])
    known = clock_of(*samples)
    assert abs(corrected_ms(known, Sample(error, len(delays) * HOUR_S))) <= LIVE_MS + 5_000
    assert not is_late(known, Sample(error - 5_000, len(delays) * HOUR_S))


@given(st.floats(-0.0004, 0.0004), st.integers(-30, 30), st.integers(900, 6 * HOUR_S))
def test_the_drift_of_a_clock_is_followed_and_its_messages_are_never_late(
    drift: float, minutes: int, apart_s: int
) -> None:
    known: DeviceClock | None = None
    for n in range(100):
        error = round(minutes * MINUTE_MS + n * apart_s * 1_000 * drift)
        sample = Sample(error, n * apart_s)
        assert not is_late(known, sample)
        known = learn(known, sample)
    assert known
    assert abs(known.error_ms - error) <= LIVE_MS


@given(st.lists(st.integers(MINUTE_MS, 72 * 60 * MINUTE_MS), min_size=1, max_size=30, unique=True))
def test_late_messages_of_a_right_clock_are_late_and_correct_nothing(lates: list[int]) -> None:
    known = clock_of(*every_hour([-200, -900]))
    for n, late in enumerate(lates):
        sample = Sample(-late, 2 * HOUR_S + n)  # a queue is sent at once
        assert is_late(known, sample)
        assert correction_ms(known, sample) == 0
        known = learn(known, sample)


def test_a_queue_of_late_messages_from_an_unknown_clock_teaches_no_wrong_error() -> None:
    queue = [Sample(-(72 - n) * HOUR_S * 1_000, 10_000 + n) for n in range(72)]
    known = clock_of(*queue)
    assert correction_ms(known, queue[-1]) == 0
    known = clock_of(*queue, Sample(-300, 10_100))
    assert is_late(known, Sample(-HOUR_S * 1_000, 10_101))


def test_one_message_of_a_slow_clock_may_be_late_and_the_second_shows_that_it_is_not() -> None:
    first, second = Sample(-3 * MINUTE_MS, 0), Sample(-3 * MINUTE_MS - 400, 90)
    assert not is_late(clock_of(first), second)
    assert corrected_ms(clock_of(first), second) == second.error_ms
    assert abs(corrected_ms(clock_of(first, second), second)) <= 400


def test_a_clock_ahead_is_known_from_its_first_message() -> None:
    ahead = Sample(4 * MINUTE_MS, 0)
    assert corrected_ms(clock_of(ahead), ahead) == 0
    assert is_late(clock_of(ahead), Sample(-6 * MINUTE_MS, 10))


def test_a_clock_set_back_is_believed_when_two_messages_agree() -> None:
    known = clock_of(*every_hour([10 * MINUTE_MS, 10 * MINUTE_MS]), Sample(-500, 2 * HOUR_S))
    assert is_late(known, Sample(-600, 2 * HOUR_S + 1))
    known = learn(known, Sample(-800, 2 * HOUR_S + 90))
    assert not is_late(known, Sample(-600, 2 * HOUR_S + 100))
    assert corrected_ms(known, Sample(-600, 2 * HOUR_S + 100)) == -600


def test_one_wrong_time_does_not_make_the_following_messages_late() -> None:
    known = clock_of(*every_hour([-300, -300, HOUR_S * 1_000]))
    assert not is_late(known, Sample(-300, 2 * HOUR_S + 5))
    known = learn(known, Sample(-300, 2 * HOUR_S + 5))
    assert is_late(known, Sample(-2 * HOUR_S * 1_000, 3 * HOUR_S))


def test_another_start_or_another_source_of_the_time_is_another_clock() -> None:
    known = clock_of(*every_hour([-300, -300], boot=7))
    assert not is_late(known, Sample(-5 * MINUTE_MS, 3 * HOUR_S, boot=8))
    assert not is_late(known, Sample(-5 * MINUTE_MS, 3 * HOUR_S, boot=7, source="gps"))
    assert learn(known, Sample(-DAY_MS, 3 * HOUR_S, boot=6)) == known  # sent late by an earlier one


def test_a_steady_clock_is_not_stored_again_with_each_message() -> None:
    first = clock_of(Sample(-200, 0), Sample(-300, 10))
    assert learn(first, Sample(-900, 60)) is first
    assert learn(first, Sample(-900, 2 * HOUR_S)) is not first
