"""Intervals of pooled rates: they hold what they promise where Poisson intervals do not."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dashboard.analysis import poisson
from dashboard.analysis.intervals import between_sites, student
from dashboard.analysis.intervals.between_sites import Part, pooled
from dashboard.analysis.rate import rai
from tests.science.intervals.populations import DISPERSIONS, RATE, SITES, Setting, surveys

Limits = Callable[[Sequence[Part]], tuple[float, float]]
PARTS = st.lists(st.tuples(st.integers(0, 60), st.floats(0.5, 400)), min_size=2, max_size=12)


def of_sites(parts: Sequence[Part]) -> tuple[float, float]:
    found = pooled(parts)
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


def of_poisson(parts: Sequence[Part]) -> tuple[float, float]:
    found = rai(sum(n for n, _ in parts), sum(days for _, days in parts))
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


def of_bootstrap(parts: Sequence[Part], draws: int = 400) -> tuple[float, float]:
    """Percentiles of resampled sites."""
    n, days = (np.array(column, dtype=float) for column in zip(*parts, strict=True))
    chosen = np.random.default_rng(1).integers(0, len(n), (draws, len(n)))
    rates = 100 * n[chosen].sum(axis=1) / days[chosen].sum(axis=1)
    low, high = np.quantile(rates, (0.025, 0.975))
    return float(low), float(high)


def coverage(limits: Limits, setting: Setting, runs: int, seed: int = 20) -> float:
    """The share of simulated surveys whose interval holds the true rate."""
    found, days = surveys(setting, runs, seed)
    hits = 0
    for row in found.astype(int).tolist():
        low, high = limits(list(zip(row, days.tolist(), strict=True)))
        hits += low <= 100 * RATE <= high
    return hits / runs


def allowance(runs: int) -> float:
    """Three standard errors of a coverage of 95 %."""
    return 3 * math.sqrt(0.95 * 0.05 / runs)


@pytest.mark.parametrize("dispersion", DISPERSIONS)
@pytest.mark.parametrize("sites", SITES)
def test_the_interval_holds_the_truth_in_93_to_97_of_100_surveys(
    sites: int, dispersion: float
) -> None:
    runs = 500
    share = coverage(of_sites, Setting(sites, dispersion), runs)
    assert 0.93 - allowance(runs) <= share <= 0.97 + allowance(runs)


@pytest.mark.long
@pytest.mark.parametrize("uneven", [False, True])
@pytest.mark.parametrize("events", [3.0, 10.0, 30.0])
@pytest.mark.parametrize("dispersion", DISPERSIONS)
@pytest.mark.parametrize("sites", SITES)
def test_the_long_form_of_the_coverage(
    sites: int, dispersion: float, events: float, uneven: bool
) -> None:
    runs = 6_000
    setting = Setting(sites, dispersion, events, uneven)
    ours, exact = (coverage(one, setting, runs) for one in (of_sites, of_poisson))
    resampled = coverage(of_bootstrap, setting, 600)
    print(f"| {setting} | {ours:.3f} | {exact:.3f} | {resampled:.3f} |")
    assert 0.93 - allowance(runs) <= ours <= 0.97 + allowance(runs)


def test_control_poisson_intervals_and_a_bootstrap_of_few_sites_hold_it_too_seldom() -> None:
    assert coverage(of_poisson, Setting(8, 3.0), 400) < 0.85
    assert coverage(of_bootstrap, Setting(5, 3.0), 300) < 0.90


def test_with_one_event_per_site_the_promise_is_kept_only_without_bursts() -> None:
    """Surveys without any event cannot show that events come in bursts; METHODS.md says so."""
    assert coverage(of_sites, Setting(5, 1.0, 1.0), 500) > 0.93
    assert coverage(of_sites, Setting(5, 4.0, 1.0), 500) < 0.93


@given(PARTS)
def test_the_rate_is_the_pooled_one_and_lies_in_its_interval(parts: list[Part]) -> None:
    found = pooled(parts)
    effort = math.fsum(days for _, days in parts)
    assert found.per100 == pytest.approx(100 * sum(n for n, _ in parts) / effort)
    assert found.low is not None
    assert found.high is not None
    assert found.low <= (found.per100 or 0.0) <= found.high
    assert found.sites == len(parts)
    assert found.basis == ("sites" if found.n else "zero")


@given(PARTS, st.floats(0.1, 10))
def test_the_unit_of_effort_and_the_order_of_sites_change_nothing_else(
    parts: list[Part], scale: float
) -> None:
    one, other = pooled(parts), pooled([(n, days * scale) for n, days in reversed(parts)])
    assert other.dispersion == (None if one.dispersion is None else pytest.approx(one.dispersion))
    assert other.high == pytest.approx((one.high or 0) / scale)


@given(st.integers(0, 40), st.floats(1, 300))
def test_one_site_has_the_exact_poisson_interval(n: int, days: float) -> None:
    assert pooled([(n, days), (0, 0.0)]) == rai(n, days)


@given(st.lists(st.floats(1, 100), min_size=2, max_size=9))
def test_no_event_anywhere_has_the_exact_limit_of_zero(days: list[float]) -> None:
    found = pooled([(0, one) for one in days])
    assert (found.low, found.basis, found.dispersion) == (0.0, "zero", None)
    assert found.high == pytest.approx(100 * poisson.limits(0)[1] / math.fsum(days))


def test_without_effort_there_is_no_rate() -> None:
    assert pooled([]).per100 is None
    assert pooled([(3, 0.0), (2, 0.0)]).per100 is None


def test_sites_that_are_alike_by_chance_do_not_make_an_interval_of_no_width() -> None:
    low, high = of_sites([(5, 50.0)] * 6)
    assert high / low == pytest.approx(math.exp(2 * 0.5 * 1.96 / math.sqrt(30)))


def test_degrees_of_freedom_are_sites_less_one_and_fewer_where_one_site_has_most_of_the_effort() -> (
    None
):
    assert between_sites.degrees_of_freedom([7.0] * 9) == pytest.approx(8)
    assert 1 <= between_sites.degrees_of_freedom([1.0, 1.0, 1.0, 400.0]) < 1.1
    assert 4 < between_sites.degrees_of_freedom([1, 2, 3, 4, 5, 6, 7]) < 6


@pytest.mark.parametrize(
    ("df", "value"),
    [
        (1, 12.7062047),
        (2, 4.3026527),
        (4, 2.7764451),
        (9, 2.2621572),
        (30, 2.0422725),
        (1e6, 1.9599664),
    ],
)
def test_quantiles_of_students_distribution_are_those_of_printed_tables(
    df: float, value: float
) -> None:
    assert student.quantile(df) == pytest.approx(value, abs=2e-6)


@given(st.floats(0.6, 300), st.floats(0.5, 0.999))
@example(0.6015625, 0.999)
def test_a_quantile_leaves_the_tail_that_was_asked_for(df: float, confidence: float) -> None:
    """The tail is integrated by another way: the trapezoid rule on a substituted density.

    With v the angle from the end, the density sin(v)^(df-1) has a pole below one degree of freedom; as a
    function of v^df it has none.
    """
    t = student.quantile(df, confidence)
    end = math.pi / 2 - math.atan(t / math.sqrt(df))
    if df < 1:
        along = np.linspace(0, end**df, 40_001)
        density = np.sinc(along ** (1 / df) / math.pi) ** (df - 1) / df
    else:
        along = np.linspace(0, end, 40_001)
        density = np.sin(along) ** (df - 1)
    whole = math.sqrt(math.pi) * math.exp(math.lgamma(df / 2) - math.lgamma((df + 1) / 2))
    tail = 2 * float(np.trapezoid(density, along)) / whole
    assert tail == pytest.approx(1 - confidence, rel=1e-3)


@pytest.mark.parametrize(("df", "confidence"), [(0.0, 0.95), (-1.0, 0.95), (3.0, 1.0)])
def test_impossible_quantiles_are_refused(df: float, confidence: float) -> None:
    with pytest.raises(ValueError, match=r"impossible|outside"):
        student.quantile(df, confidence)


def test_two_or_three_sites_have_wide_but_no_absurd_intervals() -> None:
    low, high = of_sites([(2, 50.0), (0, 50.0)])
    assert high / 2 < 300
    assert low > 0
    assert coverage(of_sites, Setting(3, 2.0), 400) > 0.93
