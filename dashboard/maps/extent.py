"""Which places a map can show; the others are listed beside the map. PURE.

Owns the rule for all maps: one wrong coordinate must not make a map larger. Must not know words, devices
or pixels.

Not shown are places near the poles, where Web Mercator and the local plane are not defined; places far
from the others (`gateway.domain.geo.far_places`); and places more than MAX_FROM_MIDDLE_DEG from the
middle of the rest. Longitudes do not wrap at 180 degrees. So a frame is at most twice that wide.
"""

from collections.abc import Mapping, Sequence
from statistics import median_low

from msgspec import Struct

from dashboard.maps import bounds
from dashboard.maps.bounds import Box
from gateway.domain.geo import far_places
from gateway.domain.geo.far_places import Place

ALWAYS_SHOWN_KM = 300.0  # a place within this of the middle is always shown
MAX_LAT = 75.0
MAX_FROM_MIDDLE_DEG = 5.0
REPORT_MARGIN_DEG = 3.0  # reports within this distance of the frame are still drawn


class OffMap(Struct, frozen=True):
    """A device or report whose position is outside the map."""

    name: str
    lat: float
    lon: float


class Named(Struct, frozen=True):
    """A device or report to draw, if it has a position."""

    name: str
    lat: float | None
    lon: float | None


def outside(places: Sequence[Place], least_km: float = ALWAYS_SHOWN_KM) -> set[int]:
    """Indexes of the places that a map of these places does not show."""
    usable = [i for i, (lat, _) in enumerate(places) if abs(lat) <= MAX_LAT]
    far = far_places.far([places[i] for i in usable], least_km)
    near = [i for no, i in enumerate(usable) if no not in far]
    if not near:
        return set(range(len(places)))
    lats, lons = zip(*(places[i] for i in near), strict=True)
    middle = median_low(lats), median_low(lons)
    shown = {i for i in near if _within(places[i], middle)}
    return set(range(len(places))) - shown


def split(things: Mapping[str, Named]) -> tuple[dict[str, OffMap], Box | None]:
    """The things outside the map, by key, and the frame around the others (None: no others)."""
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


def covers(limits: Box, place: Place, around: float = REPORT_MARGIN_DEG) -> bool:
    """Whether a place lies in a map's frame or at most `around` degrees outside."""
    west, south, east, north = limits
    lat, lon = place
    return south - around <= lat <= north + around and west - around <= lon <= east + around


def _within(place: Place, middle: Place) -> bool:
    return all(abs(a - b) <= MAX_FROM_MIDDLE_DEG for a, b in zip(place, middle, strict=True))
