"""A plan of trap sites that somebody keeps, to compare captures with what was expected. PURE.

Owns its shape and limits. Must not know how sites are chosen.
"""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

MOST_SITES = 30
Share = Annotated[float, Meta(ge=0, le=1e6)]


class PlannedSite(Struct, frozen=True, forbid_unknown_fields=True):
    """One site and the animals it is expected to take in all nights of the plan."""

    lat: Annotated[float, Meta(ge=-90, le=90)]
    lon: Annotated[float, Meta(ge=-180, le=180)]
    expected: Share


class PlanRecord(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a page hands over: the sites, for which species and nights, and what they take together."""

    id: Annotated[str, Meta(pattern=r"^[0-9a-f]{16}\Z")]
    species: Annotated[str, Meta(max_length=64)]
    nights: Annotated[int, Meta(ge=1, le=365)]
    low: Share
    high: Share
    relative_sd: Share  # of what is expected, without the chance of counting
    sites: Annotated[tuple[PlannedSite, ...], Meta(min_length=1, max_length=MOST_SITES)]

    @property
    def expected(self) -> float:
        """Animals that all sites take in all nights."""
        return sum(site.expected for site in self.sites)


class TrapPlan(Struct, frozen=True, kw_only=True):
    """A kept plan: who kept it, and when."""

    record: PlanRecord
    made_at: datetime
    made_by: str
