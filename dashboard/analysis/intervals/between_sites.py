"""The interval of a rate that is pooled from several sensors or traps.

Owns which interval a pooled rate has. Pure. Must not import numpy: pages of the always-on process pool too.

A pooled rate is sum(n) / sum(T). Its uncertainty is measured from how much the sites differ, because
animals come in groups and places differ: the counts are not Poisson. With shares s_i = T_i / sum(T) and
residuals e_i = n_i - s_i N, the variance of N is sum(e_i^2 / (1 - s_i)) (cluster-robust, CR2 for a ratio).
Divided by N it is the dispersion, 1 for a Poisson count. The interval is symmetric on the log scale, with a
t quantile whose degrees of freedom follow Bell & McCaffrey: S - 1 for equal efforts, fewer where one site has
most of the effort.
Source: Bell & McCaffrey 2002, Survey Methodology 28.

- one site: the exact Poisson interval;
- no event: the exact Poisson limit, because a dispersion cannot be measured from zeros;
- fewer than FEW_PER_SITE events per site: at least the exact Poisson interval;
- chance may make sites too much alike: never less than half the width of a Poisson interval;
- two or three sites hardly show how much sites differ: where a limit would be more than e^2 = 7.4 times the
  rate away, it goes on like that of a score interval.
"""

import math
from collections.abc import Iterable, Sequence

from dashboard.analysis import poisson
from dashboard.analysis.intervals import student
from dashboard.analysis.rate import Basis, EffortUnit, RateInterval, rate_of

FEW_PER_SITE = 2.0  # events
LEAST_WIDTH = 0.5  # of a Poisson interval's half-width on the log scale
NORMAL_95 = 1.96
WIDE = 2.0  # half-width on the log scale, a factor of 7.4

Part = tuple[int, float]  # the count and the effort of one site


def pooled(
    parts: Iterable[Part], unit: EffortUnit = "camera-days", confidence: float = 0.95
) -> RateInterval:
    """The pooled rate of some sites. Sites with neither effort nor events are not counted.

    Raises ValueError for a negative count or effort.
    """
    used = [(n, effort) for n, effort in parts if n or effort]
    n, effort = sum(n for n, _ in used), math.fsum(effort for _, effort in used)
    exact = rate_of(n, effort, unit, confidence)
    if exact.low is None or len(used) < 2:
        return exact
    spread = dispersion(used)
    if spread is None:
        return _with(exact, "zero", len(used), None, (exact.low, exact.high or 0.0))
    low, high = (100 * limit / effort for limit in _limits(used, spread, confidence))
    return _with(exact, "sites", len(used), spread, (low, high))


def dispersion(parts: Sequence[Part]) -> float | None:
    """The variance between sites over that of a Poisson count; None without events."""
    n, effort = sum(n for n, _ in parts), math.fsum(effort for _, effort in parts)
    if n == 0:
        return None
    shares = [one / effort for _, one in parts]
    squares = (
        (n_i - s * n) ** 2 / (1 - s) for (n_i, _), s in zip(parts, shares, strict=True) if s < 1
    )
    return math.fsum(squares) / n


def degrees_of_freedom(efforts: Iterable[float]) -> float:
    """Bell and McCaffrey's degrees of freedom of a pooled rate: at most the number of sites less 1."""
    known = [effort for effort in efforts if effort > 0]
    total = math.fsum(known)
    shares = [effort / total for effort in known]
    if len(shares) < 2 or max(shares) >= 1:
        return 1.0
    pulls = [s * s / (1 - s) for s in shares]
    return 1 / (
        math.fsum(s * s for s in shares)
        + math.fsum(pulls) ** 2
        - math.fsum(pull * pull for pull in pulls)
    )


def _limits(parts: Sequence[Part], spread: float, confidence: float) -> tuple[float, float]:
    """Limits of the sum of the counts."""
    n = sum(n for n, _ in parts)
    t = student.quantile(degrees_of_freedom(effort for _, effort in parts), confidence)
    least = LEAST_WIDTH * NORMAL_95
    half = _tamed(max(t * math.sqrt(spread), least) / math.sqrt(n))
    low, high = n * math.exp(-half), n * math.exp(half)
    if n >= FEW_PER_SITE * len(parts):
        return low, high
    exact_low, exact_high = poisson.limits(n, confidence)
    return min(low, exact_low), max(high, exact_high)


def _tamed(half: float) -> float:
    """A half-width on the log scale; wide ones grow on as in a score interval, no longer exponentially."""
    if half <= WIDE:
        return half
    return WIDE + 2 * (math.asinh(half / 2) - math.asinh(WIDE / 2))


def _with(
    exact: RateInterval,
    basis: Basis,
    sites: int,
    spread: float | None,
    limits: tuple[float, float],
) -> RateInterval:
    low, high = limits
    return RateInterval(
        exact.n, exact.effort, exact.unit, exact.per100, low, high, basis, sites, spread
    )
