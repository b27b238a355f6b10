"""The animals: a known truth, drawn reproducibly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.habitat.random_streams import key
from firmware_sim.habitat.species_habits import (
    SPECIES,
    Habitat,
    day_starts,
    density,
    local_day,
    season,
    visits,
)

LAT, LON = np.meshgrid(np.linspace(32.60, 32.78, 60), np.linspace(128.62, 128.88, 70))


@pytest.mark.parametrize("habitat", ["smooth", "patchy"])
def test_the_mean_density_over_many_worlds_is_the_species_rate(habitat: Habitat) -> None:
    worlds = [density(habitat, "boar", LAT, LON, seed).mean() for seed in range(40)]
    assert np.mean(worlds) == pytest.approx(SPECIES["boar"].rate, rel=0.15)


def test_the_density_at_one_place_equals_the_grid_value_there() -> None:
    grid = density("smooth", "deer", LAT, LON, seed=3)
    assert grid.shape == LAT.shape
    assert float(density("smooth", "deer", LAT[5, 7], LON[5, 7], seed=3)) == grid[5, 7]


def test_patches_hold_nearly_all_animals_on_a_fifth_of_the_land() -> None:
    shares = []
    for seed in range(20):
        values = np.sort(density("patchy", "boar", LAT, LON, seed), axis=None)[::-1]
        shares.append(values[: values.size // 4].sum() / values.sum())
    assert np.mean(shares) > 0.85


def test_a_smooth_habitat_hardly_changes_within_300_metres_and_a_patchy_one_does() -> None:
    def roughness(habitat: Habitat) -> float:
        here, there = (density(habitat, "boar", LAT + d, LON, 1) for d in (0.0, 0.0027))
        return float(np.abs(np.log(there / here)).mean())

    assert roughness("smooth") < 0.12 < 4 * roughness("smooth") < roughness("patchy")


@given(st.integers(0, 2**63), st.lists(st.integers(19_000, 22_000), min_size=2, max_size=6))
def test_visits_do_not_depend_on_the_order_of_the_calls(stream: int, days: list[int]) -> None:
    rates = {"boar": 2.0, "deer": 1.0}
    forwards = {day: visits(rates, stream, day) for day in days}
    backwards = {day: visits(rates, stream, day) for day in reversed(days)}
    assert forwards == backwards


def test_many_visits_have_the_density_as_their_rate_and_lie_within_their_day() -> None:
    first, years = 20_000, 8
    days = range(first, first + 365 * years)
    found = [(day, visit) for day in days for visit in visits({"boar": 0.7}, key("a"), day)]
    assert len(found) / len(days) == pytest.approx(0.7, rel=0.06)  # 4 standard errors = 9 %
    assert all(day_starts(day) <= visit.at < day_starts(day + 1) for day, visit in found)
    assert all(local_day(visit.at) == day and visit.group >= 1 for day, visit in found)


def test_boar_come_by_night() -> None:
    hours = [
        (visit.at - day_starts(day)) // 3600
        for day in range(20_000, 20_700)
        for visit in visits({"boar": 2.0}, key("b"), day)
    ]
    night = sum(hour < 6 or hour >= 18 for hour in hours)
    assert night / len(hours) > 0.85


@pytest.mark.parametrize("species", SPECIES)
def test_the_season_averages_one_over_a_year(species: str) -> None:
    factors = [season(species, day) for day in range(20_000, 20_000 + 1461)]
    assert np.mean(factors) == pytest.approx(1.0, abs=1e-3)
    assert min(factors) > 0


@pytest.mark.parametrize("species", SPECIES)
def test_every_species_has_a_weight_for_each_hour(species: str) -> None:
    assert len(SPECIES[species].hours) == 24
    assert SPECIES[species].hours.isdigit()
