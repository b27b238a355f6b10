"""Makes an action from a form, or from an act that a phone kept.

Owns the fields, their limits and what is said about a field that cannot be used. What the municipality
asks besides: `asked_fields`; what a page offers: `form_view`. Must not write to the store.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from msgspec import Struct

from dashboard.trapper.asked_fields import FieldError, answered
from dashboard.web.forms.sent_form import MAX_PHOTOS, SentForm, photos_told
from dashboard.web.responses import Reply
from gateway.config.office import AskedField
from gateway.domain import species
from gateway.domain.model import ActionKind, TrapAction
from gateway.domain.traps.trap_action import Position
from gateway.words.catalogue import Translations

ACKNOWLEDGE = "acknowledge"
MAX_ANIMALS = 50
SEXES = ("unknown", "male", "female")
AGES = ("unknown", "adult", "young")
WEIGHTS = ("", "-20kg", "20-40kg", "40-60kg", "60kg-")
MAX_WEIGHT_KG = 700.0
MAX_TEXT = 200
LONGEST_AGO = timedelta(days=400)  # an older time is a slip of the finger
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_ACTION_ID = re.compile(r"[0-9A-Za-z_-]{1,80}\Z")


class FormRules(Struct, frozen=True):
    """What a site sets for the form: whose local time is meant, and what the municipality asks."""

    zone: tzinfo = UTC
    asked: tuple[AskedField, ...] = ()


PLAIN = FormRules()


def rules_of(reply: Reply) -> FormRules:
    """The rules of the site whose pages `reply` makes."""
    return FormRules(reply.zone, reply.asked)


def action_of(
    device: str,
    person: str,
    action_id: str,
    through: str,
    fields: Mapping[str, str],
    now: datetime,
    rules: FormRules = PLAIN,
) -> TrapAction:
    """The action that the fields describe. Raises FieldError, a ValueError, for one that cannot be used.

    Fields: do, species, count, sex, age, weight (class), weight_kg, note, photo, at, position_lat,
    position_lon, position_accuracy_m, photos (SHA-256, separated by spaces), replaces, field.<key>.
    An empty field is one that was not filled in. `at` without an offset is local time; empty: now.
    """
    kind = _kind(fields.get("do", ""))
    found = kind in {ActionKind.CAPTURED, ActionKind.NON_TARGET}
    animal, asked = (
        _animal(fields),
        answered(fields, rules.asked, all_required=found and not fields.get("replaces")),
    )
    return TrapAction(
        id=action_id,
        device=device,
        deed=kind,
        at=_time(fields.get("at", ""), now, rules.zone),
        by=person,
        recorded_at=now,
        through=through,
        photo=fields.get("photo", "")[:MAX_TEXT] or None,
        note=fields.get("note", "")[:MAX_TEXT],
        photos=_photos(fields),
        position=_position(fields),
        replaces=_replaced(fields),
        **(animal | {"fields": asked} if found else {}),
    )


def thanks(sent: SentForm, words: Translations) -> str:
    """What is said after a record: that it stands, which photos were kept, and why others were not."""
    return f"{words('onetap.thanks')} {photos_told(sent, words)}".strip()


def _animal(fields: Mapping[str, str]) -> dict[str, Any]:
    """What the form says of the animal; checked also where the action is about none."""
    return {
        "species": _one_of(fields, "species", species.BY_CODE) or species.UNKNOWN,
        "count": int(_number(fields, "count", 1, MAX_ANIMALS, whole=True) or 1),
        "sex": _one_of(fields, "sex", SEXES),
        "age": _one_of(fields, "age", AGES),
        "weight_class": _one_of(fields, "weight", WEIGHTS),
        "weight_kg": _weight(fields),
    }


def _kind(value: str) -> ActionKind:
    try:
        return ActionKind(value)
    except ValueError:
        raise FieldError("do", value) from None


def _one_of(fields: Mapping[str, str], name: str, allowed: object) -> str | None:
    """A choice of the form; None when nothing was chosen."""
    value = fields.get(name, "")
    if value and value not in allowed:  # type: ignore[operator]
        raise FieldError(name, value)
    return value or None


def _number(
    fields: Mapping[str, str], name: str, least: float, most: float, *, whole: bool = False
) -> float | None:
    """A number with a point or a comma, in any width of digits; None when nothing was filled in."""
    text = fields.get(name, "").strip().replace(",", ".").replace("．", ".")
    if not text:
        return None
    try:
        value = float(int(text) if whole else float(text))
    except ValueError:
        raise FieldError(name, text) from None
    if not (math.isfinite(value) and least <= value <= most):
        raise FieldError(name, text)
    return value


def _weight(fields: Mapping[str, str]) -> float | None:
    weight = _number(fields, "weight_kg", 0.1, MAX_WEIGHT_KG)
    return None if weight is None else round(weight, 1)


def _time(text: str, now: datetime, zone: tzinfo) -> datetime:
    """When it was done: what the person says, else now."""
    if not text.strip():
        return now.astimezone(UTC)
    try:
        said = datetime.fromisoformat(text.strip())
        at = (said if said.tzinfo else said.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise FieldError("at", text) from None
    if now - at > LONGEST_AGO:
        raise FieldError("at", text)
    return at


def _position(fields: Mapping[str, str]) -> Position | None:
    """Where the phone was; None unless latitude, longitude and accuracy are all known."""
    values = (
        _number(fields, "position_lat", -90, 90),
        _number(fields, "position_lon", -180, 180),
        _number(fields, "position_accuracy_m", 0, 1_000_000),
    )
    lat, lon, accuracy_m = values
    if lat is None or lon is None or accuracy_m is None:
        return None
    return Position(round(lat, 6), round(lon, 6), round(accuracy_m, 1))


def _photos(fields: Mapping[str, str]) -> tuple[str, ...]:
    """SHA-256 of the pictures, each once, in their order."""
    sums = tuple(dict.fromkeys(fields.get("photos", "").split()))
    if len(sums) > MAX_PHOTOS:
        raise FieldError("photos", str(len(sums)))
    for one in sums:
        if not _SHA256.match(one):
            raise FieldError("photos", one)
    return sums


def _replaced(fields: Mapping[str, str]) -> str | None:
    value = fields.get("replaces", "")
    if value and not _ACTION_ID.match(value):
        raise FieldError("replaces", value)
    return value or None
