"""Captures per effort by area, each area over all others. PURE.

Owns this comparison. Two areas have different traps; two periods have the same: `figures.change`.
"""

from collections import Counter
from collections.abc import Mapping

from msgspec import Struct

from dashboard.analysis.intervals import ratio
from dashboard.analysis.intervals.between_sites import pooled
from dashboard.analysis.intervals.ratio import Ratio
from dashboard.analysis.rate import RateInterval
from dashboard.office.figures.figures import Year, captures
from gateway.domain.model import Device, Role


class AreaLine(Struct, frozen=True):
    """One area: its captures per effort this year, and over those of all other areas."""

    area: str
    rate: RateInterval
    against_others: Ratio


def by_area(year: Year, devices: Mapping[str, Device]) -> list[AreaLine]:
    """Each area of the traps over all others; empty where there is one area only."""
    caught = Counter(action.device for action in captures(year.actions))
    groups: dict[str, list[tuple[int, float]]] = {}
    for trap, nights in year.trap_nights.items():
        if trap in devices and devices[trap].role is Role.TRAP:
            groups.setdefault(devices[trap].area, []).append((caught[trap], nights))
    if len(groups) < 2:
        return []
    return [
        AreaLine(
            area,
            pooled(counts, "trap-nights"),
            ratio.between(
                counts, [one for name, other in groups.items() if name != area for one in other]
            ),
        )
        for area, counts in sorted(groups.items())
    ]
