"""How each species lives in groups: the table, and the moon.

Owns the figures of home ranges, groups, births and shyness, and moonlight. Must not hold state. A home range
is round and normal: `sigma_m` is the standard deviation around its middle.
"""

import math
from collections.abc import Mapping

from msgspec import Struct

SYNODIC_DAYS = 29.530588
NEW_MOON_DAY = 10962.76  # 2000-01-06 18:14 UTC, in days since 1970


class HerdHabits(Struct, frozen=True):
    """One species. Rates are of a group of the usual size."""

    per_km2: float  # groups
    sigma_m: float
    passes: float  # per day, at a detector in the middle of the home range
    size: float  # adults
    litter: float  # young of a group and year
    birth_day: int  # day of the year
    moon: float  # how much less active at full moon than on average, 0..1
    shy: float  # the chance that a place where one of the group was caught still springs, at once
    shy_days: float  # until two thirds of the shyness are gone


HABITS: Mapping[str, HerdHabits] = {
    "boar": HerdHabits(4.0, 326.0, 0.45, 3.0, 4.5, 130, 0.15, 0.3, 30.0),
    "deer": HerdHabits(6.0, 230.0, 0.60, 2.5, 1.2, 150, 0.05, 0.5, 20.0),
    "raccoon": HerdHabits(3.0, 300.0, 0.30, 1.2, 1.5, 110, 0.10, 0.6, 15.0),
    "marten": HerdHabits(1.5, 350.0, 0.25, 1.0, 1.0, 110, 0.0, 0.8, 10.0),
}


def moonlight(day: int) -> float:
    """Give the share of the moon's face that is lit in the night of a local day, 0 to 1."""
    age = (day + 0.6 - NEW_MOON_DAY) / SYNODIC_DAYS
    return (1 - math.cos(2 * math.pi * age)) / 2


def moon(species: str, day: int) -> float:
    """Give the factor of a night's moonlight; it averages 1 over a month."""
    return 1.0 - HABITS[species].moon * (2 * moonlight(day) - 1)
