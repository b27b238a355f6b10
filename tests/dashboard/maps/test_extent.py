"""dashboard.maps.extent: one wrong place never widens a map."""

from hypothesis import given
from hypothesis import strategies as st

from dashboard.maps import extent
from dashboard.maps.extent import Named, outside
from gateway.domain.geo.far_places import Place

GOTO: list[Place] = [(32.66 + 0.012 * n, 128.74 + 0.01 * (n % 3)) for n in range(5)]
earthly = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


def test_what_lies_far_from_the_others_is_outside_and_the_frame_is_that_of_the_others() -> None:
    things = {f"s{n}": Named(f"s{n}", *place) for n, place in enumerate(GOTO)}
    wrong = things | {"sX": Named("沢", 50.1, 10.1), "none": Named("none", None, None)}
    off_map, limits = extent.split(wrong)
    assert [(key, one.name, one.lat, one.lon) for key, one in off_map.items()] == [
        ("sX", "沢", 50.1, 10.1)
    ]
    assert limits == extent.split(things)[1]


def test_islands_of_one_prefecture_are_on_one_map() -> None:
    assert outside([*GOTO, (34.2, 129.3)]) == set()


def test_a_lone_place_is_on_the_map_unless_it_lies_at_a_pole() -> None:
    assert outside([(2.7, 128.8)]) == set()
    assert outside([(-90.0, -180.0)]) == {0}
    assert extent.split({"a": Named("a", 89.9, 179.9)})[1] is None


def test_across_the_antimeridian_one_side_is_shown_and_the_other_named() -> None:
    assert len(outside([(10.0, 179.9), (10.0, -179.9)])) == 1


@given(st.lists(earthly, max_size=12))
def test_a_map_is_never_wider_than_its_bound(places: list[Place]) -> None:
    _, limits = extent.split({str(n): Named("", *place) for n, place in enumerate(places)})
    if limits:
        west, south, east, north = limits
        assert max(east - west, north - south) <= 2 * extent.MAX_FROM_MIDDLE_DEG + 1.6


@given(st.lists(earthly, min_size=1, max_size=4))
def test_wrong_places_beside_a_whole_site_never_move_its_frame(wrong: list[Place]) -> None:
    site = {f"s{n}": Named("", *place) for n, place in enumerate(GOTO)}
    far = {f"w{n}": Named("", *p) for n, p in enumerate(wrong) if extent.outside([*GOTO, p])}
    assert extent.split(site | far)[1] == extent.split(site)[1]
