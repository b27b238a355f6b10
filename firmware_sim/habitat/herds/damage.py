"""Damage to fields: where a group walked over a field at night while crops stood.

Owns the chance and the size of a damage. Must not know devices. A function of seed and day.
"""

from collections.abc import Iterator

import numpy as np

from firmware_sim.habitat import fields, land, species_habits
from firmware_sim.habitat.herds import walk
from firmware_sim.habitat.herds.group_habits import HABITS
from firmware_sim.habitat.herds.herds import STEP_S, Herds
from firmware_sim.habitat.random_streams import key
from firmware_sim.habitat.records import Damage
from firmware_sim.habitat.scenario import Scenario

EATERS = ("boar", "deer")
CROPS = (120, 310)  # days of the year in which something stands on the fields
CHANCE = 0.01  # of each step on a field
AREA_M2 = 12.0  # mean, of each animal


def damage(scenario: Scenario, herds: Herds, day: int) -> Iterator[Damage]:
    """Give the damage of a local day."""
    if not CROPS[0] <= day % 365.2425 < CROPS[1]:
        return
    for species in EATERS:
        yield from _by(scenario, herds, species, day)


def _by(scenario: Scenario, herds: Herds, species: str, day: int) -> Iterator[Damage]:
    home, alive = herds.settled[species], herds.numbers[species].alive(day)
    draw = np.random.Generator(np.random.Philox(key=key(scenario.seed, "damage", species, day)))
    active = species_habits.hour_weights(species)[np.arange(walk.STEPS) * 24 // walk.STEPS] > 1
    lucky = (draw.random((len(home.east), walk.STEPS)) < CHANCE) & active & (alive > 0)[:, None]
    track = walk.walks(home.streams, day) * HABITS[species].sigma_m
    herd, step = np.nonzero(lucky)
    east, north = home.east[herd] + track[herd, step, 0], home.north[herd] + track[herd, step, 1]
    lat, lon = fields.degrees(east, north)
    on_field = land.land_use(lat, lon, scenario.seed) == land.USES.index("field")
    for i in np.nonzero(on_field)[0]:
        at = species_habits.day_starts(day) + (step[i] + 0.5) * STEP_S
        area = draw.exponential(AREA_M2) * alive[herd[i]]
        place = round(float(lat[i]), 6), round(float(lon[i]), 6)
        yield Damage(float(at), species, *place, round(float(area), 1))
