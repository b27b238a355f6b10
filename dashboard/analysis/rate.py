"""A rate with its effort: RAI of detectors, CPUE of traps.

Owns the definition of a rate. Every count comes with its effort; without effort the rate is None, not
zero. Pure. Must not import numpy: the live page shows rates too and must stay small in memory.

RAI (relative abundance index, 撮影頻度指数) = 100 x independent events / camera-days.
CPUE (catch per unit effort, 捕獲効率) = 100 x captures / trap-nights (わな日).
"""

from typing import Literal

import msgspec
from msgspec import Struct

from dashboard.analysis import poisson

EffortUnit = Literal["camera-days", "trap-nights"]
Basis = Literal["exact", "sites", "zero", "sums"]  # what an interval stands on, see `RateInterval`

LEAST_EFFORT = 10.0  # days; with less a rate is told in words, but neither coloured nor drawn


class RateInterval(Struct, frozen=True):
    """A count with its effort and, if there was effort, the rate per 100 and its 95 % interval.

    `basis`: "exact": one site, Poisson; "sites": how much sites differ; "zero": no event at several sites,
    so the limit assumes a Poisson count; "sums": only the sum is known, and a Poisson count is assumed.
    """

    n: int
    effort: float  # in `unit`s
    unit: EffortUnit
    per100: float | None  # None: no effort, hence unknown
    low: float | None
    high: float | None
    basis: Basis = "exact"
    sites: int = 1
    dispersion: float | None = None  # variance between sites over that of a Poisson count

    @property
    def enough(self) -> bool:
        """Whether the effort is enough for the rate to be drawn."""
        return self.per100 is not None and self.effort >= LEAST_EFFORT


def rai(n: int, effort_days: float, confidence: float = 0.95) -> RateInterval:
    """Rate of independent events per 100 camera-days, with Garwood's exact interval.

    Raises ValueError for a negative count or effort.
    """
    return rate_of(n, effort_days, "camera-days", confidence)


def cpue(captures: int, trap_nights: float, confidence: float = 0.95) -> RateInterval:
    """Rate of captures per 100 trap-nights, measured while armed; otherwise like `rai`."""
    return rate_of(captures, trap_nights, "trap-nights", confidence)


def of_sums(n: int, effort: float, unit: EffortUnit) -> RateInterval:
    """Rate of a sum whose sites are not known: its interval assumes a Poisson count, and says so."""
    found = rate_of(n, effort, unit)
    return msgspec.structs.replace(found, basis="sums", sites=0)


def rate_of(n: int, effort: float, unit: EffortUnit, confidence: float = 0.95) -> RateInterval:
    """Rate per 100 units of effort. Raises ValueError for a negative count or effort."""
    if not effort >= 0:
        raise ValueError(f"an effort of {effort} {unit} is impossible; it must be 0 or more")
    low, high = poisson.limits(n, confidence)
    if effort == 0:
        return RateInterval(n, effort, unit, None, None, None)
    return RateInterval(n, effort, unit, 100 * n / effort, 100 * low / effort, 100 * high / effort)
