"""What was recorded at a trap, as its page shows it: the chain of corrections, and what may be changed.

Owns the rows, who may correct or take back what, and the action that takes one back. Must not write.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import Any

from msgspec import Struct

from dashboard.trapper.outcome_form import MAX_ANIMALS
from gateway.alerts.policy import Policy
from gateway.domain import species
from gateway.domain.model import ActionKind, TrapAction
from gateway.domain.traps import corrections, underway
from gateway.words.catalogue import Translations

UNDO = "undo"  # the button that takes an action back
SHOWN = 12  # records on a page
CORRECTED_TO = (
    ActionKind.CAPTURED,
    ActionKind.NON_TARGET,
    ActionKind.FALSE_SPRING,
    ActionKind.DISPATCHED,
    ActionKind.VISITED,
)


class Standing(StrEnum):
    """What became of a record."""

    COUNTS = "counts"
    CORRECTED = "corrected"
    TAKEN_BACK = "taken_back"


class RecordedRow(Struct, frozen=True):
    """One record. `text`: what was done, with the animal."""

    act: TrapAction
    text: str
    standing: Standing
    may_undo: bool
    may_correct: bool


class Editor(Struct, frozen=True):
    """Who looks at the records."""

    person: str
    may_act: bool
    only_own: bool = False  # the holder of a link corrects only what they recorded themselves

    def may_correct(self, act: TrapAction) -> bool:
        """Whether they may correct this record."""
        return self.may_act and (not self.only_own or act.by == self.person)


def rows(
    actions: Sequence[TrapAction],
    words: Translations,
    now: datetime,
    undo: timedelta,
    editor: Editor,
) -> list[RecordedRow]:
    """The records, newest first, without the acts that only take another one back."""
    counting = {one.id for one in corrections.counting(actions)}
    undone = {one.replaces for one in actions if one.is_undo}
    found = []
    for act in actions:
        if act.is_undo:
            continue
        counts = act.id in counting
        gone = Standing.TAKEN_BACK if act.id in undone else Standing.CORRECTED
        fresh = now <= act.recorded_at + undo and act.by == editor.person
        found.append(
            RecordedRow(
                act=act,
                text=_text(act, words),
                standing=Standing.COUNTS if counts else gone,
                may_undo=counts and fresh and editor.may_act,
                may_correct=counts and editor.may_correct(act),
            )
        )
    return found[:SHOWN]


def undo_of(
    target: TrapAction | None, replaces: str, device: str, person: str, through: str, now: datetime
) -> TrapAction:
    """The action that takes `target` back; the same one however often it is asked for."""
    return TrapAction(
        id=blake2b(f"undo {replaces}".encode(), digest_size=16).hexdigest(),
        device=device,
        deed=target.deed if target else ActionKind.VISITED,
        at=now,
        by=person,
        recorded_at=now,
        through=through,
        replaces=replaces,
        is_undo=True,
    )


def page_values(
    actions: Sequence[TrapAction],
    words: Translations,
    now: datetime,
    policy: Policy,
    editor: Editor,
) -> Mapping[str, Any]:
    """What the templates of records and of "on the way" need."""
    settings = policy.actions
    offered = underway.choices(
        settings.underway_min, settings.evening_hour, now.astimezone(policy.zone)
    )
    return {
        "recorded": rows(actions, words, now, timedelta(seconds=settings.undo_s), editor),
        "corrected_to": [(one.value, words(f"action.{one.value}")) for one in CORRECTED_TO],
        "every_animal": [
            (row.code, species.label(row.code, words.language)) for row in species.TABLE
        ],
        "at_most_animals": MAX_ANIMALS,
        "underway": [(choice, _expected(choice, words)) for choice in offered],
    }


def _expected(choice: str, words: Translations) -> str:
    if choice == underway.EVENING:
        return words("underway.evening")
    minutes = int(choice)
    if minutes % 60:
        return words("underway.minutes", n=minutes)
    return words("underway.hours", n=minutes // 60)


def _text(act: TrapAction, words: Translations) -> str:
    done = words(f"action.{act.deed.value}")
    if act.species is None:
        return done
    return f"{done} {species.label(act.species, words.language)} {act.count or 1}"
