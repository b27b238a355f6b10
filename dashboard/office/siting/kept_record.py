"""A plan as the page hands it over to be kept. PURE."""

from datetime import datetime
from hashlib import blake2b

import msgspec

from dashboard.office.siting.planning import SitingQuery
from dashboard.office.siting.proposals import Proposals
from gateway.domain.traps.trap_plan import PlannedSite, PlanRecord


def record(plan: Proposals, query: SitingQuery, now: datetime) -> str:
    """The plan as JSON; "" without a site. The same plan on the same day has the same id."""
    if not plan.sites:
        return ""
    sites = tuple(
        PlannedSite(round(one.lat, 6), round(one.lon, 6), round(one.expected.mean, 4))
        for one in plan.sites
    )
    about = msgspec.json.encode((sites, query.map_filter.species, query.form.nights, now.date()))
    found = PlanRecord(
        id=blake2b(about, digest_size=8).hexdigest(),
        species=query.map_filter.species,
        nights=query.form.nights,
        low=plan.expected.low,
        high=plan.expected.high,
        relative_sd=round(plan.expected.relative_sd, 4),
        sites=sites,
    )
    return msgspec.json.encode(found).decode()
