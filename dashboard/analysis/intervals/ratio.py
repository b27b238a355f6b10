"""The ratio of two rates with its interval: two periods at the same sensors, two areas, near against far.

Owns the three designs. Pure. A ratio of 0.5 means half as many events per day as before.

Two periods (`paired`): each sensor is its own control. For a ratio r the events of a sensor, m = n0 + n1,
would be expected to fall into the second period with the share c = r T1 / (T0 + r T1), whatever the rate of
the place. u(r) = n1 - c m is its surplus. The estimate is the r whose surpluses add up to 0, the interval
holds every r that a t test of the surpluses does not reject: measured spread, no Poisson assumed.
As in `between_sites` the variance is at least a quarter of the Poisson variance, and all of it where a period
has no event.

Two areas (`between`): log rates with the variance of `between_sites`; Welch's degrees of freedom.
Near against far (`near_against_far`): the ratio of two paired ratios (BACI: before, after, control, impact).
Sources: Stewart-Oaten, Murdoch & Parker 1986, Ecology 67; Welch 1947, Biometrika 34.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike

from dashboard.analysis.intervals import between_sites, permutation, student
from dashboard.analysis.intervals.between_sites import LEAST_WIDTH, Part
from dashboard.analysis.projection import Floats

LOG_REACH = 14.0  # beyond a ratio of e^14 a limit counts as none
STEPS = 44  # of bisection


class Ratio(Struct, frozen=True):
    """A ratio of rates. None: it cannot be told, or has no limit on that side."""

    ratio: float | None
    low: float | None
    high: float | None
    p: float  # by permutation, two-sided
    sites: int  # that had events and effort on both sides
    df: float  # degrees of freedom of the interval
    se_log: float | None  # standard error of the logarithm

    @property
    def changed(self) -> bool:
        """Whether both the interval and the permutation exclude "no difference" at 5 %."""
        outside = (self.low is not None and self.low > 1) or (
            self.high is not None and self.high < 1
        )
        return outside and self.p <= 0.05


UNKNOWN = Ratio(None, None, None, 1.0, 0, 1.0, None)


class Periods(Struct, frozen=True, eq=False):
    """Counts and effort of S sensors in two periods, arrays (S,)."""

    n0: Floats
    t0: Floats
    n1: Floats
    t1: Floats

    @property
    def informative(self) -> "Periods":
        """The sensors with effort in both periods and an event in one of them."""
        used = (self.t0 > 0) & (self.t1 > 0) & (self.n0 + self.n1 > 0)
        return Periods(self.n0[used], self.t0[used], self.n1[used], self.t1[used])


def periods(n0: ArrayLike, t0: ArrayLike, n1: ArrayLike, t1: ArrayLike) -> Periods:
    """Make `Periods` of any sequences."""
    return Periods(*(np.asarray(one, dtype=np.float64) for one in (n0, t0, n1, t1)))


def paired(given: Periods, confidence: float = 0.95) -> Ratio:
    """The rate of the second period over that of the first, at the same sensors."""
    seen = given.informative
    sites = len(seen.n0)
    if sites < 2:
        return UNKNOWN
    df = float(sites - 1)
    t = student.quantile(df, confidence)
    middle = _estimate(seen)
    low = _crossing(lambda r: _t_value(seen, r), t)
    high = _crossing(lambda r: _t_value(seen, r), -t)
    p = permutation.flipped(surplus(seen, 1.0))
    se = None if not middle else _se_log(seen, middle)
    return Ratio(middle, low, high, p, sites, df, se)


def between(one: Sequence[Part], other: Sequence[Part], confidence: float = 0.95) -> Ratio:
    """The pooled rate of `one` over that of `other`, which are different sensors."""
    groups = [[(n, t) for n, t in parts if t > 0] for parts in (one, other)]
    if min(len(parts) for parts in groups) < 2 or not all(sum(n for n, _ in g) for g in groups):
        return UNKNOWN
    logs, variances, dfs = zip(*(_log_rate(parts) for parts in groups), strict=True)
    p = permutation.dealt(*_scores(groups), [True] * len(groups[0]) + [False] * len(groups[1]))
    sites = len(groups[0]) + len(groups[1])
    return _welch(logs[0] - logs[1], variances, dfs, p, sites, confidence)


def near_against_far(near: Periods, far: Periods, confidence: float = 0.95) -> Ratio:
    """The change near over the change far away; below 1: it fell more near than far."""
    groups = [near.informative, far.informative]
    sizes = [len(one.n0) for one in groups]
    if min(sizes) < 2:
        return UNKNOWN
    filled = [_with_half_events(one) for one in groups]
    ratios = [_estimate(one) or 1.0 for one in filled]
    spreads = [_spread(one, r) for one, r in zip(filled, ratios, strict=True)]
    variances, dfs = zip(*spreads, strict=True)
    p = _dealt_changes(groups)
    gap = math.log(ratios[0] / ratios[1])
    return _welch(gap, variances, dfs, p, sum(sizes), confidence)


def surplus(given: Periods, ratio: float) -> Floats:
    """Events of each sensor in the second period beyond those expected at this ratio, (S,)."""
    return given.n1 - _share(given, ratio) * (given.n0 + given.n1)


def _share(given: Periods, ratio: float) -> Floats:
    after: Floats = ratio * given.t1
    return after / (given.t0 + after)


def _information(given: Periods, ratio: float) -> Floats:
    """How much each sensor's expected surplus moves with the log of the ratio: its Poisson variance."""
    share = _share(given, ratio)
    return share * (1 - share) * (given.n0 + given.n1)


