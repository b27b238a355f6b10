"""Landscapes with animals whose number and home ranges are known: the truth that siting is judged by.

Owns where animals live, what cameras record of them, and how many of them traps take, neighbours taking
from the same animals. Must not know how places are chosen.
"""

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
from msgspec import Struct

from dashboard.analysis.projection import Bools, Floats, Plane, distances
from dashboard.analysis.siting.space_use import SpaceUse
from dashboard.analysis.tallies import DeviceTally

Kind = Literal["patchy", "gradient", "valleys"]
KINDS: tuple[Kind, ...] = ("patchy", "gradient", "valleys")
SIDE_M, PER_KM2 = 10_000.0, 5.0
SENSORS = 40
OWN_SD = 0.4  # of the log of each sensor's own place: a path, a tree in the way
CENTRE = Plane(32.69, 128.75)


class Landscape(Struct, frozen=True, eq=False):
    """Land within a square, and the middles of the home ranges of all animals."""

    is_land: Callable[[Floats, Floats], Bools]
    x_m: Floats
    y_m: Floats
    sigma_m: float
    passes_at_middle: float  # per day


def landscape(kind: Kind, seed: int, space: SpaceUse) -> Landscape:
    """Draw a landscape."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    density, is_land = _SHAPES[kind](rng)
    x, y = rng.uniform(0, SIDE_M, (2, 60_000))
    weight = density(x, y) * is_land(x, y)
    size = rng.poisson(PER_KM2 * (SIDE_M / 1000) ** 2 * is_land(x, y).mean())
    chosen = rng.choice(len(x), size, p=weight / weight.sum())
    return Landscape(is_land, x[chosen], y[chosen], space.sigma_m, space.passes_at_middle)


def recorded(land: Landscape, seed: int) -> list[DeviceTally]:
    """What cameras at random places on land record."""
    rng = np.random.default_rng([seed, 7])
    x, y = rng.uniform(0, SIDE_M, (2, 20 * SENSORS))
    on_land = land.is_land(x, y)
    x, y = x[on_land][:SENSORS], y[on_land][:SENSORS]
    days = rng.uniform(30, 90, len(x))
    own = np.exp(rng.normal(-(OWN_SD**2) / 2, OWN_SD, len(x)))
    passes = (land.passes_at_middle * _near(land, x, y)).sum(axis=1) * days * own
    counts = rng.poisson(passes).tolist()
    lat, lon = CENTRE.to_degrees(x - SIDE_M / 2, y - SIDE_M / 2)
    return [
        DeviceTally(f"cam-{i:02}", counts[i], float(days[i]), float(lat[i]), float(lon[i]))
        for i in range(len(x))
    ]


def taken(land: Landscape, x_m: Floats, y_m: Floats, nights: float, share: float) -> float:
    """How many animals are expected in traps that turn this share of passes into captures."""
    rates = share * land.passes_at_middle * _near(land, x_m, y_m).sum(axis=0)
    return float(-np.expm1(-nights * rates).sum())


def _near(land: Landscape, x_m: Floats, y_m: Floats) -> Floats:
    away = distances(x_m, y_m, land.x_m, land.y_m)
    near: Floats = np.exp(-0.5 * (away / land.sigma_m) ** 2)
    return near


Shape = tuple[Callable[[Floats, Floats], Floats], Callable[[Floats, Floats], Bools]]


def _everywhere(x_m: Floats, _: Floats) -> Bools:
    return np.ones(x_m.shape, dtype=bool)


def _waves(rng: np.random.Generator, length_m: float) -> Callable[[Floats, Floats], Floats]:
    """A stationary random field of unit variance: a sum of cosines."""
    kx, ky = rng.normal(0, 1 / length_m, (2, 80))
    phase = rng.uniform(0, 2 * math.pi, 80)

    def field(x_m: Floats, y_m: Floats) -> Floats:
        angle = np.multiply.outer(x_m, kx) + np.multiply.outer(y_m, ky) + phase
        values: Floats = math.sqrt(2 / 80) * np.cos(angle).sum(axis=-1)
        return values

    return field


def _patchy(rng: np.random.Generator) -> Shape:
    """A fifth of the land, in patches some hundred metres wide, holds most animals."""
    field = _waves(rng, 600)
    return lambda x, y: 0.1 + 4 / (1 + np.exp(-(field(x, y) - 0.8) / 0.08)), _everywhere


def _gradient(rng: np.random.Generator) -> Shape:
    """From a few animals at one side to twenty times as many at the other, with soft hills."""
    field, turn = _waves(rng, 3_000), rng.uniform(0, 2 * math.pi)

    def density(x_m: Floats, y_m: Floats) -> Floats:
        along = ((x_m - SIDE_M / 2) * math.cos(turn) + (y_m - SIDE_M / 2) * math.sin(turn)) / SIDE_M
        animals: Floats = np.exp(3 * along + 0.3 * field(x_m, y_m))
        return animals

    return density, _everywhere


def _valleys(rng: np.random.Generator) -> Shape:
    """A coast, and three valleys that run down to it; the animals keep to the valleys."""
    shore, bend = rng.uniform(2_000, 3_500), rng.uniform(0, 2 * math.pi)
    mouths, slopes = rng.uniform(1_000, 9_000, 3), rng.uniform(-0.5, 0.5, 3)

    def is_land(x_m: Floats, y_m: Floats) -> Bools:
        edge: Bools = y_m > shore + 700 * np.sin(x_m / 1_500 + bend)
        return edge

    def density(x_m: Floats, y_m: Floats) -> Floats:
        axes = mouths + np.multiply.outer(y_m - shore, slopes)
        off = np.abs(x_m[..., None] - axes) / np.sqrt(1 + slopes**2)
        animals: Floats = 0.1 + np.exp(-0.5 * (off / 350) ** 2).sum(axis=-1) * 4
        return animals

    return density, is_land


_SHAPES: dict[Kind, Callable[[np.random.Generator], Shape]] = {
    "patchy": _patchy,
    "gradient": _gradient,
    "valleys": _valleys,
}
