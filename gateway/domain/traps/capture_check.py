"""What the office found when it looked at a capture: confirmed or refused, by whom and how. PURE.

Owns these values and their limits. A check changes nothing of the record of the person who was at the
trap; the newest check of a record counts, all are kept. Must not store them.
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from secrets import token_hex

from msgspec import Struct

from gateway.domain.errors import BadInputError
from gateway.domain.people.plain_text import plain_note

MAX_TEXT = 200
FACTS = (
    "captor",
    "permit",
    "capture_kind",
    "body_part",
    "disposal",
)  # what the counter may complete


class CheckError(BadInputError):
    """A check cannot be taken; `field` names the part of it, the text says what is allowed."""

    def __init__(self, field: str, value: object, text: str) -> None:
        super().__init__(f"{field} = {value!r}: {text}")
        self.field, self.value, self.text = field, value, text


class CheckResult(StrEnum):
    """What came of it."""

    CONFIRMED = "confirmed"
    REFUSED = "refused"  # a duplicate, another species, no proof


class CheckWay(StrEnum):
    """How the capture was confirmed."""

    SITE = "site"  # at the trap
    BROUGHT = "brought"  # the animal or a part of it was brought in
    PHOTO = "photo"  # by the photos alone


class CaptureCheck(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One check of one record of a capture."""

    id: str
    capture: str  # id of the action that records the capture
    result: CheckResult
    confirmer: str = ""  # who looked at the animal or the photos
    way: CheckWay | None = None
    day: date | None = None  # local: when it was looked at
    facts: dict[str, str] = {}  # what the record does not say: FACTS
    reason: str = ""  # of a refusal
    by: str
    recorded_at: datetime


def read(
    given: Mapping[str, str], capture: str, by: str, now: datetime, today: date
) -> CaptureCheck:
    """A check of the texts of a form. Raises CheckError for the first that cannot be used."""
    texts = {name: _text(name, given) for name in ("confirmer", "reason", *FACTS)}
    result = _result(given.get("result", ""))
    if result is CheckResult.CONFIRMED and not texts["confirmer"]:
        raise CheckError("confirmer", "", "確認者を書いてください / name who confirmed it")
    if result is CheckResult.REFUSED and not texts["reason"]:
        raise CheckError("reason", "", "認めない理由を書いてください / say why it is refused")
    return CaptureCheck(
        id=given.get("id", "")[:64] or token_hex(16),
        capture=capture,
        result=result,
        confirmer=texts["confirmer"],
        way=_way(given.get("way", ""), result),
        day=_day(given.get("day", ""), today),
        facts={name: texts[name] for name in FACTS if texts[name]},
        reason=texts["reason"],
        by=by,
        recorded_at=now,
    )


def _text(name: str, given: Mapping[str, str]) -> str:
    value = plain_note(given.get(name, ""), MAX_TEXT + 1).strip()
    if len(value) > MAX_TEXT:
        raise CheckError(name, f"{value[:20]}…", f"{MAX_TEXT} 文字まで / characters at most")
    return value


def _result(value: str) -> CheckResult:
    try:
        return CheckResult(value)
    except ValueError:
        allowed = ", ".join(CheckResult)
        raise CheckError("result", value[:20], f"{allowed} のどれか / one of them") from None


def _way(value: str, result: CheckResult) -> CheckWay | None:
    if not value and result is CheckResult.REFUSED:
        return None
    try:
        return CheckWay(value)
    except ValueError:
        allowed = ", ".join(CheckWay)
        raise CheckError("way", value[:20], f"{allowed} のどれか / one of them") from None


def _day(value: str, today: date) -> date:
    try:
        day = date.fromisoformat(value) if value else today
    except ValueError:
        raise CheckError("day", value[:20], "2026-11-29 のように / like that") from None
    if day > today:
        raise CheckError("day", value, f"{today} まで / at most today, {today}")
    return day