def _variance(given: Periods, ratio: float) -> float:
    u, sites = surplus(given, ratio), len(given.n0)
    measured = float(((u - u.mean()) ** 2).sum()) * sites / (sites - 1)
    whole = given.n0.sum() == 0 or given.n1.sum() == 0
    poisson = float(_information(given, ratio).sum())
    return max(measured, poisson * (1.0 if whole else LEAST_WIDTH**2))


def _t_value(given: Periods, ratio: float) -> float:
    return float(surplus(given, ratio).sum()) / math.sqrt(_variance(given, ratio) or 1.0)


def _se_log(given: Periods, ratio: float) -> float:
    return math.sqrt(_variance(given, ratio)) / float(_information(given, ratio).sum())


def _spread(given: Periods, ratio: float) -> tuple[float, float]:
    """Variance of the log of an estimated ratio and its degrees of freedom, as in `between_sites`.

    A sensor with most of the information pulls the estimate towards itself: its residual is too small.
    """
    weight = _information(given, ratio)
    total = float(weight.sum())
    pull = np.minimum(weight / total, 0.99)
    measured = float((surplus(given, ratio) ** 2 / (1 - pull)).sum())
    variance = max(measured, total * LEAST_WIDTH**2) / total**2
    return variance, between_sites.degrees_of_freedom(weight.tolist())


def _estimate(given: Periods) -> float | None:
    """The ratio whose surpluses add up to 0."""
    return _crossing(lambda r: float(surplus(given, r).sum()), 0.0)


def _crossing(falling: Callable[[float], float], level: float) -> float | None:
    """The ratio at which a falling function reaches a level; 0 or None: below or beyond all reach."""
    low, high = -LOG_REACH, LOG_REACH
    if falling(math.exp(low)) <= level:
        return 0.0
    if falling(math.exp(high)) > level:
        return None
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if falling(math.exp(middle)) > level else (low, middle)
    return math.exp((low + high) / 2)


def _with_half_events(given: Periods) -> Periods:
    """Half an event in each period, shared by effort, where a period has none."""
    if given.n0.sum() and given.n1.sum():
        return given
    half0, half1 = (0.5 * t / t.sum() for t in (given.t0, given.t1))
    return Periods(given.n0 + half0, given.t0, given.n1 + half1, given.t1)


def _dealt_changes(groups: Sequence[Periods]) -> float:
    """p of the difference of two groups' changes, at the change that both have together."""
    both = Periods(
        *(np.concatenate([getattr(g, name) for g in groups]) for name in ("n0", "t0", "n1", "t1"))
    )
    common = _estimate(both)
    if not common:
        return 1.0
    first = [True] * len(groups[0].n0) + [False] * len(groups[1].n0)
    return permutation.dealt(surplus(both, common), _information(both, common), first)


def _log_rate(parts: Sequence[Part]) -> tuple[float, float, float]:
    """Log of a pooled rate, its variance and degrees of freedom."""
    n, effort = sum(n for n, _ in parts), math.fsum(t for _, t in parts)
    spread = between_sites.dispersion(parts) or 0.0
    df = between_sites.degrees_of_freedom(t for _, t in parts)
    return math.log(n / effort), max(spread, LEAST_WIDTH**2) / n, df


def _scores(groups: Sequence[Sequence[Part]]) -> tuple[list[float], list[float]]:
    """Residuals at the common rate, and efforts, of all sensors."""
    every = [part for parts in groups for part in parts]
    rate = sum(n for n, _ in every) / math.fsum(t for _, t in every)
    return [n - rate * t for n, t in every], [t for _, t in every]


def _welch(
    gap: float,
    variances: Sequence[float],
    dfs: Sequence[float],
    p: float,
    sites: int,
    confidence: float,
) -> Ratio:
    variance = sum(variances)
    df = variance**2 / sum(v**2 / d for v, d in zip(variances, dfs, strict=True))
    half = student.quantile(df, confidence) * math.sqrt(variance)
    limits = math.exp(gap - half), math.exp(gap + half)
    return Ratio(math.exp(gap), *limits, p, sites, df, math.sqrt(variance))
