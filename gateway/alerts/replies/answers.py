"""What a reply says: one digit or word, perhaps a species and a number. PURE.

Owns the table of answers. Must not decide whether the answer is allowed.
"""

import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from gateway.alerts.replies.tickets import plain
from gateway.domain import species
from gateway.domain.model import ActionKind
from gateway.words.catalogue import LANGUAGES

ACKNOWLEDGE: Final = "acknowledge"
MAX_ANIMALS = 50
LONGEST = 200  # characters of a reply that are read


class AnswerRow(Struct, frozen=True):
    """One answer of the table: the digit, the words, and what it does."""

    digit: str
    does: ActionKind | None  # None: on the way
    words: tuple[str, ...]


ANSWERS: tuple[AnswerRow, ...] = (
    AnswerRow(
        "1",
        None,
        (
            "向かっています",
            "向かいます",
            "向かう",
            "行きます",
            "行く",
            "対応します",
            "ok",
            "go",
            "yes",
        ),
    ),
    AnswerRow("2", ActionKind.CAPTURED, ("捕獲した", "捕獲", "とれた", "captured", "caught")),
    AnswerRow("3", ActionKind.FALSE_SPRING, ("空はじき", "空", "から", "empty", "false")),
    AnswerRow("4", ActionKind.NON_TARGET, ("錯誤捕獲", "錯誤", "other", "nontarget")),
    AnswerRow("5", ActionKind.VISITED, ("見回りした", "見回り", "visited", "visit")),
)
_BY_WORD: Mapping[str, AnswerRow] = {
    word: row for row in ANSWERS for word in (row.digit, *row.words)
}
_SPECIES: Mapping[str, str] = {
    species.label(row.code, language).lower(): row.code
    for row in species.TABLE
    for language in LANGUAGES
} | {row.code: row.code for row in species.TABLE}
_PARTS = re.compile(r"[\s、。,.!:;]+")


class Answer(Struct, frozen=True):
    """A reply that was understood. `minutes`: until whoever goes is there; "" the usual time."""

    does: ActionKind | None
    species: str | None = None
    count: int | None = None
    minutes: str = ""

    @property
    def name(self) -> str:
        """The answer as it is signed and identified."""
        return f"{self.does or ACKNOWLEDGE}:{self.species or ''}:{self.count or ''}"


def read(text: str) -> Answer | None:
    """The answer in a text; None where it is none, or says more than an answer can.

    First the digit or word; then a species and a number in any order, or after "on the way" the minutes.
    """
    parts = [part for part in _PARTS.split(plain(text[:LONGEST]).strip().lower()) if part]
    row = _BY_WORD.get(parts[0]) if parts else None
    if row is None:
        return None
    if row.does is None:
        return _on_the_way(parts[1:])
    animal: str | None = None
    count: int | None = None
    for part in parts[1:]:
        if part in _SPECIES and animal is None:
            animal = _SPECIES[part]
        elif part.isascii() and part.isdigit() and count is None and 1 <= int(part) <= MAX_ANIMALS:
            count = int(part)
        else:
            return None
    if row.does not in {ActionKind.CAPTURED, ActionKind.NON_TARGET}:
        return Answer(row.does) if animal is None and count is None else None
    return Answer(row.does, animal or species.UNKNOWN, count or 1)


def _on_the_way(rest: list[str]) -> Answer | None:
    if not rest:
        return Answer(None)
    is_minutes = len(rest) == 1 and rest[0].isascii() and rest[0].isdigit() and len(rest[0]) < 5
    return Answer(None, minutes=rest[0]) if is_minutes else None
