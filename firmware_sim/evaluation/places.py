"""Hot spots and proposed places: do they lie where the animals truly are?

Owns the true worth of a place. Must not know how places are chosen.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from msgspec import Struct

from firmware_sim.evaluation.rates import Truth
from firmware_sim.evaluation.record import GatewayRecord, SitingLine, SpotLine
from firmware_sim.evaluation.story import Story
from firmware_sim.habitat import fields, species_habits
from firmware_sim.habitat.fields import Floats
from firmware_sim.habitat.herds.herds import Herds
from firmware_sim.habitat.scenario import Scenario
from firmware_sim.habitat.species_habits import local_day

GRID_M = 150.0
NIGHTS, CATCH = 60, 0.05  # as the page of proposals assumes; the share of passes that are caught


class SpotScore(Struct, frozen=True):
    """Sensors marked as hot or cold, of all species."""

    sensors: int
    hot: int
    hot_false: int  # marked as hot, truly below the mean of all sensors
    cold: int
    cold_false: int


class SitingScore(Struct, frozen=True):
    """The worth of proposed places, as a share of the best ones under the same rules of distance."""

    places: int
    species: str
    animals: float  # that traps there take in NIGHTS nights, in truth
    best_animals: float
    sensors_animals: float  # at as many of the sensors' places, those with the highest true rates
    efficiency: float


def spots(story: Story, record: GatewayRecord) -> SpotScore:
    """Compare the marks with the true rates."""
    truth = Truth(story, record.independent_s)
    first, stop = local_day(story.head.start), local_day(story.head.end)
    counts = np.zeros(5, dtype=int)
    for species, lines in record.spots.items():
        true = np.array([truth.visits(species, line.device, first, stop) for line in lines])
        counts += _marked(lines, true)
    return SpotScore(*counts.tolist())


def _marked(lines: list[SpotLine], true: Floats) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    above = true > true.mean() if len(true) else np.zeros(0, dtype=bool)
    hot = np.array([line.spot == "hot" or line.alone == "hot" for line in lines], dtype=bool)
    cold = np.array([line.spot == "cold" or line.alone == "cold" for line in lines], dtype=bool)
    return np.array([len(lines), hot.sum(), (hot & ~above).sum(), cold.sum(), (cold & above).sum()])


def siting(scenario: Scenario, story: Story, line: SitingLine) -> SitingScore:
    """Compare proposed places with the best ones near the sensors, beside the traps that stand."""
    devices = story.head.devices
    cameras = np.array([(d.lat, d.lon) for d in devices if d.role == "detector"])
    traps = np.array([(d.lat, d.lon) for d in devices if d.role == "trap"]).reshape(-1, 2)
    grid = _grid(cameras, line.reach_m)
    choices, day = [np.array(line.places), grid, cameras], local_day(story.head.end)
    worth = Worth(scenario, line.species, np.concatenate([traps, *choices]), len(traps), day)
    count, first = len(line.places), len(traps)
    ours = worth.of(range(first, first + count))
    best = worth.greedy(range(first + count, first + count + len(grid)), count, line.apart_m)
    own = worth.greedy(
        range(first + count + len(grid), len(worth.places)), count, line.apart_m, by_passes=True
    )
    return SitingScore(
        places=count,
        species=line.species,
        animals=round(ours, 2),
        best_animals=round(best, 2),
        sensors_animals=round(own, 2),
        efficiency=round(ours / best, 3) if best else 0.0,
    )


class Worth:
    """How many animals traps at some of `places` take in NIGHTS nights beside the first `standing` ones.

    Neighbouring traps take from the same groups. With a density instead of groups nothing is known of
    neighbours: then each place is a group of its own.
    """

    def __init__(
        self, scenario: Scenario, species: str, places: Floats, standing: int, day: int
    ) -> None:
        self.places = places
        self._east, self._north = fields.metres(*places.T)
        share = scenario.catch.get(species, CATCH)
        if scenario.animals:
            herds = Herds(scenario, [(float(lat), float(lon)) for lat, lon in places])
            passes = herds.by_group(species, day)
            self._animals = herds.numbers[species].alive(day)
        else:
            passes = np.diag(
                species_habits.density(
                    scenario.habitat, species, places[:, 0], places[:, 1], scenario.seed
                )
            )
            self._animals = np.ones(len(places))
        self._rates = share * NIGHTS * passes
        self._before = self._rates[:, :standing].sum(axis=1)
        self._standing = range(standing)

    def of(self, chosen: Iterable[int]) -> float:
        """Animals that traps at these places add."""
        return float(self._added(self._rates[:, list(chosen)].sum(axis=1)))

    def greedy(
        self, among: Sequence[int], count: int, apart_m: float, *, by_passes: bool = False
    ) -> float:
        """Animals that the best of some places add; `by_passes`: those that most animals pass."""
        total, chosen = np.zeros(len(self._animals)), list[int]()
        left = np.array([i for i in among if self._is_apart(i, self._standing, apart_m)], dtype=int)
        while len(chosen) < count and len(left):
            rates = self._rates[:, left]
            gain = rates.sum(axis=0) if by_passes else self._added(total[:, None] + rates)
            best = int(left[gain.argmax()])
            chosen.append(best)
            total += self._rates[:, best]
            left = np.array([i for i in left if self._is_apart(i, [best], apart_m)], dtype=int)
        return float(self._added(total))

    def _added(self, rates: Floats) -> Floats:
        """Animals taken with more captures of each group than the standing traps alone."""
        before = self._before if rates.ndim == 1 else self._before[:, None]
        animals = self._animals if rates.ndim == 1 else self._animals[:, None]
        found: Floats = (animals * (np.exp(-before) - np.exp(-before - rates))).sum(axis=0)
        return found

    def _is_apart(self, place: int, others: Sequence[int], apart_m: float) -> bool:
        e, n = self._east[list(others)], self._north[list(others)]
        away = np.hypot(e - self._east[place], n - self._north[place])
        return bool((away >= apart_m).all())


def _grid(cameras: Floats, reach_m: float) -> Floats:
    """Latitude and longitude of a grid of places within reach of a sensor."""
    east, north = fields.metres(*cameras.T)
    spans = [
        np.arange(axis.min() - reach_m, axis.max() + reach_m, GRID_M) for axis in (east, north)
    ]
    e, n = (axis.ravel() for axis in np.meshgrid(*spans))
    away = np.full(e.shape, np.inf)
    for x, y in zip(east, north, strict=True):
        np.minimum(away, np.hypot(e - x, n - y), out=away)
    near = away <= reach_m
    return np.stack(fields.degrees(e[near], n[near]), axis=1)
