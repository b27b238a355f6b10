"""What the scripts of the trapper's phone get: texts, and which action may follow which.

Owns this selection. Must not know a trap or a person.
"""

from typing import Any

from gateway.domain.model import ActionKind
from gateway.domain.trap_lifecycle import OUTCOMES, STATE_AFTER, TRANSITIONS
from gateway.words.catalogue import Translations

ACKNOWLEDGE = "acknowledge"
ON_EVERY_PAGE = (  # what `phone/page.js` says; the page about the phone says all
    "phone.decide",
    "phone.kept",
    "phone.login",
    "phone.open",
    "phone.pictures",
    "phone.sending",
    "phone.unsent",
    "phone.waiting",
)


def phone_words(words: Translations, *, whole: bool = True) -> dict[str, Any]:
    """`acts`: names of what can be recorded; `after`: what may follow; and the texts of the phone."""
    acts = {kind.value: words(f"action.{kind.value}") for kind in ActionKind}
    return {
        "acts": {ACKNOWLEDGE: words("onetap.acknowledge"), **acts},
        "after": {kind.value: following(kind) for kind in ActionKind if kind in STATE_AFTER},
        **words.group(*(("phone.",) if whole else ON_EVERY_PAGE)),
    }


def following(kind: ActionKind) -> list[str]:
    """Actions without further fields that the state after `kind` allows."""
    allowed = TRANSITIONS[STATE_AFTER[kind]]
    return [one.value for one in ActionKind if one in allowed and one not in OUTCOMES]
