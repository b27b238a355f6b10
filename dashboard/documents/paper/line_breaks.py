"""Where a text is broken into lines of a width. PURE.

Owns the rule: a break may stand between any characters, as in Japanese, but no line begins with a mark
that closes what stands before it. Widths are in type sizes; which character is how wide is told by the
font.
"""

from collections.abc import Callable
from unicodedata import category, east_asian_width

CLOSING = frozenset(
    "、。，．・：；？！）］｝」』】〉》〕ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ,.:;!?)]}%％〜～"
)
HALF, FULL = 0.5, 1.0
Width = Callable[[str], float]


def printable(text: str) -> str:
    """The text as it is set: without marks of direction and the like, control characters as spaces."""
    return "".join(
        one if one.isprintable() else " " for one in text if category(one) not in {"Cf", "Cs"}
    )


def plain_width(one: str) -> float:
    """The width of a character in a font of half and full widths."""
    return FULL if east_asian_width(one) in "WFA" else HALF


def text_width(text: str, width: Width = plain_width) -> float:
    """Width of a text."""
    return sum(map(width, text))


def wrap(text: str, most: float, width: Width = plain_width) -> list[str]:
    """Lines not wider than `most`; a single character may be wider."""
    lines, line, used = [], "", 0.0
    for one in text:
        wide = width(one)
        if one == "\n" or (line and used + wide > most):
            kept, moved = _cut(line, one)
            lines.append(kept)
            line, used = moved, text_width(moved, width)
        if one != "\n":
            line, used = line + one, used + wide
    return [*lines, line]


def _cut(line: str, following: str) -> tuple[str, str]:
    """What stays on a line, and the end of it that goes on the next one before `following`."""
    if following not in CLOSING or len(line) < 2 or line[-1] in CLOSING:
        return line, ""
    return line[:-1], line[-1]


def truncate(text: str, most: float, width: Width = plain_width) -> str:
    """Text cut to a width, with "…" at the end if something is missing."""
    if text_width(text, width) <= most:
        return text
    while text and text_width(text, width) + FULL > most:
        text = text[:-1]
    return text + "…"
