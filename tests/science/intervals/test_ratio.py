"""Two periods, two areas, near against far: ratios whose intervals hold, and few false alarms."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.analysis.intervals import permutation, power, ratio
from dashboard.analysis.intervals.ratio import Periods, Ratio, periods
from tests.science.intervals.populations import DISPERSIONS, SITES, Setting, pairs, surveys
from tests.science.intervals.test_between_sites import allowance

COUNTS = st.lists(
    st.tuples(st.integers(0, 30), st.floats(1, 99), st.integers(0, 30), st.floats(1, 99)),
    min_size=2,
    max_size=9,
)


def simulated(setting: Setting, true: float, runs: int, seed: int = 21) -> list[Periods]:
    arrays = pairs(setting, true, runs, seed)
    return [periods(*(one[run] for one in arrays)) for run in range(runs)]


def holds(found: Ratio, value: float) -> bool:
    low, high = found.low or 0.0, math.inf if found.high is None else found.high
    return low <= value <= high


def two_periods(setting: Setting, true: float, runs: int) -> tuple[float, float]:
    """Shares of runs whose interval holds the truth, and that say "changed"."""
    found = [ratio.paired(one) for one in simulated(setting, true, runs)]
    return (
        sum(holds(one, true) for one in found) / runs,
        sum(one.changed for one in found) / runs,
    )


def poisson_test_alarms(setting: Setting, runs: int) -> float:
    """How often the usual test of two Poisson counts calls an unchanged rate changed."""
    alarms = 0
    for one in simulated(setting, 1.0, runs):
        n0, n1 = one.n0.sum(), one.n1.sum()
        alarms += abs(n1 - n0) / math.sqrt(n1 + n0) > 1.96
    return alarms / runs


@pytest.mark.parametrize(("sites", "dispersion"), [(5, 4.0), (8, 1.0), (40, 2.0)])
def test_two_periods_hold_the_truth_and_seldom_raise_a_false_alarm(
    sites: int, dispersion: float
) -> None:
    runs = 40
    setting = Setting(sites, dispersion, uneven=True)
    held, alarms = two_periods(setting, 1.0, runs)
    assert held >= 0.93 - allowance(runs)
    assert alarms <= 0.05 + allowance(runs)
    assert two_periods(setting, 0.5, runs)[0] >= 0.93 - allowance(runs)


@pytest.mark.long
@pytest.mark.parametrize("uneven", [False, True])
@pytest.mark.parametrize("dispersion", DISPERSIONS)
@pytest.mark.parametrize("sites", SITES)
def test_the_long_form_of_two_periods(sites: int, dispersion: float, uneven: bool) -> None:
    runs = 2_000
    setting = Setting(sites, dispersion, uneven=uneven)
    held, alarms = two_periods(setting, 1.0, runs)
    halved, found = two_periods(setting, 0.5, runs)
    print(f"| {setting} | {held:.3f} | {alarms:.3f} | {halved:.3f} | {found:.3f} |")
    most = 0.985 if sites == 5 else 0.97  # t tests of sensors that differ are conservative for few
    assert 0.93 - allowance(runs) <= held <= most + allowance(runs)
    assert 0.93 - allowance(runs) <= halved <= most + allowance(runs)
    assert alarms <= 0.05 + allowance(runs)


def test_control_a_test_of_poisson_counts_raises_false_alarms() -> None:
    assert poisson_test_alarms(Setting(8, 2.29), 400) > 0.12


def areas(setting: Setting, runs: int, true: float) -> tuple[float, float]:
    one, days = surveys(setting, runs, 22)
    other, _ = surveys(setting, runs, 23)
    held = alarms = 0
    for a, b in zip(one.astype(int).tolist(), other.astype(int).tolist(), strict=True):
        shorter = [(n, d) for n, d in zip(a, (days / true).tolist(), strict=True)]
        found = ratio.between(shorter, list(zip(b, days.tolist(), strict=True)))
        held += holds(found, true)
        alarms += found.changed
    return held / runs, alarms / runs


@pytest.mark.parametrize(("sites", "dispersion"), [(5, 2.0), (20, 4.0)])
def test_two_areas_hold_the_truth_and_seldom_raise_a_false_alarm(
    sites: int, dispersion: float
) -> None:
    runs = 40
    held, alarms = areas(Setting(sites, dispersion, uneven=True), runs, 1.0)
    assert held >= 0.93 - allowance(runs)
    assert alarms <= 0.05 + allowance(runs)


@pytest.mark.long
@pytest.mark.parametrize("dispersion", DISPERSIONS)
@pytest.mark.parametrize("sites", SITES)
def test_the_long_form_of_two_areas(sites: int, dispersion: float) -> None:
    runs = 1_000
    held, alarms = areas(Setting(sites, dispersion), runs, 1.0)
    print(f"| {sites} {dispersion} | {held:.3f} | {alarms:.3f} |")
    assert held >= 0.93 - allowance(runs)
    assert alarms <= 0.05 + allowance(runs)


def against_far(setting: Setting, near: float, runs: int) -> tuple[float, float]:
    """A fall to `near` near the traps while the season takes everything to 70 %."""
    ones = simulated(setting, 0.7 * near, runs, 24)
    others = simulated(setting, 0.7, runs, 25)
    found = [ratio.near_against_far(a, b) for a, b in zip(ones, others, strict=True)]
    return (
        sum(holds(one, near) for one in found) / runs,
        sum(one.changed for one in found) / runs,
    )


def test_near_against_far_takes_out_what_happened_everywhere() -> None:
    runs, setting = 40, Setting(10, 2.0, 20.0)
    held, alarms = against_far(setting, 1.0, runs)
    assert held >= 0.93 - allowance(runs)
    assert alarms <= 0.05 + allowance(runs)
    held, found = against_far(setting, 0.4, runs)
    assert held >= 0.93 - allowance(runs)
    assert found > 0.65


@pytest.mark.long
@pytest.mark.parametrize("dispersion", DISPERSIONS)
@pytest.mark.parametrize("sites", [5, 8, 20])
def test_the_long_form_of_near_against_far(sites: int, dispersion: float) -> None:
    runs, setting = 1_000, Setting(sites, dispersion)
    held, alarms = against_far(setting, 1.0, runs)
    halved, found = against_far(setting, 0.5, runs)
    print(f"| {sites} {dispersion} | {held:.3f} | {alarms:.3f} | {halved:.3f} | {found:.3f} |")
    assert min(held, halved) >= 0.93 - allowance(runs)
    assert alarms <= 0.05 + allowance(runs)


@given(COUNTS)
def test_swapping_the_periods_gives_the_inverse(rows: list[tuple[int, float, int, float]]) -> None:
    n0, t0, n1, t1 = zip(*rows, strict=True)
    one, other = ratio.paired(periods(n0, t0, n1, t1)), ratio.paired(periods(n1, t1, n0, t0))
    assert other.p == pytest.approx(one.p)
    for left, right in ((one.ratio, other.ratio), (one.low, other.high), (one.high, other.low)):
        if left and right:
            assert left * right == pytest.approx(1, rel=1e-6)


@given(COUNTS)
def test_the_interval_holds_the_estimate(rows: list[tuple[int, float, int, float]]) -> None:
    found = ratio.paired(periods(*zip(*rows, strict=True)))
    if found.ratio is not None:
        assert holds(found, found.ratio)


@given(COUNTS, st.floats(0.2, 5))
def test_a_sensor_without_events_or_without_a_second_period_changes_nothing(
    rows: list[tuple[int, float, int, float]], days: float
) -> None:
    more = [*rows, (0, days, 0, days), (7, days, 0, 0.0), (0, 0.0, 9, days)]
    one, other = (ratio.paired(periods(*zip(*some, strict=True))) for some in (rows, more))
    assert one == other


def test_with_equal_efforts_the_estimate_is_the_ratio_of_the_sums() -> None:
    found = ratio.paired(periods([10, 8, 4, 20, 7, 3], [60] * 6, [4, 5, 2, 11, 3, 2], [60] * 6))
    assert found.ratio == pytest.approx(27 / 52)
    assert found.p == pytest.approx(2 / 2**6), "all six fell: only the two extreme deals are as far"
    assert found.changed


def test_five_sensors_can_never_be_called_changed() -> None:
    found = ratio.paired(periods([30] * 5, [60] * 5, [1, 2, 1, 2, 3], [60] * 5))
    assert found.high is not None
    assert found.high < 1
    assert found.p == pytest.approx(2 / 2**5)
    assert not found.changed


def test_nothing_seen_in_a_period_still_has_a_limit() -> None:
    before = ([9, 7, 11, 8, 10, 6], [60] * 6)
    gone = ratio.paired(periods(*before, [0] * 6, [60] * 6))
    assert (gone.ratio, gone.low) == (0.0, 0.0)
    assert gone.high is not None
    assert 0 < gone.high < 0.5
    came = ratio.paired(periods([0] * 6, [60] * 6, *before))
    assert (came.ratio, came.high) == (None, None)
    assert came.low == pytest.approx(1 / gone.high)


def test_one_herd_that_left_one_sensor_shows_no_fall() -> None:
    found = ratio.paired(periods([40, 1, 0, 1, 2, 1], [60] * 6, [0, 1, 1, 2, 1, 1], [60] * 6))
    assert found.high is None or found.high > 1
    assert not found.changed


def test_flips_are_all_counted_for_few_sensors() -> None:
    changes = np.array([3.0, -1.0, 4.0, 1.5])
    sums = [abs(float(np.dot(signs, changes))) for signs in product((-1, 1), repeat=4)]
    expected = np.mean([one >= 7.5 - 1e-9 for one in sums])
    assert permutation.flipped(changes) == pytest.approx(expected)
    assert permutation.flipped([0.0, 0.0]) == 1.0


def test_random_deals_come_near_the_exact_probability() -> None:
    """Two groups of 4: the exact share of the 70 deals, by the difference of means of equal weights."""
    values = np.array([9.0, 8.0, 11.0, 7.0, 1.0, 3.0, 8.5, 4.0])
    first = np.array([True] * 4 + [False] * 4)
    p = permutation.dealt(values, np.ones(8), first)
    assert 1 / 70 <= p < 0.12
    assert permutation.dealt(values, np.ones(8), first) == p, "the seed is fixed"
    assert permutation.dealt(np.zeros(8), np.ones(8), first) == 1.0


def test_twice_the_effort_finds_what_was_planned() -> None:
    found = ratio.paired(periods([10, 8, 4, 20, 7, 3], [60] * 6, [9, 5, 6, 21, 3, 2], [60] * 6))
    least = power.detectable(found)
    assert least is not None
    assert power.times_the_effort(found, least) == pytest.approx(1.0)
    assert power.times_the_effort(found, math.sqrt(least)) == pytest.approx(4.0)
    with pytest.raises(ValueError, match="is not a fall"):
        power.times_the_effort(found, 1.2)
    assert power.detectable(ratio.UNKNOWN) is None


def test_the_planned_power_is_reached_in_simulation() -> None:
    setting, runs = Setting(16, 2.0, 12.0), 80
    found = [ratio.paired(one) for one in simulated(setting, 0.5, runs)]
    least = float(np.median([power.detectable(one) or 0.0 for one in found]))
    reached = two_periods(setting, least, runs)[1]
    assert 0.6 < reached < 0.97
