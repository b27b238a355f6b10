"""Quantiles of Student's t distribution for any degrees of freedom, without scipy.

Owns the tail of the distribution and its inversion. Pure. Must not import numpy: pages of the always-on
process show rates too.

The two-sided tail is the regularised incomplete beta function I_x(df/2, 1/2) with x = df/(df + t^2). It is
computed by its continued fraction (Lentz), and inverted by Newton's method on the logarithm of the tail.
Source: Abramowitz & Stegun 1964, 26.5.8 and 26.7.1.
"""

import math
from functools import lru_cache
from statistics import NormalDist

TINY = 1e-300


@lru_cache(maxsize=4096)
def quantile(df: float, confidence: float = 0.95) -> float:
    """Return t so that a t-distributed value lies within -t..t with this probability.

    Raises ValueError for degrees of freedom not above 0 or a confidence outside 0..1 (both excluded).
    """
    if not df > 0:
        raise ValueError(f"degrees of freedom {df} are impossible; they must be above 0")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence} is outside 0 to 1")
    tail = 1 - confidence
    log_t = math.log(NormalDist().inv_cdf(1 - tail / 2))
    for _ in range(200):
        t = math.exp(log_t)
        value = two_sided_tail(t, df)
        step = (math.log(value) - math.log(tail)) * value / (2 * t * _density(t, df))
        log_t += max(min(step, 2.0), -2.0)
        if abs(step) < 1e-13:
            break
    return math.exp(log_t)


def two_sided_tail(t: float, df: float) -> float:
    """P(|T| > t) for a t-distributed T."""
    x = df / (df + t * t)
    if x > (df / 2 + 1) / (df / 2 + 2.5):  # the fraction converges quickly on the other side only
        return 1 - _incomplete_beta(0.5, df / 2, t * t / (df + t * t))
    return _incomplete_beta(df / 2, 0.5, x)


def _density(t: float, df: float) -> float:
    head = math.lgamma((df + 1) / 2) - math.lgamma(df / 2) - math.log(df * math.pi) / 2
    return math.exp(head - (df + 1) / 2 * math.log1p(t * t / df))


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """I_x(a, b) for x below (a + 1) / (a + b + 2)."""
    if x <= 0:
        return 0.0
    head = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front = math.exp(head + a * math.log(x) + b * math.log1p(-x)) / a
    return front * _fraction(a, b, x)


def _fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    total = d
    for m in range(1, 1000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        before = total
        for part in (even, odd):
            d = 1 / _away_from_zero(1 + part * d)
            c = _away_from_zero(1 + part / c)
            total *= c * d
        if abs(total - before) <= 1e-16 * abs(total):
            break
    return total


def _away_from_zero(value: float) -> float:
    return value if abs(value) > TINY else TINY
