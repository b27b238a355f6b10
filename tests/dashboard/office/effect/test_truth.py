"""Simulated animals whose true density is known: a halving is recovered, and none is invented.

The animals are the simulator's own (`firmware_sim.habitat.species_habits`): every run has another landscape.
A good year for acorns makes 30 % more visits everywhere in the year with the traps.
"""

from functools import cache

import pytest

from dashboard.office.effect.comparison import Comparison, compare
from firmware_sim.habitat import species_habits
from firmware_sim.habitat.random_streams import key
from gateway.domain.epoch import day_number
from tests.dashboard.office.effect.valley import NEAR, QUESTION, SENSORS, facts

GOOD_YEAR = 1.3


def counts(seed: int, first_day: int, times: dict[str, float]) -> dict[str, int]:
    """Visits of boar at each sensor in 91 days."""
    found = {}
    for one in SENSORS:
        rate = float(species_habits.density("smooth", "boar", one.lat or 0, one.lon or 0, seed))
        stream = key(seed, one.id)
        found[one.id] = sum(
            len(species_habits.visits({"boar": rate * times[one.id]}, stream, first_day + day))
            for day in range(91)
        )
    return found


@cache
def run(seed: int, near: float) -> Comparison:
    before = counts(seed, day_number(QUESTION.before.start), {one.id: 1.0 for one in SENSORS})
    times = {one.id: GOOD_YEAR * (near if one.id in NEAR else 1.0) for one in SENSORS}
    return compare(facts(before, counts(seed, day_number(QUESTION.after.start), times)))


def holds(found: Comparison, value: float) -> bool:
    low, high = found.against.low, found.against.high
    return low is not None and high is not None and low <= value <= high


def shares(runs: int, near: float) -> tuple[float, float]:
    """Shares of runs whose interval holds the truth, and that answer "worked"."""
    found = [run(seed, near) for seed in range(runs)]
    return (
        sum(holds(one, near) for one in found) / runs,
        sum(one.verdict.answer == "worked" for one in found) / runs,
    )


def test_a_halving_is_recovered_and_none_is_invented() -> None:
    held, worked = shares(8, 0.5)
    assert held >= 6 / 8
    assert worked >= 6 / 8
    held, worked = shares(8, 1.0)
    assert held >= 6 / 8
    assert worked <= 2 / 8


def test_control_without_the_far_sensors_the_good_year_hides_the_halving() -> None:
    ratios = [run(seed, 0.5).near.ratio.ratio for seed in range(8)]
    assert sum(one is not None and one > 0.55 for one in ratios) >= 6


@pytest.mark.long
def test_the_long_form_with_100_landscapes_each() -> None:
    halved, unchanged = shares(100, 0.5), shares(100, 1.0)
    print(f"halved: {halved}, unchanged: {unchanged}")
    assert halved[0] >= 0.89, "95 % less three standard errors of 100 runs"
    assert halved[1] >= 0.9
    assert unchanged[0] >= 0.89
    assert unchanged[1] <= 0.05
