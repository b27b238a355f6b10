"""dashboard.analysis.activity: when animals come, not when cameras ran."""

import math

import numpy as np
import pytest

from dashboard.analysis import activity
from dashboard.analysis.activity import Activity

EVEN = np.full(24, 100.0)


def estimate(hours: object, uptime: object = EVEN, kappa: float | None = None) -> Activity:
    got = activity.activity(hours, uptime, kappa)  # type: ignore[arg-type]
    assert got is not None
    return got


def test_one_event_draws_the_von_mises_curve() -> None:
    got = estimate([22.0], kappa=4.0)
    angle = (got.hour - 22) * math.pi / 12
    expected = np.exp(4 * np.cos(angle)) / (24 * np.i0(4.0))
    assert got.share_per_hour == pytest.approx(expected, rel=1e-9)


def test_a_day_of_activity_adds_up_to_one_and_midnight_is_no_edge() -> None:
    got = estimate([23.5, 0.5, 23.0, 1.0], kappa=5.0)
    assert got.share_per_hour.sum() * 24 / len(got.hour) == pytest.approx(1, rel=1e-12)
    assert got.share_per_hour[0] == pytest.approx(got.share_per_hour[-1], rel=1e-9)
    assert got.hour[np.argmax(got.share_per_hour)] in (got.hour[0], got.hour[-1])


def test_more_effort_at_night_does_not_raise_the_activity_at_night() -> None:
    uptime = np.where((np.arange(24) < 6) | (np.arange(24) >= 18), 300.0, 100.0)
    hours = activity.hours_of_counts((uptime / 10).astype(int))  # seen as often as watched
    got = estimate(hours, uptime, kappa=20.0)
    assert got.share_per_hour == pytest.approx(np.full(512, 1 / 24), rel=0.01)
    naive = estimate(hours, kappa=20.0)
    assert naive.share_per_hour.max() > 2.5 * naive.share_per_hour.min()


def test_hours_without_effort_are_unknown_not_zero() -> None:
    uptime = EVEN.copy()
    uptime[10:14] = 0
    got = estimate([5.0, 20.0, 11.0], uptime, kappa=5.0)
    assert got.unwatched == (10, 11, 12, 13)
    assert got.events == 2
    unknown = (got.hour >= 10) & (got.hour < 14)
    assert np.array_equal(np.isnan(got.share_per_hour), unknown)
    assert np.nansum(got.share_per_hour) * 24 / 512 == pytest.approx(1)


def test_the_scaled_bessel_function_agrees_with_series_and_recurrence() -> None:
    for x in (0.0, 0.3, 2.0, 15.0, 300.0):
        assert activity.bessel(0, x) == pytest.approx(float(np.i0(x)) * math.exp(-x), rel=1e-7)
    for x in (0.3, 2.0, 15.0):
        i0, i1, i2 = (activity.bessel(order, x) for order in (0, 1, 2))
        assert i0 - i2 == pytest.approx(2 * i1 / x, rel=1e-12)
    half = sum(0.25**k / math.factorial(k) / math.factorial(k + 1) for k in range(20)) / 2
    assert activity.bessel(1, 1.0) == pytest.approx(half * math.exp(-1), rel=1e-13)


def test_the_kernels_width_follows_taylors_rule() -> None:
    rng = np.random.default_rng(5)
    angles = rng.vonmises(1.0, 3.0, 4000)
    # kappa = 3 and n = 4000 in Taylor's formula, by numpy's own Bessel function for I0 and
    # I2(6) = I0(6) - I1(6)/3, I1 by its series.
    i1 = sum(3.0 ** (2 * k + 1) / math.factorial(k) / math.factorial(k + 1) for k in range(60))
    i2 = float(np.i0(6.0)) - i1 / 3
    ideal = (3 * 4000 * 9 * i2 / (4 * math.sqrt(math.pi) * float(np.i0(3.0)) ** 2)) ** 0.4
    assert activity.concentration(angles) == pytest.approx(ideal, rel=0.15)


def test_two_peaks_a_day_stay_two() -> None:
    rng = np.random.default_rng(7)
    hours = np.concatenate([rng.normal(5, 1, 60), rng.normal(19, 1, 60)]) % 24
    got = estimate(hours)
    noon = got.share_per_hour[np.argmin(abs(got.hour - 12))]
    dawn, dusk = (got.share_per_hour[np.argmin(abs(got.hour - h))] for h in (5, 19))
    assert min(dawn, dusk) > 2 * noon


def test_scattered_hours_get_a_flat_curve_and_no_error() -> None:
    got = estimate(np.arange(24) + 0.5)
    assert got.share_per_hour == pytest.approx(np.full(512, 1 / 24), rel=0.2)


def test_without_events_there_is_no_curve() -> None:
    assert activity.activity([], EVEN) is None
    assert activity.activity([3.0], np.zeros(24)) is None


def test_impossible_hours_and_uptimes_are_refused() -> None:
    with pytest.raises(ValueError, match="within 0 to 24"):
        activity.activity([25], EVEN)
    with pytest.raises(ValueError, match="24 values"):
        activity.activity([3], EVEN[:23])


def test_counts_by_hour_are_spread_within_their_hour() -> None:
    counts = np.zeros(24, dtype=int)
    counts[[3, 23]] = [2, 1]
    assert activity.hours_of_counts(counts).tolist() == [3.25, 3.75, 23.5]
