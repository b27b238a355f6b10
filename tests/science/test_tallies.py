"""dashboard.analysis.poisson and dashboard.analysis.tallies: rates have effort and exact intervals."""

import math
from collections import Counter
from datetime import datetime
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.analysis import poisson
from dashboard.analysis import tallies as rates
from dashboard.analysis.rate import RateInterval, cpue, rai
from dashboard.analysis.tallies import DeviceTally
from tests.science.shared import needs_shared, rows, values

CAMTRAP = "data/camtrapdp"


def cumulative(n: int, mean: float) -> Fraction:
    """P(N <= n) / exp(-mean), term by term in exact fractions."""
    m, term, total = Fraction(mean), Fraction(1), Fraction(1)
    for k in range(1, n + 1):
        term = term * m / k
        total += term
    return total


@given(st.integers(0, 60), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_the_limits_leave_half_the_error_in_each_tail(n: int, confidence: float) -> None:
    low, high = poisson.limits(n, confidence)
    tail = (1 - confidence) / 2
    assert float(cumulative(n, high)) * math.exp(-high) == pytest.approx(tail, rel=1e-11)
    if n:
        below = float(cumulative(n - 1, low)) * math.exp(-low)
        assert below == pytest.approx(1 - tail, rel=1e-12)
    else:
        assert low == 0


def test_limits_known_in_closed_form_are_met() -> None:
    assert poisson.limits(0)[1] == pytest.approx(-math.log(0.025), rel=1e-13)
    assert poisson.limits(1)[0] == pytest.approx(-math.log(0.975), rel=1e-13)


@pytest.mark.parametrize("n", [1_000, 30_000, 1_000_000])
def test_limits_of_a_large_count_come_near_the_normal_ones(n: int) -> None:
    low, high = poisson.limits(n)
    z = 1.959963984540054
    assert low == pytest.approx(n + (z * z - 1) / 3 - z * math.sqrt(n), abs=1)
    assert high == pytest.approx(n + (z * z + 2) / 3 + z * math.sqrt(n), abs=1)


@needs_shared
def test_exact_intervals_of_the_reference_are_met_to_1e_9() -> None:
    for row in rows("reference/poisson_exact_ci95.csv"):
        expected = (float(row["lower"]), float(row["upper"]))
        assert poisson.limits(int(row["n"])) == pytest.approx(expected, rel=1e-12, abs=1e-9)


def test_a_rate_carries_its_effort_and_interval() -> None:
    rate = rai(4, 50)
    assert (rate.n, rate.effort, rate.unit, rate.per100) == (4, 50, "camera-days", 8)
    assert rate.low == pytest.approx(2 * 1.08986537, rel=1e-8)  # tables of Garwood's limits
    assert rate.high == pytest.approx(2 * 10.24158868, rel=1e-8)
    assert cpue(0, 200).unit == "trap-nights"


@pytest.mark.parametrize("rate", [rai(0, 0), cpue(2, 0)])
def test_without_effort_a_rate_is_unknown_not_zero(rate: RateInterval) -> None:
    assert (rate.per100, rate.low, rate.high) == (None, None, None)


def test_zero_captures_still_have_an_upper_limit() -> None:
    rate = cpue(0, 100)
    assert (rate.per100, rate.low) == (0, 0)
    assert rate.high == pytest.approx(3.688879454)


def test_impossible_figures_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="a count of -1 is impossible"):
        rai(-1, 3)
    with pytest.raises(ValueError, match=r"an effort of -0\.5 camera-days"):
        rai(1, -0.5)
    with pytest.raises(ValueError, match="effort of nan"):
        rai(1, math.nan)
    with pytest.raises(ValueError, match="confidence 95"):
        rai(1, 1, confidence=95)


def test_detections_within_30_minutes_are_one_event() -> None:
    minutes = np.array([0, 20, 45, 75, 106]) * 60
    starts = rates.event_starts(["a"] * 5, ["boar"] * 5, minutes)
    assert starts.tolist() == [True, False, False, False, True]  # gaps 20, 25, 30, 31


def test_events_are_separate_by_species_and_device() -> None:
    starts = rates.event_starts(
        ["a", "a", "b", "a"], ["boar", "deer", "boar", "boar"], [0, 60, 90, 120]
    )
    assert starts.tolist() == [True, True, True, False]


records = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 20_000)), max_size=40
)


@given(records, st.integers(1, 4000))
def test_events_follow_the_definition_in_any_order(
    rows: list[tuple[int, int, int]], window: int
) -> None:
    expected: Counter[tuple[int, int]] = Counter()
    last: dict[tuple[int, int], int] = {}
    for device, species, at in sorted(rows, key=lambda row: row[2]):
        pair = (device, species)
        expected[pair] += pair not in last or at - last[pair] > window
        last[pair] = at
    device_, species_, seconds = np.array(rows, dtype=int).reshape(-1, 3).T
    assert rates.count_events(device_, species_, seconds, window) == dict(expected)


def test_groups_pool_events_and_effort_not_rates() -> None:
    tallies = [
        DeviceTally("a", 1, 1, 32.69, 128.84, "福江"),
        DeviceTally("b", 1, 399, 32.70, 128.84, "福江"),
        DeviceTally("c", 3, 100),
    ]
    by_area = rates.pooled(tallies, "area")
    assert {key: (rate.n, rate.effort, rate.per100) for key, rate in by_area.items()} == {
        "": (3, 100, 3.0),
        "福江": (2, 400, 0.5),
    }
    assert list(rates.pooled(tallies, "mesh5km")) == ["", "4928062"]
    assert [rate.per100 for rate in rates.pooled(tallies, "device").values()] == [
        100,
        100 / 399,
        3,
    ]


@needs_shared
def test_rai_and_trap_days_of_the_camtrap_dp_example_are_met_to_1e_12() -> None:
    expected = values("reference/camtrapdp_tdwg_example.json")
    days = {
        row["deploymentID"]: (
            datetime.fromisoformat(row["deploymentEnd"])
            - datetime.fromisoformat(row["deploymentStart"])
        ).total_seconds()
        / 86_400
        for row in rows(f"{CAMTRAP}/deployments.csv")
    }
    assert days == pytest.approx(expected["trap_days"], rel=1e-13)
    events = {
        (row["deploymentID"], row["scientificName"], row["eventID"])
        for row in rows(f"{CAMTRAP}/observations.csv")
        if row["observationLevel"] == "event" and row["observationType"] == "animal"
    }
    counts = Counter((deployment, species) for deployment, species, _ in events)
    for row in expected["table"]:
        n = counts[row["deploymentID"], row["scientificName"]]
        rate = rai(n, days[row["deploymentID"]])
        assert rate.n == row["n_obs"]
        assert rate.per100 == pytest.approx(row["rai"], rel=1e-12, abs=1e-12)
