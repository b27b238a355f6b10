"""Intervals of real animals: sites of a published survey, drawn anew, hold the survey's own rate.

The survey is one of wild boar at 8 places (Camtrap DP, CC0). Where it is absent, eight places of our own with
the same kind of spread stand for it.
"""

from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from dashboard.analysis.intervals.between_sites import Part, pooled
from tests.science.intervals.test_between_sites import allowance, of_poisson, of_sites
from tests.science.shared import needs_shared, rows

PACKAGE = "failing/camtrapdp_1.0_count_1.0"
OWN: list[Part] = [
    (150, 350.0),
    (41, 320.0),
    (92, 310.0),
    (70, 330.0),
    (15, 345.0),
    (99, 335.0),
    (90, 300.0),
    (52, 340.0),
]
GAP = timedelta(minutes=30)


def survey() -> list[Part]:
    """Independent boar events and camera-days of each place of the published survey."""
    place: dict[str, str] = {}
    days: dict[str, float] = defaultdict(float)
    for row in rows(f"{PACKAGE}/deployments.csv"):
        began, ended = (datetime.fromisoformat(row[f"deployment{end}"]) for end in ("Start", "End"))
        place[row["deploymentID"]] = row["locationID"]
        days[row["locationID"]] += (ended - began) / timedelta(days=1)
    seen: dict[str, list[datetime]] = defaultdict(list)
    for row in rows(f"{PACKAGE}/observations.csv"):
        if row["scientificName"] == "Sus scrofa":
            seen[place[row["deploymentID"]]].append(datetime.fromisoformat(row["eventStart"]))
    return [(_events(sorted(seen[one])), effort) for one, effort in days.items()]


def _events(times: list[datetime]) -> int:
    return bool(times) + sum(later - earlier > GAP for earlier, later in pairwise(times))


def coverage(parts: list[Part], sites: int, runs: int, *, exact: bool = False) -> float:
    draw, hits = np.random.default_rng(1), 0
    truth = pooled(parts).per100 or 0.0
    for _ in range(runs):
        chosen = [parts[i] for i in draw.integers(0, len(parts), sites)]
        low, high = of_poisson(chosen) if exact else of_sites(chosen)
        hits += low <= truth <= high
    return hits / runs


def _holds(parts: list[Part], runs: int) -> None:
    for sites in (5, 8, 20, 40):
        share = coverage(parts, sites, runs)
        assert 0.93 - allowance(runs) <= share <= 0.97 + allowance(runs), sites
    assert coverage(parts, 8, runs, exact=True) < 0.6, "control: real animals are not Poisson"


def test_places_like_those_of_a_real_survey_hold_its_rate() -> None:
    _holds(OWN, 400)


@needs_shared
def test_places_of_a_real_survey_hold_its_rate() -> None:
    parts = survey()
    assert len(parts) == 8
    found = pooled(parts)
    assert found.dispersion is not None
    assert found.dispersion > 10
    _holds(parts, 400)


@needs_shared
@pytest.mark.long
def test_the_long_form_of_the_real_survey() -> None:
    parts = survey()
    print({sites: coverage(parts, sites, 5_000) for sites in (5, 8, 20, 40)})
    _holds(parts, 5_000)
