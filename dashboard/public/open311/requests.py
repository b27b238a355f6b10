"""Published reports as requests of Open311, and the filters by which they are asked for. PURE.

Owns both. A request is made of what is public alone (`dashboard.public.report.published`): the place is the
middle of a 1 km square, the time a day.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, time, tzinfo
from typing import Any

from msgspec import Struct

from dashboard.public.report.published import PublishedReport
from gateway.domain.errors import BadInputError
from gateway.domain.geo.mesh_code import centre
from gateway.domain.reports.report import ReportStatus
from gateway.words.catalogue import Translations

CLOSED = ReportStatus.DONE.value
STATUSES = ("open", "closed")
MOST_IDS = 100


class FilterError(BadInputError):
    """A parameter cannot be read; the text names it."""


class RequestFilter(Struct, frozen=True):
    """Which requests are asked for; empty: all."""

    ids: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    start: datetime | None = None
    end: datetime | None = None


def read_filter(given: Mapping[str, str]) -> RequestFilter:
    """The filter of a query. Raises FilterError."""
    statuses = _several(given, "status")
    if unknown := statuses - set(STATUSES):
        raise FilterError(f"status {min(unknown)[:20]!r} must be one of {', '.join(STATUSES)}")
    return RequestFilter(
        ids=_several(given, "service_request_id"),
        codes=_several(given, "service_code"),
        statuses=statuses,
        start=_moment(given, "start_date"),
        end=_moment(given, "end_date"),
    )


def chosen(
    reports: Iterable[PublishedReport], wanted: RequestFilter, zone: tzinfo
) -> list[PublishedReport]:
    """The reports that a filter asks for; those named by id are not filtered further."""
    if wanted.ids:
        return [one for one in reports if one.id in wanted.ids]
    return [
        one
        for one in reports
        if (not wanted.codes or one.kind in wanted.codes)
        and (not wanted.statuses or status_of(one) in wanted.statuses)
        and (wanted.start is None or day_of(one, zone) >= wanted.start)
        and (wanted.end is None or day_of(one, zone) <= wanted.end)
    ]


def request_of(one: PublishedReport, zone: tzinfo, words: Translations) -> dict[str, Any]:
    """A request as the standard spells it."""
    lat, lon = centre(one.square) if one.square else (None, None)
    return {
        "service_request_id": one.id,
        "status": status_of(one),
        "status_notes": words(f"report.status.{one.status}"),
        "service_name": words(f"report.kind.{one.kind}"),
        "service_code": one.kind,
        "description": words.name("species", one.species),
        "agency_responsible": None,
        "service_notice": None,
        "requested_datetime": day_of(one, zone).isoformat(),
        "updated_datetime": None,
        "expected_datetime": None,
        "address": words("open311.square", square=one.square),
        "address_id": one.square,
        "zipcode": None,
        "lat": lat,
        "long": lon,
        "media_url": None,
    }


def status_of(one: PublishedReport) -> str:
    """The standard knows two."""
    return "closed" if one.status == CLOSED else "open"


def day_of(one: PublishedReport, zone: tzinfo) -> datetime:
    """The beginning of its day at the site."""
    return datetime.combine(datetime.fromisoformat(one.day).date(), time(), zone)


def _several(given: Mapping[str, str], name: str) -> frozenset[str]:
    parts = [one.strip() for one in given.get(name, "").split(",") if one.strip()]
    if len(parts) > MOST_IDS:
        raise FilterError(f"{name}: at most {MOST_IDS} values")
    return frozenset(parts)


def _moment(given: Mapping[str, str], name: str) -> datetime | None:
    text = given.get(name, "")
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise FilterError(f"{name} {text[:30]!r} must be like 2026-11-23T00:00:00+09:00")
    return found
