"""All groups of a scenario, and whom they meet: visits at places, day by day.

Owns the pairs of groups and places within reach, the true expectation of visits, and the draws. Must not know
devices. The truth: at distance D from the middle of a group's home range a detector expects

    passes * season * moon * vigour * liking(place) * exp(-D^2 / (2 sigma^2))      visits a day

A walking group is met with a chance that falls with its distance within NEAR_M; averaged over the walk
this is the formula above.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from firmware_sim.habitat import fields, land, species_habits
from firmware_sim.habitat.fields import Floats
from firmware_sim.habitat.herds import settling, walk
from firmware_sim.habitat.herds.group_habits import HABITS, moon
from firmware_sim.habitat.herds.numbers import Numbers
from firmware_sim.habitat.herds.settling import Settled
from firmware_sim.habitat.random_streams import key
from firmware_sim.habitat.scenario import Scenario
from firmware_sim.habitat.species_habits import Visit

NEAR_M = 130.0
STEP_S = species_habits.DAY_S / walk.STEPS
COME_ALONG = 0.6  # share of a group that a detector sees with the first animal


class Pairs(Struct, frozen=True, eq=False):
    """Groups within reach of places; arrays of equal length."""

    place: NDArray[np.int64]
    herd: NDArray[np.int64]
    east: Floats  # metres from the middle of the home range to the place, in sigmas
    north: Floats
    liking: Floats


class Herds:
    """The animals around `places` (latitude, longitude). A function of seed and day, but for captures."""

    def __init__(self, scenario: Scenario, places: Sequence[tuple[float, float]]) -> None:
        self._seed, self._places = scenario.seed, len(places)
        lat, lon = np.array(places, dtype=float).reshape(-1, 2).T
        east, north = fields.metres(lat, lon)
        self.settled = {s: settling.settle(scenario, s, east, north) for s in HABITS}
        self.numbers = {s: Numbers(s, one.adults, one.streams) for s, one in self.settled.items()}
        likes = {s: land.liking(s, lat, lon, self._seed) for s in HABITS}
        self._pairs = {s: _pairs(s, self.settled[s], east, north, likes[s]) for s in HABITS}

    def expected(self, species: str, day: int) -> Floats:
        """True expected visits at each place on a local day."""
        rates, place = self._expected(species, day), self._pairs[species].place
        found: Floats = np.bincount(place, rates, self._places).astype(np.float64)
        return found

    def by_group(self, species: str, day: int) -> Floats:
        """The same of each group: group, place. Large where there are many of both."""
        pairs = self._pairs[species]
        found = np.zeros((len(self.settled[species].east), self._places))
        found[pairs.herd, pairs.place] = self._expected(species, day)
        return found

    def _expected(self, species: str, day: int) -> Floats:
        """True expected visits of each pair on a local day."""
        pairs = self._pairs[species]
        found: Floats = self._rate(species, day) * np.exp(-(pairs.east**2 + pairs.north**2) / 2)
        return found

    def visits(self, day: int) -> dict[int, list[Visit]]:
        """The visits of a local day by number of the place, in time order."""
        found: dict[int, list[Visit]] = {}
        for species in HABITS:
            for place, visit in self._drawn(species, day):
                found.setdefault(place, []).append(visit)
        for one in found.values():
            one.sort()
        return found

    def _rate(self, species: str, day: int) -> Floats:
        """Expected visits a day of each pair, were the place in the middle of the home range."""
        pairs = self._pairs[species]
        factor = HABITS[species].passes * species_habits.season(species, day) * moon(species, day)
        return factor * self.numbers[species].vigour(day)[pairs.herd] * pairs.liking

    def _hazard(self, species: str, day: int) -> Floats:
        """Expected visits of each pair in each step of the day."""
        pairs = self._pairs[species]
        track = walk.walks(self.settled[species].streams, day)[pairs.herd]
        near2 = (NEAR_M / HABITS[species].sigma_m) ** 2  # in sigmas
        track = track * np.sqrt(1 - near2)
        away2 = (track[:, :, 0] - pairs.east[:, None]) ** 2
        away2 += (track[:, :, 1] - pairs.north[:, None]) ** 2
        hours = species_habits.hour_weights(species)[np.arange(walk.STEPS) * 24 // walk.STEPS]
        met = np.exp(-away2 / (2 * near2)) * hours / (walk.STEPS * near2)
        found: Floats = self._rate(species, day)[:, None] * met
        return found

    def _drawn(self, species: str, day: int) -> Iterator[tuple[int, Visit]]:
        pairs, alive = self._pairs[species], self.numbers[species].alive(day)
        if not len(pairs.place):
            return
        draw = np.random.Generator(np.random.Philox(key=key(self._seed, "met", species, day)))
        counts = draw.poisson(self._hazard(species, day))
        pair, step = np.nonzero(counts)
        midnight = species_habits.day_starts(day)
        for p, k, times in zip(pair, step, counts[pair, step], strict=True):
            herd = int(pairs.herd[p])
            for _ in range(times):
                at = midnight + (k + draw.random()) * STEP_S
                group = 1 + int(draw.binomial(max(0, int(alive[herd]) - 1), COME_ALONG))
                yield int(pairs.place[p]), Visit(float(at), species, group, herd)


def _pairs(species: str, settled: Settled, east: Floats, north: Floats, likes: Floats) -> Pairs:
    sigma = HABITS[species].sigma_m
    columns: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    for place in range(len(east)):
        away = np.hypot(settled.east - east[place], settled.north - north[place])
        herd = np.nonzero(away <= settling.REACH * sigma)[0]
        columns.append((np.full(len(herd), place), herd))
    empty = np.empty(0, dtype=np.int64)
    place_of = np.concatenate([empty, *(one[0] for one in columns)])
    herd_of = np.concatenate([empty, *(one[1] for one in columns)])
    return Pairs(
        place_of,
        herd_of,
        (east[place_of] - settled.east[herd_of]) / sigma,
        (north[place_of] - settled.north[herd_of]) / sigma,
        likes[place_of],
    )
