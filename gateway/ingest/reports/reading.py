"""Reads a resident's report from the texts of a form or of another program. PURE.

Owns the names of the fields and what of them may be missing. Must not store anything.
"""

import re
import secrets
from collections.abc import Mapping
from datetime import datetime, tzinfo
from hashlib import sha256

from gateway.domain import species
from gateway.domain.geo import degrees
from gateway.domain.geo.degrees import Axis
from gateway.domain.people.plain_text import plain_name, plain_note
from gateway.domain.reports.report import MAX_LINE, MAX_TEXT, Report, ReportError, ReportWay
from gateway.domain.resident_reports import SightingKind

ID = re.compile(r"[0-9a-f]{32}\Z")
TOKEN = re.compile(r"[0-9a-f]{64}\Z")  # 256 random bits, made where the report is written
TOO_LONG = 10  # times the most: what is so long is not even cleaned


def read(
    given: Mapping[str, str],
    zone: tzinfo,
    now: datetime,
    way: ReportWay = ReportWay.FORM,
    photos: tuple[str, ...] = (),
) -> Report:
    """A report of the texts of a form. Raises ReportError for the first that cannot be read."""
    id_ = given.get("id", "")
    if not ID.match(id_):
        raise ReportError("id", id_[:40], "report_error.id")
    animal, said = _species(given.get("species", ""))
    note = _bounded(given, "note", MAX_TEXT, lines=True)
    return Report(
        id=id_,
        kind=_kind(given.get("kind", "")),
        species=animal,
        at=_moment(given.get("at", ""), zone, now),
        lat=_degrees(given, "lat"),
        lon=_degrees(given, "lon"),
        accuracy_m=_metres(given.get("accuracy_m", "")),
        note=f"{said}\n{note}"[:MAX_TEXT].strip() if said else note,
        place=_bounded(given, "place", MAX_LINE),
        contact=_bounded(given, "contact", MAX_LINE),
        photos=photos,
        received_at=now,
        way=way,
    )


def token_hash(token: str) -> str:
    """What is kept of the secret in a reporter's link. Raises ReportError for another spelling.

    A fast hash is enough for 256 random bits: nobody can try them all.
    """
    if not TOKEN.match(token):
        raise ReportError("token", "", "report_error.id")
    return sha256(token.encode()).hexdigest()


def new_id() -> str:
    """An id for a report whose writer cannot make one."""
    return secrets.token_hex(16)


def new_token() -> str:
    """A secret for a link to an answer."""
    return secrets.token_hex(32)


def _kind(text: str) -> SightingKind:
    try:
        return SightingKind(text)
    except ValueError:
        raise ReportError("kind", text[:40], "report_error.kind") from None


def _species(text: str) -> tuple[str, str]:
    """(a species of the table, what else was written): free text is no name that is published."""
    name = plain_name(text[: MAX_LINE * TOO_LONG], MAX_LINE)
    code = species.code(name) or name
    return (code, "") if code in species.BY_CODE else (species.UNKNOWN, name)


def _moment(text: str, zone: tzinfo, now: datetime) -> datetime:
    """A time; one without its distance from UTC is the site's. Nothing: now."""
    if not text:
        return now
    try:
        found = datetime.fromisoformat(text[:40])
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(now.tzinfo)
    except (ValueError, OverflowError):
        raise ReportError("at", text[:40], "report_error.time") from None


def _degrees(given: Mapping[str, str], axis: Axis) -> float:
    try:
        return degrees.read(given.get(axis, "")[:80], axis)[0]
    except degrees.DegreesError:
        raise ReportError("place", "", "report_error.place") from None


def _metres(text: str) -> float:
    """What a phone says of its place; nothing where it says nothing useful."""
    try:
        found = float(text or 0)
    except ValueError:
        return 0.0
    return found if 0 <= found <= 100_000 else 0.0


def _bounded(given: Mapping[str, str], field: str, most: int, *, lines: bool = False) -> str:
    text = given.get(field, "")
    if len(text) > most * TOO_LONG:
        raise ReportError(field, "…", "report_error.long", n=most)
    cleaned = plain_note(text, most + 1) if lines else plain_name(text, most + 1)
    if len(cleaned) > most:
        raise ReportError(field, "…", "report_error.long", n=most)
    return cleaned
