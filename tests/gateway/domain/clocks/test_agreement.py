"""The fast test of a message by its clock: what it passes, the slow comparison would not change either."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.domain.clocks import device_clock
from gateway.domain.clocks.device_clock import (
    LIVE_MS,
    NOTE_EVERY_S,
    SMALL_CHANGE_MS,
    DeviceClock,
    Sample,
    agrees,
    correction_ms,
    is_late,
    learn,
)
from gateway.domain.epoch import from_ms

AT_S = 1_790_000_000
_MS = timedelta(milliseconds=1)
NEAR_MS = st.integers(-2 * LIVE_MS, 2 * LIVE_MS)
CLOCKS = st.builds(
    DeviceClock,
    NEAR_MS,
    st.just(AT_S),
    st.sampled_from([True, True, True, False]),
    st.sampled_from([7, 7, 6, None]),
    st.sampled_from(["ntp", "ntp", "gps"]),
    st.none() | st.none() | NEAR_MS,
    st.just(AT_S),
)
SAMPLES = st.builds(
    Sample,
    NEAR_MS,
    st.integers(AT_S - 60, AT_S + 2 * NOTE_EVERY_S),
    st.sampled_from([7, 7, 6, None]),
    st.sampled_from(["ntp", "ntp", "gps"]),
)


def passes(known: DeviceClock, sample: Sample) -> bool:
    received_at = from_ms(sample.at_s * 1_000)
    return agrees(known, sample.error_ms * _MS, received_at, sample.boot, sample.source)


def assert_nothing_new(known: DeviceClock, sample: Sample) -> None:
    """The slow comparison takes the time as it is, and knows the clock as well as before."""
    learned = learn(known, sample)
    assert not is_late(known, sample)
    assert correction_ms(learned, sample) == correction_ms(known, sample) == 0
    assert sample.error_ms <= 0, "the event would be in the future"
    assert passes(learned, sample)
    assert (learned.boot, learned.source) == (known.boot, known.source)


@given(CLOCKS, SAMPLES)
def test_the_fast_test_passes_only_what_the_comparison_would_not_change(
    known: DeviceClock, sample: Sample
) -> None:
    if passes(known, sample):
        assert_nothing_new(known, sample)


@given(st.integers(-LIVE_MS, 0), st.integers(0, SMALL_CHANGE_MS), st.integers(0, NOTE_EVERY_S - 1))
def test_live_messages_of_a_right_clock_pass_the_fast_test(
    error: int, less: int, later_s: int
) -> None:
    known = DeviceClock(error, AT_S, True, 7, "ntp")
    assert passes(known, Sample(error - less, AT_S + later_s, 7, "ntp"))


@pytest.mark.parametrize(
    "unlike",
    [
        DeviceClock(-LIVE_MS - 1, AT_S, True, 7, "ntp"),
        DeviceClock(1, AT_S, True, 7, "ntp"),
        DeviceClock(0, AT_S, False, 7, "ntp"),
        DeviceClock(0, AT_S, True, 7, "ntp", -90_000, AT_S),
    ],
)
def test_a_clock_that_is_not_known_to_be_right_has_every_message_compared(
    unlike: DeviceClock,
) -> None:
    assert not passes(unlike, Sample(min(unlike.error_ms, 0), AT_S, 7, "ntp"))


def test_a_damaged_time_of_the_last_agreement_is_no_error() -> None:
    for at_s in (-(10**15), 10**15):
        passes(DeviceClock(0, at_s, True), Sample(0, AT_S))


def test_control_a_wider_fast_test_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Late messages, and times in the future, would pass."""
    known, late = DeviceClock(0, AT_S, True, 7, "ntp"), Sample(-90_000, AT_S, 7, "ntp")
    monkeypatch.setattr(device_clock, "SMALL_CHANGE_MS", 100 * SMALL_CHANGE_MS)
    assert passes(known, late)
    with pytest.raises(AssertionError):
        assert_nothing_new(known, late)
    with pytest.raises(AssertionError):
        assert_nothing_new(known, replace(late, error_ms=LIVE_MS + 1))
