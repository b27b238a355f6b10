"""Where groups live: the middles of their home ranges, fixed by seed and place.

Owns the choice, square by square, so that the same animals live at a place whatever devices stand near it.
Must not know days.
"""

import math

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from firmware_sim.habitat import fields, land
from firmware_sim.habitat.fields import Floats
from firmware_sim.habitat.herds.group_habits import HABITS
from firmware_sim.habitat.random_streams import key, mix
from firmware_sim.habitat.scenario import Scenario
from firmware_sim.habitat.species_habits import SPECIES, density

CELL_M = 500.0
REACH = 4.0  # home ranges are cut off at so many sigmas


class Settled(Struct, frozen=True, eq=False):
    """The groups of a species: middles of home ranges in metres east and north of the centre, adults."""

    east: Floats
    north: Floats
    adults: Floats
    streams: NDArray[np.uint64]  # of each group's own random numbers


def settle(scenario: Scenario, species: str, east: Floats, north: Floats) -> Settled:
    """Give the groups whose home range may hold one of the places."""
    cells = _cells(east, north, REACH * HABITS[species].sigma_m)
    middle = (cells + 0.5) * CELL_M
    lat, lon = fields.degrees(middle[:, 0], middle[:, 1])
    likes = land.liking(species, lat, lon, scenario.seed)
    many = density(scenario.habitat, species, lat, lon, scenario.seed) / SPECIES[species].rate
    mean = HABITS[species].per_km2 * (CELL_M / 1000) ** 2 * many * likes * scenario.animals
    found = [_in_cell(scenario.seed, species, cell, m) for cell, m in zip(cells, mean, strict=True)]
    e, n, adults = np.concatenate([np.empty((3, 0)), *(one[0] for one in found)], axis=1)
    streams = np.concatenate([np.empty(0, dtype=np.uint64), *(one[1] for one in found)])
    return Settled(e, n, adults, streams)


def _cells(east: Floats, north: Floats, reach_m: float) -> Floats:
    """The squares within reach of a place, in order: (column, row) by rows of the result."""
    steps = math.ceil(reach_m / CELL_M) + 1
    around = np.arange(-steps, steps + 1)
    dx, dy = (axis.ravel() for axis in np.meshgrid(around, around))
    near = np.hypot(dx, dy) * CELL_M <= reach_m + math.sqrt(2) * CELL_M
    home = np.floor(np.stack([east, north], axis=1) / CELL_M)
    shifts = np.stack([dx[near], dy[near]], axis=1)
    cells: Floats = np.unique((home[:, None, :] + shifts[None]).reshape(-1, 2), axis=0)
    return cells


def _in_cell(
    seed: int, species: str, cell: Floats, mean: float
) -> tuple[Floats, NDArray[np.uint64]]:
    """East, north and adults of the groups of one square, and their streams."""
    name = key(seed, "herds", species, int(cell[0]), int(cell[1]))
    draw = np.random.Generator(np.random.Philox(key=name))
    count = int(draw.poisson(mean))
    at = (cell[:, None] + draw.random((2, count))) * CELL_M
    adults = 1 + draw.poisson(HABITS[species].size - 1, count)
    streams = np.array([mix(name, n) for n in range(count)], dtype=np.uint64)
    return np.vstack([at, adults]), streams
