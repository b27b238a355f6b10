"""The legend of a scale of classes: a colour and a text for each class.

Owns the rows and their texts. Must not draw. The classes themselves: `colour_classes`.
"""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from dashboard.maps.colour_classes import BREAKS, COLOURS, seen
from gateway.words.catalogue import Translations

Counted = Literal["events", "reports"]  # what a scale counts: its words are `scale.<counted>_...`


class LegendRow(Struct, frozen=True):
    """One class of the scale; `upper` None: open above."""

    lower: float
    upper: float | None
    colour: str


def rows(breaks: Sequence[float] = BREAKS, colours: Sequence[str] = COLOURS) -> list[LegendRow]:
    """The classes of a scale, lowest first."""
    edges = [0.0, *map(float, breaks)]
    uppers = [*edges[1:], None]
    return [LegendRow(*row) for row in zip(edges, uppers, colours, strict=False)]


def text(row: LegendRow, counted: Counted, words: Translations) -> str:
    """The limits of a class in words."""
    if row.upper is None:
        return words(f"scale.{counted}_from", lower=f"{row.lower:g}")
    return words(f"scale.{counted}_between", lower=f"{row.lower:g}", upper=f"{row.upper:g}")


def shown(
    scale: Sequence[LegendRow], counted: Counted, words: Translations
) -> list[tuple[str, str]]:
    """(colour, text) of each class; the colour as it is seen on the map's land."""
    return [(seen(row.colour), text(row, counted, words)) for row in scale]
