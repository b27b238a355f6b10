"""Records of damage as people make, correct and take back them.

Owns which record may be made and corrected by whom. Must not know a form. Nothing is deleted: a correction
and a taking back are records of their own (`domain.traps.corrections`).
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from secrets import token_hex

from msgspec.structs import replace

from gateway.domain import species
from gateway.domain.damage.record import DamageError, DamageRecord, DamageSource, check
from gateway.domain.geo import degrees
from gateway.domain.geo.degrees import Axis
from gateway.domain.resident_reports import Sighting
from gateway.store.writer import Transaction

MAX_ID = 64


def read(given: Mapping[str, str], by: str, now: datetime) -> DamageRecord:
    """A record of the texts of a form. Raises DamageError for the first that cannot be read.

    `photos`: SHA-256 of pictures, separated by spaces.
    """
    id_ = given.get("id", "")
    if not (1 <= len(id_) <= MAX_ID and id_.isascii()):
        raise DamageError("id", id_[:MAX_ID], f"1-{MAX_ID} letters of ASCII")
    animal = given.get("species", "").strip()
    yen = _number(given, "amount_yen")
    return DamageRecord(
        id=id_,
        day=_day(given.get("day", "")),
        lat=_degrees(given, "lat"),
        lon=_degrees(given, "lon"),
        crop=given.get("crop", "").strip(),
        species=(species.code(animal) or animal) if animal else species.UNKNOWN,
        area_m2=_number(given, "area_m2"),
        amount_yen=None if yen is None else round(yen),
        amount_kg=_number(given, "amount_kg"),
        municipality=given.get("municipality", "").strip(),
        place=given.get("place", "").strip(),
        note=given.get("note", "").strip(),
        photos=tuple(dict.fromkeys(given.get("photos", "").split())),
        by=by,
        recorded_at=now,
        source=_source(given),
        report=given.get("report") or None,
        replaces=given.get("replaces") or None,
    )


def add(
    tx: Transaction,
    record: DamageRecord,
    today: date,
    *,
    only_own: bool,
    sent_now: Collection[str] = (),
) -> DamageRecord:
    """Store a record, or a correction of one. The same id again changes nothing. Raises DamageError.

    `only_own`: this person may correct only what they recorded themselves. `sent_now`: photos that came with
    the record; a correction keeps those of what it corrects.
    """
    _check_photos(tx, record, sent_now)
    if record.replaces:
        target = _may_replace(tx, record.replaces, record.by, only_own=only_own)
        photos = tuple(dict.fromkeys((*target.photos, *record.photos)))
        record = replace(record, photos=photos, report=target.report)
    elif record.report:
        _only_once(tx, record.report, record.id)
    check(record, today)
    tx.damage.add(record)
    return record


def take_back(tx: Transaction, id_: str, by: str, now: datetime, *, only_own: bool) -> None:
    """Take a record back: it counts no longer, and stays. Raises DamageError."""
    found = _may_replace(tx, id_, by, only_own=only_own)
    undone = replace(found, id=token_hex(8), replaces=id_, is_undo=True, by=by, recorded_at=now)
    tx.damage.add(undone)


def of_report(report: Sighting, by: str, now: datetime) -> DamageRecord:
    """What a resident's report says already; the crop has still to be named."""
    return DamageRecord(
        id=token_hex(8),
        day=report.day,
        lat=report.lat,
        lon=report.lon,
        crop="",
        species=report.species,
        municipality=report.municipality,
        place=report.place,
        note=report.note,
        by=by,
        recorded_at=now,
        source=DamageSource.REPORT,
        report=report.id,
    )


def _check_photos(tx: Transaction, record: DamageRecord, sent_now: Collection[str]) -> None:
    """A record may name only photos that its person sent: else naming one would show it to them."""
    for one in record.photos:
        photo = tx.photos.find(one)
        if photo is None or (one not in sent_now and photo.by != record.by):
            raise DamageError("photos", one[:12], "もう一度選んでください / choose the photo again")


def _only_once(tx: Transaction, report: str, id_: str) -> None:
    known = tx.damage.of_report(report)
    if known is not None and known.id != id_:
        raise DamageError("report", report, "記録済みです / is a record already")


def _may_replace(tx: Transaction, id_: str, by: str, *, only_own: bool) -> DamageRecord:
    found = tx.damage.find(id_)
    if found is None or (only_own and found.by != by):
        raise DamageError(
            "replaces", id_[:MAX_ID], "その記録はありません / no such record of yours"
        )
    if not tx.damage.counts(id_):
        raise DamageError(
            "replaces", id_[:MAX_ID], "ほかの人が直しました / was corrected or taken back meanwhile"
        )
    return found


def _source(given: Mapping[str, str]) -> DamageSource:
    if given.get("report"):
        return DamageSource.REPORT
    is_known = given.get("source", "") in set(DamageSource)
    return DamageSource(given["source"]) if is_known else DamageSource.FORM


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DamageError("day", text[:20], "2026-11-23 の形で / like 2026-11-23") from None


def _degrees(given: Mapping[str, str], axis: Axis) -> float:
    try:
        return degrees.read(given.get(axis, ""), axis)[0]
    except degrees.DegreesError as error:
        raise DamageError(axis, given.get(axis, "")[:40], str(error)) from None


def _number(given: Mapping[str, str], field: str) -> float | None:
    text = given.get(field, "").strip().replace(",", "")
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise DamageError(field, text[:20], "数を / a number") from None
