"""The thresholds of the rules: one set for the site, with overrides for some devices. PURE.

Owns names, defaults and limits of every threshold. Must not apply them.
"""

from datetime import datetime, time
from typing import Annotated

from msgspec import Meta, Struct

Hours = Annotated[
    str, Meta(pattern=r"^([01]\d|2[0-4])-([01]\d|2[0-4])\Z", description="local hours HH-HH, 22-06")
]
Share = Annotated[float, Meta(gt=0, le=1)]
AtLeastOne = Annotated[float, Meta(ge=1)]
NotNegative = Annotated[float, Meta(ge=0)]


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The thresholds. 0 switches a battery or signal threshold off."""

    silent_heartbeats: AtLeastOne = 2.5  # heartbeats missed before a device counts as silent
    many_silent: Annotated[int, Meta(ge=2)] = (
        3  # so many silent devices at once have one common cause
    )
    many_silent_share: Share = 0.6  # of the devices with that cause
    battery_low_pct: Annotated[float, Meta(ge=0, le=100)] = 20.0
    battery_low_v: NotNegative = 0.0  # depends on the chemistry: set it per device
    battery_fall_pct: Annotated[float, Meta(ge=0, le=100)] = 20.0  # within battery_fall_days
    battery_fall_v: NotNegative = 0.3
    battery_fall_days: Annotated[int, Meta(ge=1, le=7)] = 3
    weak_rssi_dbm: Annotated[float, Meta(le=0)] = -118.0
    weak_snr_db: float = -15.0
    moved_m: NotNegative = 50.0
    visit_due_hour: Annotated[int, Meta(ge=-1, le=23)] = 15  # local; -1: visits are not watched
    visit_every_days: Annotated[int, Meta(ge=1, le=31)] = 1  # 1: a trap is visited every day
    check_in_radius_m: Annotated[float, Meta(ge=5, le=500)] = 50.0  # so near is at the trap
    danger_species: tuple[str, ...] = ("bear", "brown_bear", "boar")
    ignored_species: tuple[str, ...] = ("person", "dog", "cat")
    least_confidence: Annotated[float, Meta(ge=0, le=1)] = 0.5
    first_after_days: Annotated[int, Meta(ge=1)] = 30
    calm_min: AtLeastOne = 60.0  # minutes without a detection that end a danger alert
    outcome_missing_days: Annotated[int, Meta(ge=1, le=92)] = 14  # later nobody is asked any more
    unanswered_min: AtLeastOne = 120.0


def within(hours: str, local: datetime | time) -> bool:
    """Whether a local time is in ``HH-HH``; ``22-06`` includes midnight, ``00-24`` is always."""
    first, last = (int(part) for part in hours.split("-"))
    if first <= last:
        return first <= local.hour < last
    return local.hour >= first or local.hour < last


def end_hour(hours: str) -> int:
    """The local hour at which ``HH-HH`` ends, 0 to 24."""
    return int(hours.partition("-")[2])
