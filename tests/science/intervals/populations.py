"""Counts of simulated sensors with a known truth: negative binomial with a chosen dispersion.

Owns the simulation only: nothing of the product is used here.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SITES = (5, 8, 12, 20, 40)
DISPERSIONS = (1.0, 2.0, 3.0, 4.0)
RATE = 0.1  # events per day at an average site


class Setting(NamedTuple):
    """One kind of survey."""

    sites: int
    dispersion: float  # variance of a site's count over its mean
    events: float = 10.0  # per site, on average
    uneven: bool = False  # efforts from 1 to 6 instead of equal


def efforts(setting: Setting) -> Floats:
    """Days of each site; on average they bring `events` at the rate RATE."""
    shape = np.geomspace(1, 6, setting.sites) if setting.uneven else np.ones(setting.sites)
    days: Floats = shape / shape.mean() * setting.events / RATE
    return days


def counts(draw: np.random.Generator, mean: Floats, dispersion: float) -> Floats:
    """Counts with these means, and variance = dispersion times mean."""
    if dispersion == 1:
        return draw.poisson(mean).astype(np.float64)
    shape = np.maximum(mean, 1e-9) / (dispersion - 1)
    return draw.poisson(draw.gamma(shape, dispersion - 1)).astype(np.float64)


def surveys(setting: Setting, runs: int, seed: int) -> tuple[Floats, Floats]:
    """Counts (runs, sites) and efforts (sites,) where every site has the rate RATE."""
    draw, days = np.random.default_rng(seed), efforts(setting)
    means = np.broadcast_to(RATE * days, (runs, setting.sites))
    return counts(draw, means, setting.dispersion), days


def pairs(
    setting: Setting, ratio: float, runs: int, seed: int
) -> tuple[Floats, Floats, Floats, Floats]:
    """Two periods at the same sites: n0, t0, n1, t1, each (runs, sites).

    Places differ by a gamma with coefficient of variation 0.7; with `uneven` the second period's
    effort is between 30 % and 150 % of the first's.
    """
    draw = np.random.default_rng(seed)
    shape = (runs, setting.sites)
    place = draw.gamma(2, 0.5, shape)
    t0 = np.full(shape, setting.events / RATE)
    t1 = t0 * (draw.uniform(0.3, 1.5, shape) if setting.uneven else 1.0)
    n0 = counts(draw, RATE * place * t0, setting.dispersion)
    n1 = counts(draw, RATE * place * t1 * ratio, setting.dispersion)
    return n0, t0, n1, t1
