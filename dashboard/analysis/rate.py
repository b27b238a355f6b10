"""A rate with its effort: RAI of detectors, CPUE of traps.

Owns the definition of a rate. Every count comes with its effort; without effort the rate is None, not
zero. Pure. Must not import numpy: the live page shows rates too and must stay small in memory.

RAI (relative abundance index, 撮影頻度指数) = 100 x independent events / camera-days.
CPUE (catch per unit effort, 捕獲効率) = 100 x captures / trap-nights (わな日).
"""

from typing import Literal

from msgspec import Struct

from dashboard.analysis import poisson

EffortUnit = Literal["camera-days", "trap-nights"]


class RateInterval(Struct, frozen=True):
    """A count with its effort and, if there was effort, the rate per 100 and its exact interval."""

    n: int
    effort: float  # in `unit`s
    unit: EffortUnit
    per100: float | None  # None: no effort, hence unknown
    low: float | None
    high: float | None


def rai(n: int, effort_days: float, confidence: float = 0.95) -> RateInterval:
    """Rate of independent events per 100 camera-days, with Garwood's exact interval.

    Raises ValueError for a negative count or effort.
    """
    return rate_of(n, effort_days, "camera-days", confidence)


def cpue(captures: int, trap_nights: float, confidence: float = 0.95) -> RateInterval:
    """Rate of captures per 100 trap-nights, measured while armed; otherwise like `rai`."""
    return rate_of(captures, trap_nights, "trap-nights", confidence)


def rate_of(n: int, effort: float, unit: EffortUnit, confidence: float = 0.95) -> RateInterval:
    """Rate per 100 units of effort. Raises ValueError for a negative count or effort."""
    if not effort >= 0:
        raise ValueError(f"an effort of {effort} {unit} is impossible; it must be 0 or more")
    low, high = poisson.limits(n, confidence)
    if effort == 0:
        return RateInterval(n, effort, unit, None, None, None)
    return RateInterval(n, effort, unit, 100 * n / effort, 100 * low / effort, 100 * high / effort)
