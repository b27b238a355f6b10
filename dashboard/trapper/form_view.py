"""What the form of an outcome offers: names of buttons, choices, and what is already filled in.

Owns these values for the template. What a form may contain: `outcome_form`. Must not read the store.
"""

from collections.abc import Sequence
from typing import Any

from dashboard.trapper.asked_fields import YES_NO
from dashboard.trapper.outcome_form import (
    AGES,
    MAX_ANIMALS,
    MAX_WEIGHT_KG,
    PLAIN,
    SEXES,
    FormRules,
)
from gateway.domain import species, trap_lifecycle
from gateway.domain.model import ActionKind, DeviceState, TrapState
from gateway.words.catalogue import Translations

FIRST_SPECIES = 6  # large buttons that are seen at once; the others stand under them


def action_names(kinds: Sequence[ActionKind], words: Translations) -> list[tuple[str, str]]:
    """(value, name) of the buttons."""
    return [(kind.value, words(f"action.{kind.value}")) for kind in kinds]


def form_words(
    words: Translations,
    rules: FormRules = PLAIN,
    caught: Sequence[str] = (),
    state: DeviceState | None = None,
) -> dict[str, Any]:
    """The choices of the form about an animal. `caught`: species by how often they are caught here.

    It is open where the trap of this `state` has sprung.
    """
    animals = [(code, species.label(code, words.language)) for code in ordered(caught)]
    others = animals[FIRST_SPECIES:]
    return {
        "opened": trap_lifecycle.last_known(state).state is TrapState.SPRUNG,
        "animals": animals[:FIRST_SPECIES],
        "other_animals": others,
        "other_codes": [code for code, _ in others],
        "sexes": SEXES,
        "ages": AGES,
        "most_animals": MAX_ANIMALS,
        "most_kg": MAX_WEIGHT_KG,
        "asked": [(one, one.label(words.language)) for one in rules.asked],
        "yes_no": YES_NO,
    }


def ordered(caught: Sequence[str]) -> list[str]:
    """All species: first those that are caught here, then the others in the order of the table."""
    known = [code for code in dict.fromkeys(caught) if code in species.BY_CODE]
    return [*known, *(row.code for row in species.TABLE if row.code not in known)]
