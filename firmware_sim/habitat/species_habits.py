"""Animals: where and when, as pure functions of place, time and seed. The truth of the simulation.

Owns the true density, with which maps and siting are compared, and the visits drawn from it.
Must not know devices, radios or messages.

The truth. ``density(habitat, species, lat, lon, seed)`` is the expected number of visits per
detector-day, averaged over the year and the hours, if a detector stood at that place:

    smooth:  rate * exp(sigma * f(x) - sigma^2 / 2)          f with a 3 km length scale
    patchy:  rate * (low + (high - low) * logistic((f(x) - 0.8) / 0.08))      0.6 km

f is a stationary random field of unit variance (a sum of cosines, random Fourier features of a
Gaussian covariance), one per species, fixed by (seed, habitat, species). In the patchy habitat
about a fifth of the land holds nearly all animals, with sharp edges.

A day's expected visits are ``density * season(species, day)``; visits are Poisson, their hours
follow the species' 24 weights in Japan's local time. One visit is one independent encounter: it
may leave several frames within five minutes, and counts once in an independence window.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from firmware_sim.habitat import fields
from firmware_sim.habitat.fields import Floats
from firmware_sim.habitat.random_streams import rng

Habitat = Literal["smooth", "patchy"]

JST_S = 9 * 3600
DAY_S = 86_400

SMOOTH_SIGMA = 0.9
PATCH_LOW, PATCH_HIGH, PATCH_AT, PATCH_EDGE = 0.1, 4.3, 0.8, 0.08
LENGTH_M: Mapping[str, float] = {"smooth": 3_000.0, "patchy": 600.0}


@dataclass(frozen=True)
class SpeciesHabits:
    """How often, when and in what numbers a species comes by."""

    rate: float  # mean visits per detector-day over the land
    hours: str  # weight of each local hour 0..23, one digit each
    season: float  # amplitude of the yearly wave, 0..1
    peak_day: int  # day of the year of the wave's top
    alone: float  # probability that an animal comes alone; the group grows geometrically


SPECIES: Mapping[str, SpeciesHabits] = {
    #                      local hour: 0     6     12    18
    "boar": SpeciesHabits(0.90, "776653200000000001378988", 0.45, 305, 0.55),
    "deer": SpeciesHabits(1.10, "444567631111000112478765", 0.30, 295, 0.50),
    "raccoon": SpeciesHabits(0.50, "888764200000000000147999", 0.20, 200, 0.80),
    "marten": SpeciesHabits(0.35, "555566421110000112345666", 0.15, 120, 0.95),
}


class Visit(NamedTuple):
    """One encounter at one place."""

    at: float  # Unix seconds
    species: str
    group: int
    herd: int = -1  # -1: drawn from a density, of no herd


def density(
    habitat: Habitat, species: str, lat: ArrayLike, lon: ArrayLike, seed: int = 0
) -> Floats:
    """Give the true expected visits per detector-day at each (lat, lon), degrees, broadcast."""
    base = SPECIES[species].rate
    f = _field(habitat, species, lat, lon, seed)
    if habitat == "smooth":
        return base * np.exp(SMOOTH_SIGMA * f - SMOOTH_SIGMA**2 / 2)
    inside = 1.0 / (1.0 + np.exp(-(f - PATCH_AT) / PATCH_EDGE))
    return base * (PATCH_LOW + (PATCH_HIGH - PATCH_LOW) * inside)


def season(species: str, day: int) -> float:
    """Give the factor of a local day (number since 1970-01-01); it averages 1 over a year."""
    wave = SPECIES[species]
    return 1.0 + wave.season * math.cos(2 * math.pi * (day - wave.peak_day + 1) / 365.2425)


def local_day(at: float) -> int:
    """Give the number of Japan's local day that holds the Unix time `at`."""
    return int((at + JST_S) // DAY_S)


def day_starts(day: int) -> float:
    """Give the Unix time of the midnight that begins Japan's local day `day`."""
    return float(day * DAY_S - JST_S)


def hour_weights(species: str) -> Floats:
    """Give how active a species is in each local hour; they average 1."""
    weights = np.array([float(digit) for digit in SPECIES[species].hours])
    found: Floats = weights / weights.mean()
    return found


def visits(rates: Mapping[str, float], stream: int, day: int) -> list[Visit]:
    """Draw one local day's visits at a place, in time order.

    `rates` holds the place's density by species; `stream` is the place's key.
    """
    draw = rng(stream, day)
    midnight = day_starts(day)
    found: list[Visit] = []
    for species, rate in rates.items():
        table = _hours(species)
        for _ in range(_poisson(draw.random(), rate * season(species, day))):
            hour = table[int(draw.random() * len(table))]
            at = midnight + (hour + draw.random()) * 3600
            found.append(Visit(at, species, _group(draw.random(), SPECIES[species].alone)))
    found.sort()
    return found


def _field(habitat: str, species: str, lat: ArrayLike, lon: ArrayLike, seed: int) -> Floats:
    return fields.field((seed, "habitat", habitat, species), LENGTH_M[habitat], lat, lon)


@lru_cache(maxsize=32)
def _hours(species: str) -> list[int]:
    return [hour for hour, weight in enumerate(SPECIES[species].hours) for _ in range(int(weight))]


def _poisson(u: float, mean: float) -> int:
    """Invert the distribution function at u: one draw a number, whatever the mean."""
    term = total = math.exp(-mean)
    n = 0
    while u > total and n < 1000:
        n += 1
        term *= mean / n
        total += term
    return n


def _group(u: float, alone: float) -> int:
    return min(8, 1 + int(math.log(1 - u) / math.log(1 - alone))) if alone < 1 else 1
