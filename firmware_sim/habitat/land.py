"""Land use: forest, fields and villages, as a pure function of place and seed.

Owns which land lies where, and how much each species likes it. Must not know animals' positions.
Fields and villages lie together in valleys; the rest is forest.
"""

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firmware_sim.habitat import fields
from firmware_sim.habitat.fields import Floats

LandUse = Literal["forest", "field", "village"]
USES: tuple[LandUse, ...] = ("forest", "field", "village")
VALLEY_M = 900.0  # length scale
FIELD_AT, VILLAGE_AT = (
    0.55,
    1.55,
)  # of a field with unit variance: a quarter is open, a twentieth built

# How much a species uses each kind of land, relative to forest.
LIKING: Mapping[str, tuple[float, float, float]] = {
    "boar": (1.0, 1.3, 0.15),
    "deer": (1.0, 1.1, 0.1),
    "raccoon": (1.0, 1.0, 0.8),
    "marten": (1.0, 0.4, 0.1),
}


def land_use(lat: ArrayLike, lon: ArrayLike, seed: int) -> NDArray[np.int64]:
    """Give the index in `USES` at each place."""
    height = fields.field((seed, "land"), VALLEY_M, lat, lon)
    return (height > FIELD_AT).astype(np.int64) + (height > VILLAGE_AT)


def liking(species: str, lat: ArrayLike, lon: ArrayLike, seed: int) -> Floats:
    """Give how much a species uses each place, forest being 1."""
    found: Floats = np.array(LIKING[species])[land_use(lat, lon, seed)]
    return found
