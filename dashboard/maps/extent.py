"""Which of some places one map can show; the others are named beside it. PURE.

Owns the rule for every map, so that one wrong number costs its own row and no map grows with it.
Must not know words, devices or pixels.

Not shown: places where Web Mercator and the local plane fail (near the poles), places far from the
others (`gateway.domain.geo.far_places`), and what lies more than WIDEST_DEG from the middle of the rest,
counted without wrapping at 180 degrees, so that no frame is wider than twice that.
"""

from collections.abc import Mapping, Sequence
from statistics import median_low

from msgspec import Struct

from dashboard.maps import bounds
from dashboard.maps.bounds import Box
from gateway.domain.geo import far_places
from gateway.domain.geo.far_places import Place

DRAWN_KM = 300.0  # a place within this of the middle is always shown
HIGHEST_LAT = 75.0
WIDEST_DEG = 5.0
AROUND_DEG = 3.0  # so far beyond a map's frame what people reported is still drawn


class OffMap(Struct, frozen=True):
    """Something with a place that a map cannot show."""

    name: str
    lat: float
    lon: float


class Named(Struct, frozen=True):
    """Something that may be drawn."""

    name: str
    lat: float | None
    lon: float | None


def outside(places: Sequence[Place], least_km: float = DRAWN_KM) -> set[int]:
    """Indexes of the places that a map of all of them does not show."""
    usable = [i for i, (lat, _) in enumerate(places) if abs(lat) <= HIGHEST_LAT]
    far = far_places.far([places[i] for i in usable], least_km)
    near = [i for no, i in enumerate(usable) if no not in far]
    if not near:
        return set(range(len(places)))
    lats, lons = zip(*(places[i] for i in near), strict=True)
    middle = median_low(lats), median_low(lons)
    shown = {i for i in near if _within(places[i], middle)}
    return set(range(len(places))) - shown


def split(things: Mapping[str, Named]) -> tuple[dict[str, OffMap], Box | None]:
    """What no map of all of them can show, by key, and the frame around the others, if any."""
    placed = {
        key: OffMap(one.name, one.lat, one.lon)
        for key, one in things.items()
        if one.lat is not None and one.lon is not None
    }
    keys, places = list(placed), [(one.lat, one.lon) for one in placed.values()]
    away = outside(places)
    shown = [place for i, place in enumerate(places) if i not in away]
    off_map = {keys[i]: placed[keys[i]] for i in sorted(away)}
    return off_map, bounds.around(shown) if shown else None


def covers(limits: Box, place: Place, around: float = AROUND_DEG) -> bool:
    """Whether a place lies in a map's frame or at most `around` degrees outside."""
    west, south, east, north = limits
    lat, lon = place
    return south - around <= lat <= north + around and west - around <= lon <= east + around


def _within(place: Place, middle: Place) -> bool:
    return all(abs(a - b) <= WIDEST_DEG for a, b in zip(place, middle, strict=True))
