"""Warnings of animals nearby: who asked for them, what they are about, and how many are too many. PURE.

Owns these values and decisions. A warning depends on the square of a place (`place`) or on land where people
live, never on the place itself. Must not send one.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from gateway.domain.errors import TranslatedError
from gateway.domain.geo.mesh_code import centre
from gateway.domain.reports.merging import NEAR_M, NEAR_TIME
from gateway.domain.reports.place import in_reach, to_square_m
from gateway.domain.species import UNTOLD
from gateway.words.catalogue import Language

LEAST_RADIUS_M, MOST_RADIUS_M = 300, 10_000
UNCONFIRMED = timedelta(days=2)  # then it is forgotten
STALE = timedelta(hours=6)  # a warning that could not be sent so long warns nobody any more
HOUR = timedelta(hours=1)
MOST_OF_MAIL = 3  # subscriptions of one address


class SubscriptionError(TranslatedError):
    """Warnings cannot be asked for like this: `field` names the part of it."""

    def __init__(self, field: str, key: str, **values: object) -> None:
        super().__init__(key, **values)
        self.field = field


class Subscription(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who wants to be warned, where and of what."""

    id: str
    token: str  # the secret of its links, which every mail repeats
    mail: str
    lat: float
    lon: float
    radius_m: int
    species: tuple[str, ...] = ()  # empty: every animal
    hours: str = "00-24"  # local; danger near homes is told at any hour
    language: Language = "ja"
    asked_at: datetime
    confirmed_at: datetime | None = None


class Cause(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What people nearby are warned of."""

    id: str  # of the report or of the alert
    species: str
    at: datetime
    square: str = ""  # of 500 m; "": an area
    area: str = ""  # name of land where people live
    danger: bool = False  # bear or boar where people live: told at once and at any hour
    checked: bool = False  # by an official, or seen by a camera


Distance = Callable[[float, float], float]
"""Metres from a place to what a cause is about."""


def check(subscription: Subscription) -> None:
    """Raises SubscriptionError for the first part that cannot be right."""
    if not in_reach(subscription.lat, subscription.lon):
        raise SubscriptionError("place", "report_error.place")
    if not LEAST_RADIUS_M <= subscription.radius_m <= MOST_RADIUS_M:
        raise SubscriptionError("radius", "warning_error.radius")


def square_distance(square: str) -> Distance:
    """How far places are from a square."""
    return lambda lat, lon: to_square_m(lat, lon, square)


def wants(subscription: Subscription, cause: Cause, distance: Distance, *, in_hours: bool) -> bool:
    """Whether somebody is to be warned."""
    if subscription.confirmed_at is None or not (in_hours or cause.danger):
        return False
    if subscription.species and cause.species not in {*subscription.species, *UNTOLD}:
        return False
    return distance(subscription.lat, subscription.lon) <= subscription.radius_m


def is_late(cause: Cause, age: timedelta, *, in_hours: bool) -> bool:
    """Whether a warning that waited is not sent any more: it is old, or its hours are over."""
    return age > STALE or not (in_hours or cause.danger)


def is_told(cause: Cause, earlier: Cause) -> bool:
    """Whether an earlier warning was about the same animal: people are warned of it once.

    One without danger does not stand for one with it: it told fewer people, and not at any hour.
    """
    if cause.danger and not earlier.danger:
        return False
    if earlier.id == cause.id:
        return True
    if earlier.species != cause.species or abs(earlier.at - cause.at) > NEAR_TIME:
        return False
    if cause.area or earlier.area:
        return cause.area == earlier.area
    return _between_m(cause.square, earlier.square) <= NEAR_M


def is_too_many(sent: Sequence[datetime], now: datetime, most: int) -> bool:
    """Whether somebody was warned often enough within an hour."""
    return sum(now - one < HOUR for one in sent) >= most


def _between_m(one: str, other: str) -> float:
    """Metres from the middle of one square to the other square."""
    return to_square_m(*centre(one), other)
