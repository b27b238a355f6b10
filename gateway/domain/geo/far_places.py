"""Which of several places lie far from the others: usually a missing digit or exchanged columns. PURE.

Owns the test and its limits. Must not know devices, files or pages.

The middle of places is the one with the smallest median distance to the others: half of the places
may be wrong before it moves. A place is far when its distance from the middle is more than
`least_km` and more than SPREADS times the median distance of all.
"""

import math
from collections.abc import Sequence
from statistics import median_low

EARTH_KM = 6_371.0
ASK_KM = 70.0  # nearer than this a person is not asked; a wrong degree of longitude is 78 km or more in Japan
SPREADS = 10.0
STUDY_KM = 300.0  # the same for a published package, whose study areas may lie apart
COMPARED = 100  # candidates for the middle; more would cost much and change little

Place = tuple[float, float]  # latitude, longitude, degrees


def distance_km(one: Place, other: Place) -> float:
    """The great circle between two places."""
    return _arc_km(_vector(one), _vector(other))


def far(places: Sequence[Place], least_km: float = ASK_KM) -> dict[int, float]:
    """The places far from the others: index -> distance in km from the middle."""
    if len(places) < 2 or _widest_km(places) <= least_km:
        return {}
    vectors = [_vector(place) for place in places]
    middle = _middle(vectors)
    away = [_arc_km(middle, vector) for vector in vectors]
    limit = max(least_km, SPREADS * median_low(away))
    return {index: km for index, km in enumerate(away) if km > limit}


def to_ask(
    new: Sequence[Place], known: Sequence[Place], least_km: float = ASK_KM
) -> dict[int, float]:
    """The `new` places that a person must confirm: index -> distance in km from the others.

    What lies near a `known` place, which somebody registered, is not asked about.
    """
    found = far([*known, *new], least_km)
    asked = {index - len(known): km for index, km in found.items() if index >= len(known)}
    return {
        index: km
        for index, km in asked.items()
        if all(distance_km(new[index], place) > least_km for place in known)
    }


Vector = tuple[float, float, float]


def _widest_km(places: Sequence[Place]) -> float:
    """A distance that no two of the places exceed: along a meridian and along the widest parallel."""
    lats, lons = zip(*places, strict=True)
    widest = 0.0 if min(lats) <= 0 <= max(lats) else min(map(abs, (min(lats), max(lats))))
    north, east = max(lats) - min(lats), (max(lons) - min(lons)) * math.cos(math.radians(widest))
    return EARTH_KM * math.radians(north + east)


def _vector(place: Place) -> Vector:
    lat, lon = (math.radians(degrees) for degrees in place)
    return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)


def _arc_km(one: Vector, other: Vector) -> float:
    return 2 * EARTH_KM * math.asin(min(1.0, math.dist(one, other) / 2))


def _middle(vectors: Sequence[Vector]) -> Vector:
    """The place with the smallest median distance to the others; the first of equals."""
    step = -(-len(vectors) // COMPARED)
    some = vectors[::step]
    return min(some, key=lambda one: median_low([math.dist(one, other) for other in some]))
