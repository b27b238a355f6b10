"""The true worth of places for traps, and of marks on the map."""

import msgspec
import numpy as np
import pytest

from firmware_sim.evaluation import places
from firmware_sim.evaluation.places import Worth
from firmware_sim.evaluation.record import GatewayRecord, SitingLine, SpotLine
from firmware_sim.evaluation.story import Story
from firmware_sim.evaluation.truth_file import head_of
from firmware_sim.habitat import fields
from firmware_sim.habitat.records import Expected
from firmware_sim.habitat.scenario import Scenario, load
from firmware_sim.habitat.species_habits import DAY_S, day_starts

DAY = 20_500
SPOTS = np.array([(32.690, 128.740), (32.6901, 128.740), (32.700, 128.760), (32.680, 128.730)])


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return msgspec.structs.replace(load("goto-2018"), animals=0.2)


@pytest.fixture(scope="module")
def worth(scenario: Scenario) -> Worth:
    return Worth(scenario, "boar", SPOTS, 0, DAY)


def test_two_traps_side_by_side_take_less_than_twice_one(worth: Worth) -> None:
    one, both = worth.of([0]), worth.of([0, 1])
    assert one < both < 1.9 * one
    assert worth.of([0, 2]) > both or worth.of([2]) < both - one


def test_a_trap_that_stands_leaves_less_to_others(scenario: Scenario, worth: Worth) -> None:
    beside = Worth(scenario, "boar", SPOTS, 1, DAY)
    assert beside.of([1]) < worth.of([1])


def test_the_best_places_keep_their_distance_and_are_worth_most(worth: Worth) -> None:
    best = worth.greedy(range(4), 2, 300.0)
    pairs = [worth.of(pair) for pair in ((0, 2), (0, 3), (1, 2), (1, 3), (2, 3))]
    assert best == pytest.approx(max(pairs), rel=0.05)
    assert worth.greedy(range(4), 2, 300.0, by_passes=True) <= best * 1.05


def story_of(scenario: Scenario) -> Story:
    start = day_starts(DAY)
    story = Story(head_of(scenario, start, start + DAY_S))
    rates = [float(n) for n in range(len(scenario.devices))]
    story.expected = [Expected(start, "boar", rates)]
    return story


def test_proposed_places_are_worth_at_most_what_the_best_are(scenario: Scenario) -> None:
    traps = [spec.at for spec in scenario.devices if spec.role == "trap"]
    east, north = fields.metres(*np.array(traps).T)
    lat, lon = fields.degrees(east[:2] + 350, north[:2])
    spots = [(float(a), float(b)) for a, b in zip(lat, lon, strict=True)]
    found = places.siting(scenario, story_of(scenario), SitingLine("boar", spots, 1_500.0, 300.0))
    assert 0 < found.animals < found.best_animals
    assert 0 < found.sensors_animals <= found.best_animals
    assert found.efficiency == pytest.approx(found.animals / found.best_animals, abs=1e-3)


def test_marks_against_the_truth_are_counted(scenario: Scenario) -> None:
    names = [spec.id for spec in scenario.devices]
    lines = [
        SpotLine(names[-1], "hot", ""),
        SpotLine(names[0], "hot", ""),
        SpotLine(names[1], "", "cold"),
        SpotLine(names[5], "", ""),
    ]
    found = places.spots(story_of(scenario), GatewayRecord(spots={"boar": lines}))
    assert (found.hot, found.hot_false, found.cold, found.cold_false) == (2, 1, 1, 0)
