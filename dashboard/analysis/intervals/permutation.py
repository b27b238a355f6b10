"""Probabilities by permutation: how often chance alone would make a difference at least as large.

Owns the two schemes and their fixed seed: the same figures always give the same p. Pure.

- by sensor (two periods): the sign of each sensor's change is flipped; all 2^S combinations up to
  EXACT_SITES sensors, else DRAWS random ones. With 5 sensors p cannot be below 2/32.
- between groups (two areas, near and far): sensors are dealt anew to the groups. The statistic is
  divided by its standard error, so that groups of unequal size and spread stay comparable.
Sources: Hemerik, Goeman & Finos 2020, JRSS B 82; Chung & Romano 2013, Annals of Statistics 41.
"""

import numpy as np
from numpy.typing import ArrayLike

from dashboard.analysis.projection import Bools, Floats

EXACT_SITES = 11
DRAWS = 1_999
SEED = 20
SAME = 1e-9  # relative: sums of equal terms in another order differ by rounding


def flipped(changes: ArrayLike) -> float:
    """Two-sided p of a sum of changes (S,) whose signs would be random if nothing had changed."""
    found = np.asarray(changes, dtype=np.float64)
    found = found[found != 0]
    if not len(found):
        return 1.0
    if len(found) <= EXACT_SITES:
        sums = np.abs(_all_signs(len(found)) @ found)
        return float(np.mean(sums >= abs(found.sum()) * (1 - SAME)))
    signs = np.random.default_rng(SEED).choice((-1.0, 1.0), (DRAWS, len(found)))
    sums = np.abs(signs @ found)
    return float((1 + np.sum(sums >= abs(found.sum()) * (1 - SAME))) / (DRAWS + 1))


def dealt(scores: ArrayLike, weights: ArrayLike, first: ArrayLike) -> float:
    """Two-sided p of the difference of two groups' sum(scores) / sum(weights), all arrays (S,).

    `first` marks the sensors of the first group. 1 when a group has no weight.
    """
    u, w = np.asarray(scores, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    mask = np.asarray(first, dtype=bool)
    draw = np.random.default_rng(SEED)
    order = np.argsort(draw.random((DRAWS, len(mask))), axis=1)
    seen = _studentised(u, w, mask[None, :])[0]
    if not np.isfinite(seen):
        return 1.0
    others = np.nan_to_num(_studentised(u, w, mask[order]), nan=0.0)
    return float((1 + np.sum(np.abs(others) >= abs(seen) * (1 - SAME))) / (DRAWS + 1))


def _all_signs(count: int) -> Floats:
    bits = np.arange(2**count)[:, None] >> np.arange(count) & 1
    return bits.astype(np.float64) * 2 - 1


def _studentised(u: Floats, w: Floats, groups: Bools) -> Floats:
    """The difference over its standard error for each row of `groups` (R, S)."""
    means, variances = zip(
        *(_mean(u, w, part.astype(float)) for part in (groups, ~groups)), strict=True
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = (means[0] - means[1]) / np.sqrt(variances[0] + variances[1])
    return found


def _mean(u: Floats, w: Floats, part: Floats) -> tuple[Floats, Floats]:
    """sum(u) / sum(w) of a group and its variance, for each row."""
    with np.errstate(divide="ignore", invalid="ignore"):
        total, size = part @ w, part.sum(axis=1)
        mean = part @ u / total
        squares = part @ u**2 - 2 * mean * (part @ (u * w)) + mean**2 * (part @ w**2)
        return mean, squares / total**2 * size / (size - 1)
