"""Stationary random fields of unit variance over the land, fixed by their names.

Owns the sum of cosines (random Fourier features of a Gaussian covariance) and the flat plane it lies on.
Must not know what a field stands for.
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firmware_sim.habitat.random_streams import key

Floats = NDArray[np.float64]

CENTRE_LAT, CENTRE_LON = 32.69, 128.75  # middle of Fukue island
METRES_PER_DEGREE = 111_195.0
WAVES = 96


def field(name: tuple[object, ...], length_m: float, lat: ArrayLike, lon: ArrayLike) -> Floats:
    """Give the values of the field called `name` at each (lat, lon), degrees, broadcast."""
    waves, phases = _waves(name, length_m)
    east, north = metres(lat, lon)
    total = np.zeros(np.broadcast(north, east).shape)
    for (k_east, k_north), phase in zip(waves, phases, strict=True):
        total += np.cos(k_east * east + k_north * north + phase)
    return total * math.sqrt(2 / WAVES)


def metres(lat: ArrayLike, lon: ArrayLike) -> tuple[Floats, Floats]:
    """Give metres east and north of the centre."""
    north = (np.asarray(lat, dtype=np.float64) - CENTRE_LAT) * METRES_PER_DEGREE
    shrink = METRES_PER_DEGREE * math.cos(math.radians(CENTRE_LAT))
    return (np.asarray(lon, dtype=np.float64) - CENTRE_LON) * shrink, north


def degrees(east: ArrayLike, north: ArrayLike) -> tuple[Floats, Floats]:
    """Give latitude and longitude of metres east and north of the centre."""
    shrink = METRES_PER_DEGREE * math.cos(math.radians(CENTRE_LAT))
    lat = CENTRE_LAT + np.asarray(north, dtype=np.float64) / METRES_PER_DEGREE
    return lat, CENTRE_LON + np.asarray(east, dtype=np.float64) / shrink


@lru_cache(maxsize=64)
def _waves(name: tuple[object, ...], length_m: float) -> tuple[Floats, Floats]:
    draw = np.random.Generator(np.random.Philox(key=key(*name)))
    waves = draw.standard_normal((WAVES, 2)) / length_m
    return waves, draw.uniform(0, 2 * math.pi, WAVES)
