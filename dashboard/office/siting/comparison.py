"""Captures after a kept plan beside what the plan expected. PURE.

Owns which trap stands for which site, and the verdict. The expectation is scaled to the trap-nights that
were actually set.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct

from dashboard.analysis.projection import Plane
from dashboard.analysis.siting import counted
from gateway.domain.traps.trap_plan import PlannedSite, TrapPlan

MATCH_M = 150.0  # a trap this near to a site stands for it
Verdict = Literal["unset", "fewer", "within", "more"]


class SetTrap(Struct, frozen=True):
    """A trap with what happened there since the plan was kept."""

    name: str
    lat: float
    lon: float
    nights: float
    captures: int  # of the plan's species


class SiteResult(Struct, frozen=True):
    """One site of the plan, with the trap that stands for it."""

    site: PlannedSite
    trap: SetTrap | None
    away_m: float | None
    expected: float  # in as many trap-nights as the trap was set


class PlanResult(Struct, frozen=True, eq=False):
    """A plan and what followed."""

    plan: TrapPlan
    sites: tuple[SiteResult, ...]
    low: int
    high: int

    @property
    def nights(self) -> float:
        """Trap-nights at all sites."""
        return sum(one.trap.nights for one in self.sites if one.trap)

    @property
    def captures(self) -> int:
        """Captures at all sites."""
        return sum(one.trap.captures for one in self.sites if one.trap)

    @property
    def expected(self) -> float:
        """What was expected in these trap-nights."""
        return sum(one.expected for one in self.sites)

    @property
    def verdict(self) -> Verdict:
        """Captures against the limits."""
        if self.nights <= 0:
            return "unset"
        if self.captures < self.low:
            return "fewer"
        return "more" if self.captures > self.high else "within"


def compared(plan: TrapPlan, traps: Sequence[SetTrap]) -> PlanResult:
    """Match each site with the nearest trap, each trap once, and compare."""
    pairs = _matched(plan.record.sites, traps)
    nights = plan.record.nights
    sites = []
    for i, site in enumerate(plan.record.sites):
        away, trap = pairs.get(i, (None, None))
        share = trap.nights / nights if trap else 0.0
        sites.append(SiteResult(site, trap, away, site.expected * share))
    expected = sum(one.expected for one in sites)
    low, high = counted.limits(expected, plan.record.relative_sd)
    return PlanResult(plan, tuple(sites), low, high)


def _matched(
    sites: Sequence[PlannedSite], traps: Sequence[SetTrap]
) -> Mapping[int, tuple[float, SetTrap]]:
    """Site number -> distance and trap; the nearest pairs first."""
    if not sites:
        return {}
    flat = Plane(sites[0].lat, sites[0].lon)
    found = sorted(
        (math.hypot(*_metres(flat, site, trap)), i, j)
        for i, site in enumerate(sites)
        for j, trap in enumerate(traps)
    )
    pairs: dict[int, tuple[float, SetTrap]] = {}
    taken: set[int] = set()
    for away, i, j in found:
        if away <= MATCH_M and i not in pairs and j not in taken:
            pairs[i] = (away, traps[j])
            taken.add(j)
    return pairs


def _metres(flat: Plane, site: PlannedSite, trap: SetTrap) -> tuple[float, float]:
    north, east = flat.metres_per_degree
    return (trap.lat - site.lat) * north, (trap.lon - site.lon) * east
