"""The order of the stops: near the shortest way, from every start."""

import math
import random
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.trapper.patrol.tour import Point, length, order

HOME = (0.0, 0.0)
MOST = 1.1  # times the shortest way


def scattered(seed: int, count: int) -> list[Point]:
    """Places in a valley of 3 km; every third seed in four hamlets, every other third along a road."""
    chance = random.Random(seed)
    if seed % 3 == 1:
        hamlets = [(chance.uniform(0, 3000), chance.uniform(0, 3000)) for _ in range(4)]
        return [
            (x + chance.gauss(0, 150), y + chance.gauss(0, 150))
            for x, y in (chance.choice(hamlets) for _ in range(count))
        ]
    width = 3000 if seed % 3 == 0 else 200
    return [(chance.uniform(0, 3000), chance.uniform(0, width)) for _ in range(count)]


def distance(a: Point, b: Point) -> float:
    return math.hypot(a[0] - b[0], a[1] - b[1])


def shortest_at_least(places: list[Point], rounds: int = 400) -> float:
    """A length below which no closed tour through all places can be (Held and Karp's 1-trees).

    The weight of a place is raised while more than two lines end there, lowered while fewer do.
    """
    count, weights, best = len(places), [0.0] * len(places), 0.0
    for step in range(rounds):
        total, degrees = one_tree(places, weights)
        bound = total - 2 * sum(weights)
        best = max(best, bound)
        scale = 200.0 * (1 - step / rounds)
        for n in range(count):
            weights[n] += scale * (degrees[n] - 2) / 4
    return best


def one_tree(places: list[Point], weights: list[float]) -> tuple[float, list[int]]:
    """The cheapest tree through all places but the first, and two lines from the first."""
    count = len(places)

    def cost(a: int, b: int) -> float:
        return distance(places[a], places[b]) + weights[a] + weights[b]

    degrees, total = [0] * count, 0.0
    near = {n: (cost(1, n), 1) for n in range(2, count)}
    while near:
        n = min(near, key=lambda one: near[one][0])
        price, to = near.pop(n)
        total, degrees[n], degrees[to] = total + price, degrees[n] + 1, degrees[to] + 1
        near = {m: min(old, (cost(n, m), n)) for m, old in near.items()}
    for price, n in sorted((cost(0, n), n) for n in range(1, count))[:2]:
        total, degrees[n], degrees[0] = total + price, degrees[n] + 1, degrees[0] + 1
    return total, degrees


@pytest.mark.parametrize("seed", range(12))
def test_a_tour_of_30_traps_is_at_most_a_tenth_longer_than_the_shortest(seed: int) -> None:
    places = scattered(seed, 30)
    ratio = length(places, order(places, HOME, HOME), HOME, HOME) / shortest_at_least(
        [HOME, *places]
    )
    print(f"\n{seed}: {ratio:.3f}")
    assert ratio <= MOST


def test_control_the_order_in_which_traps_are_listed_is_far_too_long() -> None:
    places = scattered(0, 30)
    bound = shortest_at_least([HOME, *places])
    assert length(places, range(30), HOME, HOME) / bound > 2
    by_east = sorted(range(30), key=lambda n: places[n])
    assert length(places, by_east, HOME, HOME) / bound > MOST


@pytest.mark.parametrize("seed", range(6))
def test_of_eight_traps_the_tour_is_the_shortest_of_all(seed: int) -> None:
    places = scattered(seed, 7)
    best = min(length(places, way, HOME, HOME) for way in permutations(range(7)))
    assert length(places, order(places, HOME, HOME), HOME, HOME) <= best * 1.0001
    assert shortest_at_least([HOME, *places]) <= best * 1.0001, "the bound is one"


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-5e4, 5e4), st.floats(-5e4, 5e4)), max_size=40),
    st.booleans(),
    st.booleans(),
)
def test_every_place_is_visited_once_whatever_the_places(
    places: list[Point], starts: bool, ends: bool
) -> None:
    way = order(places, HOME if starts else None, HOME if ends else None)
    assert sorted(way) == list(range(len(places)))
    assert way == order(places, HOME if starts else None, HOME if ends else None)


def test_a_way_with_free_ends_is_not_longer_than_a_tour() -> None:
    places = [(float(n * 100), 0.0) for n in (3, 0, 4, 1, 2)]
    assert order(places, None, None) in ([1, 3, 4, 0, 2], [2, 0, 4, 3, 1])
    assert order(places, HOME, None) == [1, 3, 4, 0, 2]


def test_hundreds_of_places_are_ordered_too() -> None:
    places = scattered(0, 400)
    assert sorted(order(places, HOME, HOME)) == list(range(400))
