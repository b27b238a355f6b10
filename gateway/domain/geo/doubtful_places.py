"""Places that nobody measured, whose degrees are exchanged, or that are in the old Japanese datum. PURE.

Owns the tests of one place. Far places among many: `far_places`. Must not know devices or files.
"""

import math

from gateway.domain.geo.local_plane import to_metres

Place = tuple[float, float]  # latitude, longitude, degrees

BESIDE_ZERO = 0.01  # degrees; a coordinate this near 0 is a placeholder or a failed fix
FITS_M = 60.0  # how well an offset must fit the old datum
FAR_FROM_ZERO = 1.0


def is_placeholder(place: Place) -> bool:
    """Whether it lies at or beside 0 in either coordinate: nobody measured it."""
    return min(map(abs, place)) < BESIDE_ZERO or is_island_of_zeros(place)


def is_island_of_zeros(place: Place) -> bool:
    """Whether it lies near 0, 0, in the open sea, where failed fixes of the whole world lie."""
    return max(map(abs, place)) < FAR_FROM_ZERO


def is_exchanged(place: Place) -> bool:
    """Whether it would lie in Japan with latitude and longitude exchanged, and does not so."""
    lat, lon = place
    return not 20 <= lat <= 46 and 20 <= lon <= 46 and 122 <= lat <= 154


def from_tokyo(place: Place) -> Place:
    """A place of the old Japanese datum (日本測地系) in WGS 84, to some metres."""
    lat, lon = place
    return (
        lat - 0.00010695 * lat + 0.000017464 * lon + 0.0046017,
        lon - 0.000046038 * lat - 0.000083043 * lon + 0.010040,
    )


def is_of_tokyo(place: Place, known: Place) -> bool:
    """Whether `place` is `known`, written in the old datum: some 450 m to the north-west lie between."""
    return _apart_m(place, known) > 3 * FITS_M and _apart_m(from_tokyo(place), known) < FITS_M


def _apart_m(one: Place, other: Place) -> float:
    return math.hypot(*to_metres(*one, *other))
