"""Exact confidence limits of a Poisson count (Garwood 1936), without scipy.

Owns the tail sums of the Poisson distribution and their inversion. Pure.

The limits are chi-square quantiles, chi2(a, 2n)/2 and chi2(1-a, 2n+2)/2. For whole n those are the
means at which the tail of n events has probability a. The tails are finite sums or sums that converge
geometrically; Newton's method inverts them.
Source: F. Garwood, Fiducial limits for the Poisson distribution, Biometrika 28.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from statistics import NormalDist


@lru_cache(maxsize=4096)
def limits(n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact lower and upper limit of the mean of a count of `n` events.

    Relative error below 1e-11 for n up to a million. Raises ValueError for a negative n or a
    confidence outside 0..1 (both excluded).
    """
    if n < 0:
        raise ValueError(f"a count of {n} is impossible; it must be 0 or more")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence} is outside 0 to 1")
    tail = (1 - confidence) / 2
    lower = 0.0 if n == 0 else _invert(lambda m: _at_least(n, m), tail, _guess(n, -1, tail))
    return lower, _invert(lambda m: _at_most(n, m), tail, _guess(n + 1, 1, tail))


def _at_most(n: int, mean: float) -> tuple[float, float]:
    """P(N <= n) for a mean above n, and its derivative by the mean."""
    first = _probability(n, mean)
    term, total, k = 1.0, 1.0, n
    while k > 0 and term > total * 1e-17:
        term *= k / mean
        total += term
        k -= 1
    return first * total, -first


def _at_least(n: int, mean: float) -> tuple[float, float]:
    """P(N >= n) for a mean below n, and its derivative by the mean."""
    first = _probability(n, mean)
    term, total, k = 1.0, 1.0, n
    while term > total * 1e-17:
        k += 1
        term *= mean / k
        total += term
    return first * total, first * n / mean


def _probability(n: int, mean: float) -> float:
    return math.exp(n * math.log(mean) - mean - math.lgamma(n + 1))


def _guess(shape: int, side: int, tail: float) -> float:
    """First value: the gamma quantile by Wilson and Hilferty, with an error of a few per cent."""
    z = side * NormalDist().inv_cdf(1 - tail)
    return shape * max(1 - 1 / (9 * shape) + z / (3 * math.sqrt(shape)), 0.05) ** 3


def _invert(chance: Callable[[float], tuple[float, float]], target: float, mean: float) -> float:
    """Newton's method on the logarithm of a tail, which is concave in the mean."""
    for _ in range(100):
        value, slope = chance(mean)
        step = (math.log(value) - math.log(target)) * value / slope
        mean = mean - step if step < mean else mean / 2
        if abs(step) <= 1e-14 * mean:
            break
    return mean
