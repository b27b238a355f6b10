"""What the shipped scenarios promise: captures of a season, devices, troubles."""

from datetime import UTC, date, datetime, timedelta
from functools import cache

import pytest

from firmware_sim.devices.troubles import clock_error_s, is_renamed
from firmware_sim.habitat.calendar import in_season
from firmware_sim.habitat.herds.damage import CROPS, damage
from firmware_sim.habitat.herds.herds import Herds
from firmware_sim.habitat.records import Passage, Reach, Spring, TruthRecord
from firmware_sim.habitat.scenario import load, shipped_scenarios
from firmware_sim.world import World

EPOCH = date(1970, 1, 1)


@cache
def truth(name: str, first: date, days: int) -> list[TruthRecord]:
    """What truly happens from a local day on."""
    found: list[TruthRecord] = []
    start = datetime(first.year, first.month, first.day, tzinfo=UTC) - timedelta(hours=9)
    for _ in World(load(name), start, found.append).live_through(start + timedelta(days=days)):
        pass
    return found


@pytest.mark.parametrize(
    ("name", "year", "boar"),
    [pytest.param("goto-2017", 2024, 30, marks=pytest.mark.long), ("goto-2018", 2025, 163)],
)
def test_a_season_in_goto_catches_as_many_boar_as_were_caught(
    name: str, year: int, boar: int
) -> None:
    found = truth(name, date(year, 11, 14), 95)
    springs = [one for one in found if isinstance(one, Spring) and one.caught]
    caught = sum(one.cause == "boar" for one in springs)
    assert caught == pytest.approx(boar, abs=2.5 * boar**0.5)


def test_animals_that_are_caught_are_seen_less() -> None:
    found = truth("goto-2018", date(2025, 11, 14), 95)
    traps = {spec.id for spec in load("goto-2018").devices if spec.role == "trap"}
    passed = [o for o in found if isinstance(o, Passage) and o.device in traps]
    boar = [one.at for one in passed if one.species == "boar"]
    first, last = min(boar), max(boar)
    third = (last - first) / 3
    early, late = (sum(a <= at < a + third for at in boar) for a in (first, last - third))
    assert late < 0.8 * early


def test_a_storm_silences_districts_and_springs_traps() -> None:
    found = truth("storm", date(2026, 9, 8), 6)
    storm = [one for one in found if isinstance(one, Spring) and one.cause == "storm"]
    silenced = {one.device for one in found if isinstance(one, Reach) and not one.on}
    assert len(storm) >= 3
    assert len(silenced) >= 5


def test_stolen_devices_fall_silent_and_are_replaced() -> None:
    found = [one for one in truth("sabotage", date(2026, 10, 9), 17) if isinstance(one, Reach)]
    gone = {one.device: one.at for one in found if not one.on}
    back = {one.device: one.at for one in found if one.on and one.device in gone}
    fortnight = [d for d, at in gone.items() if 13.9 < (back.get(d, 0) - at) / 86_400 < 14.1]
    assert len(fortnight) >= 5


@pytest.mark.long
def test_solar_cells_are_empty_after_weeks_without_sun() -> None:
    found = [one for one in truth("dark-winter", date(2026, 12, 18), 20) if isinstance(one, Reach)]
    dead = {one.device for one in found if not one.on and one.at > found[0].at + 8 * 86_400}
    solar = {spec.id for spec in load("dark-winter").devices if spec.power == "solar"}
    assert len(solar) > 10
    assert len(dead & solar) > len(solar) / 3


def test_half_of_the_clocks_are_wrong_and_renamed_fields_begin_on_their_day() -> None:
    clocks = load("wrong-clocks")
    wrong = [spec for spec in clocks.devices if clock_error_s(clocks, spec)]
    assert 0.3 < len(wrong) / len(clocks.devices) < 0.7
    renamed = load("renamed-fields")
    october = (date(2026, 10, 1) - EPOCH).days
    assert [is_renamed(renamed, october + day) for day in (0, 13, 14, 40)] == [0, 0, 1, 1]


@pytest.mark.parametrize("name", shipped_scenarios())
def test_every_shipped_scenario_has_different_devices_on_land_of_japan(name: str) -> None:
    devices = load(name).devices
    assert len({spec.id for spec in devices}) == len(devices) > 0
    assert all(32 < spec.at[0] < 34 and 128 < spec.at[1] < 130 for spec in devices)


def test_the_large_scenarios_have_their_number_of_devices() -> None:
    assert len(load("municipality").devices) == 200
    assert len(load("prefecture").devices) == 5_000


def test_a_season_may_go_over_new_year() -> None:
    days = [(date(2026, 11, 14) - EPOCH).days + n for n in (0, 1, 60, 93, 94)]
    assert [in_season(("11-15", "02-15"), day) for day in days] == [0, 1, 1, 1, 0]


def test_fields_are_damaged_only_while_crops_stand() -> None:
    scenario = load("goto-2018")
    herds = Herds(scenario, [spec.at for spec in scenario.devices])
    year = (date(2026, 1, 1) - EPOCH).days
    by_day = {day: list(damage(scenario, herds, year + day)) for day in range(5, 365, 12)}
    assert sum(len(found) for found in by_day.values()) > 10
    assert all(CROPS[0] - 2 < day < CROPS[1] + 2 for day, found in by_day.items() if found)
