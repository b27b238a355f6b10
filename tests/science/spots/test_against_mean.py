"""Each sensor against the mean: exact tails, honest dispersion, few false alarms."""

from fractions import Fraction
from math import comb, lgamma
from math import exp as exponential

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.analysis.spots import against_mean
from tests.science.intervals.populations import counts


def binomial_p(count: int, total: int, share: Fraction) -> float:
    """Twice the smaller tail, in exact fractions."""
    chances = [comb(total, k) * share**k * (1 - share) ** (total - k) for k in range(total + 1)]
    return float(min(1, 2 * min(sum(chances[: count + 1]), sum(chances[count:]))))


def beta_binomial_p(count: int, total: int, one: float, rest: float) -> float:
    def beta(a: float, b: float) -> float:
        return lgamma(a) + lgamma(b) - lgamma(a + b)

    chances = [
        comb(total, k) * exponential(beta(k + one, total - k + rest) - beta(one, rest))
        for k in range(total + 1)
    ]
    return min(1.0, 2 * min(sum(chances[: count + 1]), sum(chances[count:])))


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 90)), min_size=2, max_size=5))
def test_without_dispersion_p_is_the_exact_binomial_one(rows: list[tuple[int, int]]) -> None:
    n, days = zip(*rows, strict=True)
    total, effort = sum(n), sum(days)
    got = against_mean.tails(n, days)
    expected = [binomial_p(k, total, Fraction(d, effort)) if total else 1.0 for k, d in rows]
    assert got == pytest.approx(expected, rel=1e-7)


def test_with_dispersion_p_is_the_exact_beta_binomial_one() -> None:
    n, days = [9, 2, 4, 0], [60.0, 60.0, 30.0, 50.0]
    got = against_mean.tails(n, days, 2.5)
    for k, d, p in zip(n, days, got.tolist(), strict=True):
        share = d / 200
        expected = beta_binomial_p(k, 15, share * 15 / 1.5, (1 - share) * 15 / 1.5)
        assert p == pytest.approx(expected, rel=1e-7)


def alarms(dispersion: float, assumed: float, runs: int) -> float:
    draw = np.random.default_rng(4)
    days = draw.uniform(20, 90, 25)
    hits = 0
    for _ in range(runs):
        n = counts(draw, days * 0.15, dispersion).astype(int)
        hits += any(against_mean.against_mean(n, days, assumed)[1])
    return hits / runs


def test_equal_rates_are_seldom_called_different_and_without_the_dispersion_often() -> None:
    assert alarms(3.0, 3.0, 200) <= 0.05 + 3 * (0.05 * 0.95 / 200) ** 0.5
    assert alarms(3.0, 1.0, 100) > 0.3, "control: the Poisson test is fooled by bursts"


def test_a_sensor_with_four_times_the_rate_is_named_and_a_silent_one_too() -> None:
    n, days = [60, *[15] * 18, 0], [60.0] * 20
    spots = against_mean.against_mean(n, days, 1.5)[1]
    assert spots == ["hot", *[""] * 18, "cold"]


def test_the_weekly_dispersion_is_that_of_the_simulation() -> None:
    draw = np.random.default_rng(5)
    means = np.repeat(draw.uniform(2, 9, (60, 1)), 13, axis=1)
    for true in (1.0, 2.29, 4.0):
        found = against_mean.weekly_dispersion(counts(draw, means, true))
        assert found == pytest.approx(true, rel=0.2)


def test_what_cannot_be_measured_is_none() -> None:
    assert against_mean.weekly_dispersion([]) is None
    assert against_mean.weekly_dispersion([[1, 2, 3]]) is None
    assert against_mean.weekly_dispersion([[0, 0, 0, 0, 0]]) is None
    assert against_mean.weekly_dispersion([[2, 2, 2, 2]]) == 1.0


def test_without_events_or_effort_nothing_is_called() -> None:
    assert against_mean.tails([0, 0], [10.0, 20.0]).tolist() == [1.0, 1.0]
    assert against_mean.tails([1, 0], [10.0, 0.0]).tolist() == [1.0, 1.0]
