"""Which reports say the same: near in time and space, of one animal and one matter. PURE.

Owns the rule. What it merges an official can separate (`life`); then it is not merged by itself again.
"""

from collections.abc import Iterable
from datetime import timedelta

from gateway.domain.reports.place import distance_m
from gateway.domain.reports.report import Report, ReportStatus
from gateway.domain.resident_reports import SightingKind
from gateway.domain.species import UNTOLD

NEAR_M = 500.0
MOST_ACCURACY_M = 500.0  # of what a phone says of its place, added to NEAR_M
NEAR_TIME = timedelta(hours=2)
SEEN = (SightingKind.SIGHTING, SightingKind.TRACE)  # these two merge with each other
NEVER = (SightingKind.INJURY,)  # each of these is looked at by itself


def is_same(one: Report, other: Report) -> bool:
    """Whether two reports may be about the same thing."""
    room_m = NEAR_M + min(MOST_ACCURACY_M, max(one.accuracy_m, other.accuracy_m))
    return (
        one.id != other.id
        and _one_kind(one.kind, other.kind)
        and _one_species(one.species, other.species)
        and abs(one.at - other.at) <= NEAR_TIME
        and distance_m(one.lat, one.lon, other.lat, other.lon) <= room_m
    )


def head_for(report: Report, known: Iterable[Report]) -> Report | None:
    """The report that a new one is merged into: the oldest open one that says the same; None: it is new."""
    if report.alone:
        return None
    heads = (one for one in known if _may_lead(one) and is_same(one, report))
    return min(heads, key=lambda one: (one.received_at, one.id), default=None)


def alike(report: Report, known: Iterable[Report]) -> list[Report]:
    """The reports that an official may merge this one into, the nearest first."""
    found = [one for one in known if not one.head and not one.dismissed and is_same(one, report)]
    return sorted(found, key=lambda one: distance_m(one.lat, one.lon, report.lat, report.lon))


def _may_lead(report: Report) -> bool:
    return not report.head and not report.dismissed and report.status is not ReportStatus.DONE


def _one_kind(one: SightingKind, other: SightingKind) -> bool:
    if one in NEVER or other in NEVER:
        return False
    return one is other or (one in SEEN and other in SEEN)


def _one_species(one: str, other: str) -> bool:
    return one == other or one in UNTOLD or other in UNTOLD
