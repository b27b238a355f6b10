"""Groups of animals keep to the figures of their table: home ranges, hours, rates, numbers."""

from collections import Counter

import msgspec
import numpy as np
import pytest

from firmware_sim.habitat import fields, species_habits
from firmware_sim.habitat.herds import walk
from firmware_sim.habitat.herds.group_habits import HABITS, SYNODIC_DAYS, moon
from firmware_sim.habitat.herds.herds import Herds
from firmware_sim.habitat.herds.numbers import Numbers
from firmware_sim.habitat.land import LIKING, USES, land_use
from firmware_sim.habitat.random_streams import fraction, fractions, key
from firmware_sim.habitat.scenario import Scenario, load
from firmware_sim.habitat.species_habits import JST_S, Visit, day_starts

FIRST, DAYS = 20_400, 40
PLACES = [(32.68 + 0.004 * i, 128.73 + 0.006 * j) for i in range(4) for j in range(4)]
MANY = np.array([key("group", n) for n in range(400)], dtype=np.uint64)
STREAMS = MANY[:60]


def scenario() -> Scenario:
    return msgspec.structs.replace(load("goto-2018"), animals=0.5)


@pytest.fixture(scope="module")
def herds() -> Herds:
    return Herds(scenario(), PLACES)


@pytest.fixture(scope="module")
def met(herds: Herds) -> list[tuple[int, Visit]]:
    return [
        (place, visit)
        for day in range(FIRST, FIRST + DAYS)
        for place, visits in herds.visits(day).items()
        for visit in visits
    ]


def test_a_walk_fills_its_home_range_as_a_normal_distribution() -> None:
    every = np.concatenate([walk.walks(STREAMS, FIRST + 3 * k) for k in range(20)], axis=1)
    assert every.std() == pytest.approx(1.0, abs=0.05)
    away2 = (every**2).sum(axis=2)
    assert (away2 < 5.991).mean() == pytest.approx(0.95, abs=0.01)
    assert abs(every.mean()) < 0.05


def test_a_walk_goes_on_where_the_day_before_ended() -> None:
    today, tomorrow = (walk.walks(STREAMS, day) for day in (FIRST, FIRST + 1))
    step = np.hypot(*(today[:, 1:] - today[:, :-1]).transpose(2, 0, 1)).mean()
    over_midnight = np.hypot(*(tomorrow[:, 0] - today[:, -1]).T).mean()
    assert over_midnight == pytest.approx(step, rel=0.25)


def test_headings_persist_from_step_to_step() -> None:
    steps = np.diff(walk.walks(STREAMS, FIRST), axis=1)
    along = (steps[:, 1:] * steps[:, :-1]).sum(axis=2)
    lengths = np.hypot(*steps.transpose(2, 0, 1))
    assert (along / (lengths[:, 1:] * lengths[:, :-1])).mean() > 0.2


def test_visits_have_the_rate_that_is_documented_as_the_truth(
    herds: Herds, met: list[tuple[int, Visit]]
) -> None:
    found = Counter(visit.species for _, visit in met)
    for species in ("boar", "raccoon"):
        days = range(FIRST, FIRST + DAYS)
        expected = sum(herds.expected(species, day).sum() for day in days)
        spread = 5 * (3 * expected) ** 0.5  # visits of a group come in clusters
        assert found[species] == pytest.approx(expected, abs=spread)
        assert expected > 50


def test_places_differ_as_the_truth_says(herds: Herds, met: list[tuple[int, Visit]]) -> None:
    found = Counter(place for place, visit in met if visit.species == "boar")
    expected = sum(herds.expected("boar", day) for day in range(FIRST, FIRST + DAYS))
    counts = np.array([found[place] for place in range(len(PLACES))])
    assert np.corrcoef(counts, expected)[0, 1] > 0.9


def test_visits_keep_the_hours_of_their_species(met: list[tuple[int, Visit]]) -> None:
    hours = np.array([(v.at + JST_S) % 86_400 // 3600 for _, v in met if v.species == "boar"])
    weights = species_habits.hour_weights("boar") / 24
    share = np.array([(hours == hour).mean() for hour in range(24)])
    assert np.abs(share - weights).max() < 0.05
    assert share[weights == 0].sum() == 0


def test_visits_of_a_day_lie_within_it_and_do_not_depend_on_other_days(herds: Herds) -> None:
    again = Herds(scenario(), PLACES)
    assert again.visits(FIRST + 9) == herds.visits(FIRST + 9)
    times = [visit.at for visits in again.visits(FIRST).values() for visit in visits]
    assert all(day_starts(FIRST) <= at < day_starts(FIRST + 1) for at in times)


def test_the_same_groups_live_at_a_place_whatever_else_is_watched(herds: Herds) -> None:
    alone = Herds(scenario(), PLACES[:1])
    assert alone.expected("boar", FIRST)[0] == pytest.approx(herds.expected("boar", FIRST)[0])


def test_a_group_of_which_all_are_caught_comes_no_more() -> None:
    numbers = Numbers("boar", np.array([2.0, 3.0]), STREAMS[:2])
    whole = numbers.alive(FIRST)[0]
    while numbers.catch(0, "trap", day_starts(FIRST), 3):
        pass
    assert whole >= 2
    assert numbers.alive(FIRST).tolist() == [0.0, numbers.alive(FIRST)[1]]
    assert numbers.vigour(FIRST)[0] == 0


def test_a_group_shuns_the_trap_that_caught_one_of_it_and_forgets() -> None:
    numbers, at = Numbers("boar", np.array([4.0]), STREAMS[:1]), day_starts(FIRST)
    assert numbers.boldness(0, "trap", at) == 1.0
    numbers.catch(0, "trap", at, 1)
    assert numbers.boldness(0, "trap", at) == pytest.approx(HABITS["boar"].shy)
    assert numbers.boldness(0, "other", at) == 1.0
    assert numbers.boldness(0, "trap", at + 200 * 86_400) > 0.99


def test_litters_come_in_spring_and_dwindle() -> None:
    numbers = Numbers("boar", np.full(400, 3.0), MANY)
    year = int(20_400 / 365.2425)
    before, after = (numbers.born(int(year * 365.2425 + day)).mean() for day in (105, 160))
    assert after - before == pytest.approx(HABITS["boar"].litter, rel=0.25)


def test_moonlight_changes_nothing_over_a_month() -> None:
    nights = [moon("boar", FIRST + night) for night in range(round(20 * SYNODIC_DAYS))]
    assert np.mean(nights) == pytest.approx(1.0, abs=0.01)
    assert min(nights) < 0.9 < 1.1 < max(nights)


def test_land_is_mostly_forest_and_every_species_knows_each_kind() -> None:
    lat, lon = np.meshgrid(np.linspace(32.6, 32.8, 60), np.linspace(128.6, 128.9, 60))
    shares = [(land_use(lat, lon, seed) == 0).mean() for seed in range(20)]
    assert 0.6 < np.mean(shares) < 0.8
    assert LIKING.keys() == HABITS.keys()
    assert {len(row) for row in LIKING.values()} == {len(USES)}


def test_many_streams_at_once_give_the_numbers_of_each() -> None:
    at_once = fractions(STREAMS, 12_345).tolist()
    assert at_once == [fraction(int(stream), 12_345) for stream in STREAMS]


def test_metres_and_degrees_are_inverse() -> None:
    lat, lon = fields.degrees(*fields.metres(32.7, 128.8))
    assert (float(lat), float(lon)) == pytest.approx((32.7, 128.8))
