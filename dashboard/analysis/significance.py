"""Tests of significance for hot spots, cold spots and trends.

Owns the Gi* of Getis and Ord, the Benjamini-Hochberg correction and the Mann-Kendall trend. Pure.
All tests are two-sided. They are applied to rates, never to counts, because a long effort makes a
count high. Sources: Ord & Getis 1995; Benjamini & Hochberg 1995; Mann 1945, Kendall 1975, Sen 1968.
"""

import math
from typing import Literal

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike

from dashboard.analysis.projection import Bools, Floats, SensorSites, distances

Spot = Literal["hot", "cold", ""]


class GiStar(Struct, frozen=True, eq=False):
    """Gi* of each site; arrays of length S. NaN where it is not defined."""

    z: Floats
    p: Floats  # two-sided
    p_adjusted: Floats  # Benjamini-Hochberg: false discovery rate at this threshold
    neighbours: Floats  # sites within the band, itself included

    def spots(self, false_share: float = 0.05) -> list[Spot]:
        """Classify each site as hot, cold or neither, at this false discovery rate."""
        return [_spot(z, p, false_share) for z, p in zip(self.z, self.p_adjusted, strict=True)]


class Trend(Struct, frozen=True):
    """Mann-Kendall test of a series, and Sen's slope per step."""

    s: int  # number of rising pairs minus number of falling pairs
    z: float
    p: float  # two-sided
    slope: float  # median change per step, e.g. per month
    used: int  # values that were not missing


def gi_star(sites: SensorSites, band_m: float) -> GiStar:
    """Test each site's rate with its neighbours within `band_m` (itself included) against all."""
    apart = distances(sites.x_m, sites.y_m, sites.x_m, sites.y_m)
    return gi_star_of(sites.rate100, apart <= band_m)


def gi_star_of(values: ArrayLike, within: Bools) -> GiStar:
    """Like `gi_star` for any values (S,) and a matrix of neighbours (S, S), itself included.

    z is not defined (NaN) where all sites are neighbours or all values are equal.
    """
    x = np.asarray(values, dtype=np.float64)
    n, near = len(x), within.sum(axis=1).astype(np.float64)
    expected = x.mean() * near if n else near
    spread = _population_sd(x) * np.sqrt(near * (n - near) / max(n - 1, 1))
    undefined = np.full(n, np.nan)
    z = np.divide(within @ x - expected, spread, out=undefined, where=spread > 0)
    p = np.array([two_sided_p(value) for value in z.tolist()])
    return GiStar(z, p, benjamini_hochberg(p), near)


def gi_by_month(
    x_m: Floats, y_m: Floats, n: ArrayLike, effort_days: ArrayLike, band_m: float
) -> Floats:
    """Gi* of each site in each month: z, counts and effort have the shape (months, S).

    A site without effort in a month is NaN there and does not count as a neighbour.
    """
    counts, effort = np.asarray(n, dtype=np.float64), np.asarray(effort_days, dtype=np.float64)
    z = np.full(counts.shape, np.nan)
    for month, watched in enumerate(effort > 0):
        here = SensorSites(
            x_m[watched], y_m[watched], counts[month, watched], effort[month, watched]
        )
        z[month, watched] = gi_star(here, band_m).z
    return z


def two_sided_p(z: float) -> float:
    """Probability of a standard normal value at least as far from 0; NaN for NaN."""
    return math.erfc(abs(z) / math.sqrt(2))


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """Adjust p values (S,) for their number; NaN stays NaN and is not counted."""
    given = np.asarray(p, dtype=np.float64)
    known = np.flatnonzero(~np.isnan(given))
    falling = known[np.argsort(-given[known], kind="stable")]
    ranks = np.arange(len(known), 0, -1)
    adjusted = np.full(given.shape, np.nan)
    adjusted[falling] = np.minimum.accumulate(given[falling] * len(known) / ranks).clip(max=1)
    return adjusted


def mann_kendall(series: ArrayLike) -> Trend | None:
    """Test an evenly spaced series for a trend; NaN is a missing step, not a zero.

    Normal approximation with correction for ties and continuity. None for fewer than 4 values,
    which can never be significant.
    """
    values = np.asarray(series, dtype=np.float64)
    steps = np.flatnonzero(~np.isnan(values))
    x = values[steps]
    if len(x) < 4:
        return None
    later, earlier = np.tril_indices(len(x), -1)
    rises = x[later] - x[earlier]
    s = int(np.sign(rises).sum())
    sd = math.sqrt(_variance(x))
    z = (s - math.copysign(1, s)) / sd if s and sd else 0.0
    slope = float(np.median(rises / (steps[later] - steps[earlier])))
    return Trend(s, z, two_sided_p(z), slope, len(x))


def _variance(x: Floats) -> float:
    """Variance of Kendall's S without a trend, corrected for ties."""
    ties = np.unique(x, return_counts=True)[1].astype(np.float64)
    sizes = np.append(ties, len(x))
    terms = sizes * (sizes - 1) * (2 * sizes + 5)
    return float(terms[-1] - terms[:-1].sum()) / 18


def _population_sd(x: Floats) -> float:
    """Standard deviation with divisor n; exactly 0 when all values are equal."""
    return float(x.std()) if len(x) and np.ptp(x) > 0 else 0.0


def _spot(z: float, p: float, false_share: float) -> Spot:
    if not p < false_share:
        return ""
    return "hot" if z > 0 else "cold"
