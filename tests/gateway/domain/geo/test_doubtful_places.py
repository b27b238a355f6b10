"""Places that nobody measured, and the old Japanese datum."""

import pytest

from gateway.domain.geo import doubtful_places


@pytest.mark.parametrize("place", [(0, 0), (0, 128.8), (32.7, 0), (1e-6, -1e-5), (0.5, -0.4)])
def test_coordinates_at_or_near_zero_are_doubtful(place: doubtful_places.Place) -> None:
    assert doubtful_places.is_placeholder(place)
    assert not doubtful_places.is_placeholder((32.7, 128.8))


def test_a_place_of_the_old_datum_is_known_by_its_offset() -> None:
    known = (36.103774791666666, 140.08785504166664)  # a published pair of both datums
    old = (36.10056, 140.09111)
    lat, lon = doubtful_places.from_tokyo(old)
    assert (lat, lon) == pytest.approx(known, abs=2e-4)
    assert doubtful_places.is_of_tokyo(old, known)
    assert not doubtful_places.is_of_tokyo(known, known)
    assert not doubtful_places.is_of_tokyo((known[0] + 0.0032, known[1] + 0.0032), known)
    assert not doubtful_places.is_of_tokyo((known[0] - 0.0032, known[1] - 0.0032), known)
