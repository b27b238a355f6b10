"""The animals that a cell of a table names: one, several, one of several, or none. PURE.

Owns how such a cell is split. Which words mean an animal: `domain.species`.
"""

import re

from gateway.domain import species
from gateway.ingest.tables import cell_values
from gateway.ingest.tables.cell_values import Note

_BETWEEN = re.compile(
    r"\s*(?:[・、，,/／;；+&|\n]|と|及び|および|並びに|\band\b)\s*", re.IGNORECASE
)
_OR = re.compile(
    r"\s*(?:または|又は|もしくは|あるいは|\bor\b|(?<=[ァ-ヴー一-龠])か(?=[ァ-ヴー一-龠]))\s*",
    re.IGNORECASE,
)
_AROUND = re.compile(r"等|など|他|類|らしき(?:動物|もの)?|\(.*?\)|[?？]|\d+\s*[頭匹羽]")


def animals(word: str, note: Note) -> list[str]:
    """Species codes of a cell, words that the table of species lacks as they stand; [] for no animal."""
    plain = cell_values.plain(word)
    if not plain:
        return [species.UNKNOWN]
    if species.is_nothing(plain) or cell_values.is_none(plain):
        return []
    if one := species.exact(plain):
        return [one]
    if len(_codes(_OR, plain)) > 1:
        note("どれか1種。不明とします / one of several animals; left unknown")
        return [species.UNKNOWN]
    several = _codes(_BETWEEN, plain) or _codes(re.compile(r"\s+"), plain)
    if len(several) > 1:
        note(
            "1つの欄に複数の獣種。それぞれ1件、頭数は不明とします / several animals in one cell; "
            "a sighting of each, uncounted"
        )
        return several
    return several or [species.code(plain) or word]


def _codes(between: re.Pattern[str], text: str) -> list[str]:
    """The different animals that stand between marks, [] unless every part is known."""
    parts = [_AROUND.sub("", part).strip() for part in between.split(text)]
    parts = [part for part in parts if part]
    found = [species.exact(part) for part in parts]
    return list(dict.fromkeys(code for code in found if code)) if None not in found else []
