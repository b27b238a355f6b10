"""Damage to crops as people recorded it: what was eaten or trampled, where, how much. PURE.

Owns the value, its limits and its sums. Must not store it nor decide who may record it. Which record of a
chain of
corrections counts: `domain.traps.corrections`.
"""

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum

from msgspec import Struct

from gateway.domain import species as kinds
from gateway.domain.errors import BadInputError

MAX_AREA_M2 = 10_000_000.0  # 1,000 hectares: more is a slip of the pen
MAX_AMOUNT_YEN = 10_000_000_000
MAX_AMOUNT_KG = 10_000_000.0
MAX_TEXT = 500
MAX_PHOTOS = 8


class DamageError(BadInputError):
    """A record of damage cannot be taken; `field` names the part of it, the text says what is allowed."""

    def __init__(self, field: str, value: object, text: str) -> None:
        super().__init__(f"{field} = {value!r}: {text}")
        self.field, self.value, self.text = field, value, text


class DamageSource(StrEnum):
    """How a record came in."""

    FORM = "form"  # the page, by an official or a trapper
    SURVEY = "survey"  # a survey form that was handed in on paper
    REPORT = "report"  # made of a resident's report
    FILE = "file"  # a table


class DamageRecord(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One field that was damaged, once. An amount that nobody knows is None, never 0."""

    id: str
    day: date  # local: when it happened or was found
    lat: float
    lon: float
    crop: str
    species: str = kinds.UNKNOWN
    area_m2: float | None = None
    amount_yen: int | None = None
    amount_kg: float | None = None
    municipality: str = ""
    place: str = ""
    note: str = ""
    photos: tuple[str, ...] = ()  # SHA-256 (hex) of the stored pictures, in their order
    by: str
    recorded_at: datetime
    source: DamageSource = DamageSource.FORM
    report: str | None = None  # id of the resident's report that it was made of
    replaces: str | None = None  # id of the record that this one corrects; it counts no longer
    is_undo: bool = False  # with `replaces`: that record is taken back, nothing takes its place


class DamageTotals(Struct, frozen=True):
    """The sums over records. An amount counts the records that state it, so that a gap is seen."""

    records: int = 0
    area_m2: float = 0.0
    amount_yen: int = 0
    amount_kg: float = 0.0
    with_area: int = 0
    with_yen: int = 0
    with_kg: int = 0


def totals(records: Iterable[DamageRecord]) -> DamageTotals:
    """The sums over `records`."""
    found = list(records)
    area = [one.area_m2 for one in found if one.area_m2 is not None]
    yen = [one.amount_yen for one in found if one.amount_yen is not None]
    weight = [one.amount_kg for one in found if one.amount_kg is not None]
    return DamageTotals(
        len(found), sum(area), sum(yen), sum(weight), len(area), len(yen), len(weight)
    )


def check(record: DamageRecord, today: date) -> None:
    """Raises DamageError for the first part of a record that cannot be right."""
    if not record.crop.strip():
        raise DamageError("crop", record.crop, "作物を書いてください / name the crop")
    if record.day > today:
        raise DamageError("day", str(record.day), f"{today} まで / at most today, {today}")
    if not (-90 <= record.lat <= 90 and -180 <= record.lon <= 180):
        raise DamageError("place", f"{record.lat}, {record.lon}", "緯度経度（度） / degrees")
    _within("area_m2", record.area_m2, MAX_AREA_M2)
    _within("amount_yen", record.amount_yen, MAX_AMOUNT_YEN)
    _within("amount_kg", record.amount_kg, MAX_AMOUNT_KG)
    if len(record.photos) > MAX_PHOTOS:
        raise DamageError("photos", len(record.photos), f"{MAX_PHOTOS} 枚まで / at most")
    for field in ("crop", "municipality", "place", "note", "species"):
        if len(getattr(record, field)) > MAX_TEXT:
            raise DamageError(field, "…", f"{MAX_TEXT} 文字まで / characters at most")


def _within(field: str, value: float | None, most: float) -> None:
    if value is not None and not 0 <= value <= most:
        raise DamageError(field, value, f"0 から {most:,.0f} まで / from 0 to {most:,.0f}")
