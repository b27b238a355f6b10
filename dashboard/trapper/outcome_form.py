"""The form that records an outcome: its fields, limits and words.

Owns how a form becomes an action. Must not write to the store.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from dashboard.web.i18n import Translations
from gateway.domain import species
from gateway.domain.model import ActionKind, TrapAction

ACKNOWLEDGE = "acknowledge"
MAX_ANIMALS = 50
SEXES = ("unknown", "male", "female")
WEIGHTS = ("", "-20kg", "20-40kg", "40-60kg", "60kg-")
MAX_TEXT = 200


def action_names(kinds: Sequence[ActionKind], words: Translations) -> list[tuple[str, str]]:
    """(value, name) of the buttons."""
    return [(kind.value, words(f"action.{kind.value}")) for kind in kinds]


def form_words(words: Translations) -> dict[str, Any]:
    """The choices of the form about an animal."""
    animals = [(row.code, species.label(row.code, words.language)) for row in species.TABLE]
    return {"animals": animals, "sexes": SEXES, "weights": WEIGHTS}


def action_of(
    device: str, person: str, action_id: str, through: str, fields: Mapping[str, str], now: datetime
) -> TrapAction:
    """The action described by a form. Raises ValueError for a value that the form does not offer."""
    kind = ActionKind(fields.get("do", ""))
    found = kind in {ActionKind.CAPTURED, ActionKind.NON_TARGET}
    count = int(fields.get("count") or 1)
    sex, weight, animal = (fields.get(name, "") for name in ("sex", "weight", "species"))
    if not 1 <= count <= MAX_ANIMALS or sex not in {"", *SEXES} or weight not in WEIGHTS:
        raise ValueError(f"count {count}, sex {sex!r}, weight {weight!r}")
    if animal and animal not in species.BY_CODE:
        raise ValueError(f"species {animal!r}")
    return TrapAction(
        id=action_id,
        device=device,
        deed=kind,
        at=now.astimezone(UTC),
        by=person,
        recorded_at=now,
        through=through,
        species=(animal or species.UNKNOWN) if found else None,
        count=count if found else None,
        sex=(sex or None) if found else None,
        weight_class=(weight or None) if found else None,
        photo=fields.get("photo", "")[:MAX_TEXT] or None,
        note=fields.get("note", "")[:MAX_TEXT],
    )
