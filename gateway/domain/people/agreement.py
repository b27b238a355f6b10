"""An agreement: what a town gives to an organisation of its region, how exactly, on which days. PURE.

Owns its fields, when it holds, and what it may look like. Must not decide who may make one, nor read a clock.
Its days are local days of the giver; `starts_at` and `ends_at` are the same as moments, so that nobody else
has to know its zone.
"""

from datetime import UTC, date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from gateway.domain.epoch import day_number, local_midnight
from gateway.domain.errors import TranslatedError

LONGEST_NAME, LONGEST_NOTE = 64, 200
LATEST = date(2199, 12, 31)
FOREVER = datetime(2200, 1, 1, tzinfo=UTC)  # the end of an agreement without a last day


class ShareLevel(StrEnum):
    """How exactly places are given, the most exact first."""

    EXACT = "exact"
    KM1 = "1km"
    KM5 = "5km"


class AgreementError(TranslatedError):
    """The agreement cannot be like that; a key `agreement_error.*`."""


class Agreement(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One agreement. It is never changed, only revoked: other terms are another agreement."""

    id: str
    giver: str  # the town, as its region names it
    taker: str  # the organisation, as its region names it
    level: ShareLevel
    from_day: date  # first local day of the giver
    until_day: date | None = None  # last local day; None: until it is revoked
    made_at: datetime
    made_by: str
    note: str = ""
    revoked_at: datetime | None = None
    revoked_by: str = ""

    @property
    def version(self) -> int:
        """Grows with its only possible change."""
        return 1 if self.revoked_at is None else 2

    def starts_at(self, zone: ZoneInfo) -> datetime:
        """When it begins to hold."""
        return local_midnight(day_number(self.from_day), zone)

    def ends_at(self, zone: ZoneInfo) -> datetime:
        """From when on it holds no longer."""
        end = FOREVER
        if self.until_day is not None:
            end = local_midnight(day_number(self.until_day) + 1, zone)
        return end if self.revoked_at is None else min(end, self.revoked_at)

    def holds(self, now: datetime, zone: ZoneInfo) -> bool:
        """Whether it holds at a moment; `zone`: of the giver."""
        return self.starts_at(zone) <= now < self.ends_at(zone)


def check(agreement: Agreement, today: date) -> None:
    """Raise AgreementError unless the agreement can be made; `today`: the giver's local day."""
    for holds, key, values in _rules(agreement, today):
        if not holds:
            raise AgreementError(f"agreement_error.{key}", **values)


def revoked(agreement: Agreement, by: str, now: datetime) -> Agreement:
    """The agreement ended at once. Raises AgreementError if it was revoked before."""
    if agreement.revoked_at is not None:
        raise AgreementError("agreement_error.revoked")
    return replace(agreement, revoked_at=now, revoked_by=by)


def _rules(one: Agreement, today: date) -> list[tuple[bool, str, dict[str, object]]]:
    """Whether each rule holds, and the key and values of its text."""
    until = one.until_day
    return [
        (1 <= len(one.taker) <= LONGEST_NAME, "taker", {"most": LONGEST_NAME}),
        (one.taker != one.giver, "oneself", {"taker": one.taker}),
        (len(one.note) <= LONGEST_NOTE, "note", {"most": LONGEST_NOTE}),
        (today <= one.from_day <= LATEST, "from_day", {"today": today}),
        (until is None or one.from_day <= until <= LATEST, "until_day", {"latest": LATEST}),
    ]
