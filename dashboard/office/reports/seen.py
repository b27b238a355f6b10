"""Who sees which report, and how much of it.

Owns this decision: officials see all; a trapper sees what was handed to them; how to reach the reporter is
for whoever acts anywhere. Must not show anything.
"""

from msgspec.structs import replace

from gateway.domain.people.permissions import Access, Acting, Detail, Resource
from gateway.domain.reports.life import ReportChange, allowed
from gateway.domain.reports.report import Report

OF_TRAPPERS = (ReportChange.CLOSE,)


def sees_all(access: Access) -> bool:
    """Whether somebody sees every report."""
    return access.grant(Resource.REPORTS).see is Detail.EXACT


def may_see(access: Access, report: Report) -> bool:
    """Whether somebody sees a report at all."""
    handed = bool(access.name) and report.handed_to == access.name
    return sees_all(access) or (handed and access.sees(Resource.REPORTS) is not Detail.NONE)


def shown(access: Access, report: Report) -> Report:
    """The report as this person sees it."""
    is_office = access.grant(Resource.REPORTS).act is Acting.ALL
    return report if is_office else replace(report, contact="")


def changes(access: Access, report: Report) -> list[ReportChange]:
    """What this person may do with a report that they see."""
    match access.grant(Resource.REPORTS).act:
        case Acting.ALL:
            return allowed(report)
        case Acting.OWN if may_see(access, report):
            return [one for one in allowed(report) if one in OF_TRAPPERS]
    return []
