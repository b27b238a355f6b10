"""How many animals a group has: adults, the year's young, and those that were caught.

Owns the numbers of one species and who was caught where. Must not know walks.
"""

import math

import numpy as np
from numpy.typing import NDArray

from firmware_sim.habitat.fields import Floats
from firmware_sim.habitat.herds.group_habits import HABITS
from firmware_sim.habitat.random_streams import fractions
from firmware_sim.habitat.species_habits import DAY_S

YOUNG_DAYS = 350.0  # after which a third of a litter is still with the group
YEAR_DAYS = 365.2425
BIRTHS = 1 << 40  # counters of a stream that no walk uses
LATEST_DAYS = 20  # litters come so many days around the species' day


class Numbers:
    """The animals of a species. Only captures change it; everything else is a function of the day."""

    def __init__(self, species: str, adults: Floats, streams: NDArray[np.uint64]) -> None:
        self._species, self._adults, self._streams = species, adults, streams
        self._caught = np.zeros(len(adults))
        self._shy: dict[tuple[int, str], float] = {}  # (group, trap) -> when one was caught there

    def born(self, day: int) -> Floats:
        """Young of each group on a local day: of the last two litters."""
        year = int(day / YEAR_DAYS)
        return self._young(year, day) + self._young(year - 1, day) + self._young(year - 2, day)

    def alive(self, day: int) -> Floats:
        """Animals of each group; 0 where all were caught."""
        found: Floats = np.maximum(0.0, self._adults + self.born(day) - self._caught)
        return found

    def vigour(self, day: int) -> Floats:
        """How often a group comes by, compared with one of the usual number of adults."""
        found: Floats = np.sqrt(self.alive(day) / HABITS[self._species].size)
        return found

    def catch(self, herd: int, trap: str, at: float, most: int) -> int:
        """Take up to `most` animals out of a group; gives how many were taken."""
        left = self.alive(int((at + 9 * 3600) // DAY_S))[herd]
        taken = int(min(most, left))
        self._caught[herd] += taken
        self._shy[herd, trap] = at
        return taken

    def boldness(self, herd: int, trap: str, at: float) -> float:
        """The factor of the chance that a group springs a trap: 1, less where it lost one lately."""
        since = self._shy.get((herd, trap))
        if since is None:
            return 1.0
        habits = HABITS[self._species]
        return 1 - (1 - habits.shy) * math.exp(-(at - since) / DAY_S / habits.shy_days)

    def _young(self, year: int, day: int) -> Floats:
        litter, when = (fractions(self._streams, BIRTHS + 2 * year + k) for k in (0, 1))
        young = np.floor(litter * (2 * HABITS[self._species].litter + 1))
        birth = year * YEAR_DAYS + HABITS[self._species].birth_day
        age = day - birth - LATEST_DAYS * (2 * when - 1)
        there = (age >= 0) & (age < 2 * YEAR_DAYS)
        left: Floats = np.where(there, young * np.exp(-age.clip(0) / YOUNG_DAYS), 0.0)
        found: Floats = np.floor(left + 0.5)
        return found
