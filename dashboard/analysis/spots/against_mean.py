"""Each sensor's count against the rate of all sensors together: exact, with the measured dispersion.

Owns the test and how the dispersion is measured. Pure.

If all sensors had one rate, a sensor with the share s of the effort would get the share s of all N events.
Given N its count is binomial, or beta-binomial with the dispersion f: the variance of each count is f times
its mean before N is known (negative binomial). p is twice the smaller tail, corrected for the number of
sensors by Benjamini & Hochberg. The dispersion is measured within sensors, from week to week: spread between
sensors is what the test looks for.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from dashboard.analysis.projection import Floats
from dashboard.analysis.significance import Spot, benjamini_hochberg

SHARE = 0.05  # of the sensors shown that may be false alarms
LEAST_WEEKS = 4
REACH_SD = 20  # standard deviations above the mean; what lies beyond is below 1e-8


def weekly_dispersion(counts: ArrayLike) -> float | None:
    """Variance over mean of weekly counts (S, weeks) about each sensor's own mean, at least 1.

    None with fewer than 4 weeks or no event. A change of season makes it larger, hence the test more careful.
    """
    table = np.asarray(counts, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] < LEAST_WEEKS:
        return None
    seen = table[table.sum(axis=1) > 0]
    if not len(seen):
        return None
    mean = seen.mean(axis=1, keepdims=True)
    free = len(seen) * (table.shape[1] - 1)
    return max(1.0, float(((seen - mean) ** 2 / mean).sum()) / float(free))


def tails(n: ArrayLike, effort: ArrayLike, dispersion: float = 1.0) -> Floats:
    """Two-sided p of each sensor (S,), not yet corrected; 1 without effort or events."""
    counts = np.asarray(n, dtype=np.int64)
    days = np.asarray(effort, dtype=np.float64)
    total = int(counts.sum())
    shares = days / days.sum() if days.sum() > 0 else np.zeros(len(days))
    return np.array(
        [
            _two_sided(int(count), total, share, dispersion) if 0 < share < 1 and total else 1.0
            for count, share in zip(counts, shares.tolist(), strict=True)
        ]
    )


def against_mean(n: ArrayLike, effort: ArrayLike, dispersion: float) -> tuple[Floats, list[Spot]]:
    """Corrected p of each sensor, and whether it is above (hot) or below (cold) the others."""
    counts, days = np.asarray(n, dtype=np.float64), np.asarray(effort, dtype=np.float64)
    p = benjamini_hochberg(tails(n, effort, dispersion))
    above = counts * days.sum() > days * counts.sum()
    return p, [
        "" if one > SHARE else "hot" if high else "cold"
        for one, high in zip(p.tolist(), above.tolist(), strict=True)
    ]


def _two_sided(count: int, total: int, share: float, dispersion: float) -> float:
    mean = total * share
    most = min(total, max(count, int(mean + REACH_SD * math.sqrt(mean * dispersion) + REACH_SD)))
    chance = _chances(total, share, dispersion, most)
    return min(1.0, 2 * float(min(chance[: count + 1].sum(), chance[count:].sum())))


def _chances(total: int, share: float, dispersion: float, most: int) -> Floats:
    """Probability of each count from 0 to `most`: by ratios of neighbours, normalised."""
    k = np.arange(most, dtype=np.float64)
    if dispersion <= 1 + 1e-9:
        steps = np.log(total - k) - np.log(k + 1) + np.log(share) - np.log1p(-share)
    else:
        one = share * total / (dispersion - 1)
        rest = (1 - share) * total / (dispersion - 1)
        steps = np.log(total - k) - np.log(k + 1) + np.log(one + k) - np.log(rest + total - k - 1)
    logs = np.concatenate([[0.0], np.cumsum(steps)])
    chance: Floats = np.exp(logs - logs.max())
    chance /= chance.sum()
    return chance
