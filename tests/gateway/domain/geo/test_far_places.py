"""gateway.domain.geo.far_places: a typing error is asked about, an island of the municipality is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.geo.far_places import ASK_KM, Place, distance_km, far, to_ask

GOTO: list[Place] = [(32.66 + 0.012 * n, 128.74 + 0.01 * (n % 3)) for n in range(5)]
WRONG: list[Place] = [
    (2.7, 128.8),
    (32.7, 12.8),
    (32.7, 28.8),
    (50.1, 10.1),
    (128.8 - 90, 32.7),
    (-32.7, 128.8),
    (0.001, 0.001),
    (89.9, 179.9),
    (-90.0, -180.0),
    (33.7, 128.8),
    (32.7, -128.8),
]


@pytest.mark.parametrize("place", WRONG)
@pytest.mark.parametrize("at", [0, 2, 5])
def test_one_wrong_place_is_far_wherever_it_stands_in_the_list(place: Place, at: int) -> None:
    places = [*GOTO[:at], place, *GOTO[at:]]
    assert far(places).keys() == {at}


@pytest.mark.parametrize("place", WRONG)
def test_a_site_of_one_device_asks_about_the_second(place: Place) -> None:
    assert to_ask([place], GOTO[:1]).keys() == {0}
    assert far([GOTO[0], place]).keys() == {1}
    assert far([place]) == {}


def test_half_of_the_places_may_be_wrong_before_the_right_ones_are_asked_about() -> None:
    assert far([*GOTO, *WRONG[:4]]).keys() == {5, 6, 7, 8}


def test_an_island_of_the_municipality_and_a_wide_prefecture_are_not_far() -> None:
    assert far([*GOTO, (32.25, 128.37)]) == {}
    prefecture = [(32.7 + 0.2 * n, 128.7 + 0.15 * n) for n in range(12)]
    assert far(prefecture) == {}


def test_a_place_beside_one_that_somebody_confirmed_is_not_asked_about_again() -> None:
    island = (34.2, 129.3)
    assert to_ask([island], GOTO).keys() == {0}
    assert to_ask([(34.25, 129.31)], [*GOTO, island]) == {}


def test_the_distance_is_given() -> None:
    assert to_ask([(2.7, 128.8)], GOTO)[0] == pytest.approx(3_338, rel=0.01)
    assert distance_km((0.0, 179.95), (0.0, -179.95)) == pytest.approx(11.1, rel=0.01)


earthly = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


@given(st.lists(earthly, max_size=8))
def test_never_are_more_than_half_of_the_places_far(places: list[Place]) -> None:
    assert len(far(places)) <= len(places) // 2
    assert all(km > ASK_KM for km in far(places).values())


@given(earthly)
def test_a_place_anywhere_is_asked_about_exactly_when_it_is_not_near(place: Place) -> None:
    near = min(distance_km(place, one) for one in GOTO)
    asked = to_ask([place], GOTO)
    if near > ASK_KM + 10:
        assert asked.keys() == {0}
    if near < ASK_KM - 10:
        assert asked == {}
