"""Why a trap is proposed at a place: the facts, and the sentence made of them.

Owns which facts are given. Pure. The words are in the catalogues (`dashboard/locale`). Names what a
sensor recorded near the place and how to get there; never promises a catch.
"""

import math
from collections.abc import Sequence

from msgspec import Struct

from dashboard.analysis.siting.choice import TrapSite
from gateway.words.catalogue import Translations

NEARBY_M = 1500.0  # sensors farther away say nothing about a place


class NearbySensor(Struct, frozen=True):
    """A sensor that may be near a proposed place."""

    name: str
    x_m: float
    y_m: float
    n: int
    effort_days: float


class SiteReason(Struct, frozen=True):
    """The facts behind one proposal."""

    sensor: NearbySensor | None  # the nearest with effort within NEARBY_M
    sensor_m: float  # its distance; infinite without one
    expected100: float  # passes per 100 nights
    limits100: tuple[float, float] | None  # of the expectation, where a model gives them
    access_m: float | None  # distance to road or path
    next_trap_m: float | None


def reason(
    place: TrapSite,
    sensors: Sequence[NearbySensor],
    limits100: tuple[float, float] | None = None,
) -> SiteReason:
    """The facts about `place`; `limits100` are limits of its expectation per 100 nights."""
    watching = [(_distance_m(place, one), one) for one in sensors if one.effort_days > 0]
    away, nearest = min(watching, key=lambda pair: pair[0], default=(math.inf, None))
    return SiteReason(
        sensor=nearest if away <= NEARBY_M else None,
        sensor_m=away,
        expected100=place.rate100,
        limits100=limits100,
        access_m=place.access_m,
        next_trap_m=place.next_trap_m,
    )


def sentence(found: SiteReason, animal: str, words: Translations) -> str:
    """One sentence for a trapper; `animal` is the name of the species in the same language."""
    parts = [_recorded(found, animal, words), _expected(found, words)]
    access = []
    if found.access_m is not None:
        access.append(words("sites.why_access", m=round_m(found.access_m)))
    if found.next_trap_m is not None:
        access.append(words("sites.why_next_trap", m=round_m(found.next_trap_m)))
    key = "sites.why_with_access" if access else "sites.why"
    comma = words("sites.why_comma")
    text = words(key, recorded=parts[0], expected=parts[1], access=comma.join(access))
    return text[0].upper() + text[1:]


def _recorded(found: SiteReason, animal: str, words: Translations) -> str:
    sensor = found.sensor
    if sensor is None:
        return words("sites.why_no_sensor")
    return words(
        "sites.why_sensor",
        m=round_m(found.sensor_m),
        sensor=sensor.name,
        animal=animal,
        days=round(sensor.effort_days),
        n=sensor.n,
    )


def _expected(found: SiteReason, words: Translations) -> str:
    about = _count(found.expected100)
    if found.limits100 is None:
        return words("sites.why_expected", about=about)
    low, high = map(_count, found.limits100)
    return words("sites.why_expected_limits", about=about, low=low, high=high)


def round_m(metres: float) -> int:
    """Metres as people say them: to 10 below 1 km, to 100 above."""
    step = 10 if metres < 995 else 100
    return round(metres / step) * step


def _count(value: float) -> str:
    return f"{value:.0f}" if value >= 9.5 else f"{value:.1f}"


def _distance_m(place: TrapSite, sensor: NearbySensor) -> float:
    return math.hypot(place.x_m - sensor.x_m, place.y_m - sensor.y_m)
