"""How many animals the traps of a plan take, with what is not known about it. PURE.

Owns the interval of a plan and of each trap, and the share of passing animals that a trap catches.
Draws of the surface (kriging), of that share, of each trap's own place and of chance (Poisson) are
added up; the seed is fixed, so that the same data give the same interval.
"""

from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from dashboard.analysis import kriging
from dashboard.analysis.kriging import Covariance
from dashboard.analysis.projection import Floats, SensorSites
from dashboard.analysis.siting.choice import Plan
from dashboard.analysis.siting.trap_field import TrapField

Whole = NDArray[np.integer[Any]]
DRAWS, SEED = 1_000, 20
MOST_CELLS = 300  # drawn together; cells are merged into squares until there are not more
LIMITS = (2.5, 97.5)  # percent


class Catch(Struct, frozen=True):
    """What share of the passes of a camera a trap at the same place turns into captures.

    A gamma distribution: `shape` counts captures, `passes` what a camera would have seen meanwhile.
    """

    shape: float
    passes: float
    measured: int = 0  # captures behind it; 0: the share is assumed

    @property
    def mean(self) -> float:
        """Captures per pass."""
        return self.shape / self.passes


ASSUMED = Catch(0.5, 0.5 / 0.03)
"""Without captures: 3 of 100 passes, give or take much (half of the draws below 1.4, a tenth above 8)."""


class Expectation(Struct, frozen=True):
    """Animals taken: the mean, the 95 % limits of what will be counted, and the spread of the mean."""

    mean: float
    low: float
    high: float
    relative_sd: float  # of what is expected, without the chance of counting


class PlanExpectation(Struct, frozen=True):
    """Of the whole plan, and of each of its places in their order."""

    total: Expectation
    sites: tuple[Expectation, ...]


def catch_from(captures: int, passes: float) -> Catch:
    """The share from captures at traps where cameras would have seen so many passes."""
    return Catch(ASSUMED.shape + captures, ASSUMED.passes + passes, captures)


def expectation(
    field: TrapField, plan: Plan, sites: SensorSites, model: Covariance, catch: Catch
) -> PlanExpectation:
    """Draw what the plan takes."""
    rng = np.random.default_rng(SEED)
    merged = _merged(field, plan)
    surface = _surfaces(merged, sites, model, rng)
    share = rng.gamma(catch.shape, 1 / catch.passes, DRAWS) / catch.mean
    own = np.exp(rng.normal(-model.nugget / 2, np.sqrt(model.nugget), (DRAWS, len(plan.places))))
    by_site = _taken(merged, surface, share[:, None], own)
    counted = rng.poisson(by_site)
    found = [_summary(by_site[:, i], counted[:, i]) for i in range(len(plan.places))]
    return PlanExpectation(_summary(by_site.sum(axis=1), counted.sum(axis=1)), tuple(found))


class _Merged(Struct, frozen=True, eq=False):
    """Squares of cells within reach of the plan."""

    x_m: Floats
    y_m: Floats
    animals: Floats
    old_rate: Floats
    rates: Floats  # accumulated, (squares, places)


def _merged(field: TrapField, plan: Plan) -> _Merged:
    """Merge cells until at most MOST_CELLS squares hold what the plan takes."""
    x, y = np.meshgrid(field.grid.x_m, field.grid.y_m)
    rates = np.stack([field.effect.taken(np.hypot(x - p.x_m, y - p.y_m)) for p in plan.places], -1)
    weight = field.animals * -np.expm1(-rates.sum(axis=-1))
    near = weight > 1e-3 * weight.max()
    side = 1
    while len(np.unique(_square(field, side)[near])) > MOST_CELLS:
        side += 1
    _, at = np.unique(_square(field, side)[near], return_inverse=True)
    share = weight[near] / _sums(at, weight[near])[at]

    def mean(values: Floats) -> Floats:
        return _sums(at, values[near] * share)

    places = np.stack([mean(rates[..., i]) for i in range(rates.shape[-1])], -1)
    animals = _sums(at, field.animals[near])
    return _Merged(mean(x), mean(y), animals, mean(field.old_rate), places)


def _sums(at: Whole, values: Floats) -> Floats:
    sums: Floats = np.bincount(at, values).astype(np.float64)
    return sums


def _square(field: TrapField, side: int) -> Whole:
    rows, columns = field.grid.shape
    return (np.arange(rows) // side)[:, None] * columns + np.arange(columns) // side


def _surfaces(
    merged: _Merged, sites: SensorSites, model: Covariance, rng: np.random.Generator
) -> Floats:
    """Draws of the true surface relative to the estimated one, (draws, squares)."""
    spread = kriging.posterior_covariance(sites, model, merged.x_m, merged.y_m)
    values, vectors = np.linalg.eigh(spread)
    root = vectors * np.sqrt(np.maximum(values, 0))
    draws: Floats = np.exp(rng.standard_normal((DRAWS, len(values))) @ root.T)
    return draws


def _taken(merged: _Merged, surface: Floats, share: Floats, own: Floats) -> Floats:
    """What each place takes in each draw: animals go to traps in proportion to their rates."""
    strength = share * own
    whole = strength @ merged.rates.T + share * merged.old_rate
    taken = merged.animals * surface * -np.expm1(-whole) / np.maximum(whole, 1e-300)
    return (taken @ merged.rates) * strength


def _summary(expected: Floats, counted: Whole) -> Expectation:
    mean = float(expected.mean())
    low, high = np.percentile(counted, LIMITS).tolist()
    return Expectation(mean, low, high, float(expected.std()) / mean if mean > 0 else 0.0)
