"""A resident's report: what somebody saw, where and when, and what became of it. PURE.

Owns the value, its limits, and the sighting that maps and records of damage take. Its changes: `life`.
Must not store it.
"""

from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from msgspec import Struct

from gateway.domain.errors import TranslatedError
from gateway.domain.geo.mesh_code import MeshLevel, code_or_empty
from gateway.domain.reports.place import in_reach
from gateway.domain.resident_reports import Sighting, SightingKind

MAX_TEXT = 1_000  # characters of what happened
MAX_LINE = 120  # of a place in words, or of how to reach the reporter
MAX_PHOTOS = 3
OLDEST = timedelta(days=92)
AHEAD = timedelta(minutes=10)  # a phone's clock may be so far ahead
PUBLIC_SQUARE: MeshLevel = "1km"  # the finest place of a report that the public learns
KINDS = (
    SightingKind.SIGHTING,
    SightingKind.TRACE,
    SightingKind.DAMAGE,
    SightingKind.INJURY,
    SightingKind.DEATH,
    SightingKind.OTHER,
)  # what the form offers, in this order


class ReportError(TranslatedError):
    """A report or its change cannot be taken: `field` names the part of it."""

    def __init__(self, field: str, value: object, key: str, **values: object) -> None:
        super().__init__(key, **values)
        self.field, self.value = field, value


class ReportStatus(StrEnum):
    """How far the office is."""

    RECEIVED = "received"
    IN_PROGRESS = "in_progress"
    DONE = "done"


class ReportWay(StrEnum):
    """How a report came in."""

    FORM = "form"
    OPEN311 = "open311"
    FILE = "file"


class Report(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One report. Its place and contact are for the office alone."""

    id: str  # made where it was written: the same report sent again is one
    kind: SightingKind
    species: str
    at: datetime  # when it was seen
    lat: float
    lon: float
    accuracy_m: float = 0.0
    note: str = ""  # what happened
    place: str = ""  # in words
    contact: str = ""  # deleted some time after the end, see `[reports] contact_days`
    photos: tuple[str, ...] = ()  # SHA-256 of what was sent
    received_at: datetime
    way: ReportWay = ReportWay.FORM
    status: ReportStatus = ReportStatus.RECEIVED
    published: bool = False
    dismissed: bool = False
    answer: str = ""  # what the reporter reads
    handed_to: str = ""  # name of the trapper
    head: str = ""  # id of the report that says the same
    alone: bool = False  # an official has separated it: it is not merged by itself again
    changed_at: datetime | None = None

    @property
    def square(self) -> str:
        """The square that the public may know; "" outside the grid."""
        return code_or_empty(self.lat, self.lon, PUBLIC_SQUARE)


class ReportStep(Struct, frozen=True, omit_defaults=True):
    """One change as it was made."""

    change: str  # a ReportChange, or "received", "merged_itself"
    by: str
    at: datetime
    detail: str = ""


def check(report: Report, now: datetime) -> None:
    """Raises ReportError for the first part that cannot be right."""
    if report.kind not in KINDS:
        raise ReportError("kind", report.kind, "report_error.kind")
    if not in_reach(report.lat, report.lon):
        raise ReportError("place", "", "report_error.place")
    if report.at > now + AHEAD:
        raise ReportError("at", report.at, "report_error.future")
    if report.at < now - OLDEST:
        raise ReportError("at", report.at, "report_error.old", days=OLDEST.days)
    for field, most in (("note", MAX_TEXT), ("place", MAX_LINE), ("contact", MAX_LINE)):
        if len(getattr(report, field)) > most:
            raise ReportError(field, "…", "report_error.long", n=most)
    if len(report.photos) > MAX_PHOTOS:
        raise ReportError("photos", len(report.photos), "report_error.photos", n=MAX_PHOTOS)


def sighting_of(report: Report, zone: tzinfo) -> Sighting:
    """What maps, figures and records of damage take of a report."""
    return Sighting(
        id=report.id,
        source="report",
        kind=report.kind,
        species=report.species,
        day=report.at.astimezone(zone).date(),
        observed_at=report.at,
        lat=report.lat,
        lon=report.lon,
        place=report.place,
        note=report.note,
    )
