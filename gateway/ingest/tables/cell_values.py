"""Reads cells with a number of animals or a coordinate. PURE.

Owns the accepted forms of such cells; days and times: `dates`. `note` is called when a cell was repaired; a
cell that cannot be used raises ValueError with the allowed forms.
"""

import re
import unicodedata
from collections.abc import Callable

from gateway.domain.geo import degrees as written_degrees
from gateway.domain.geo.degrees import Axis
from gateway.ingest.tables import kanji_numbers

Note = Callable[[str], None]
"""Called with what was repaired; the text is the same for the same kind of repair."""

MOST_ANIMALS = 10_000
NOTHING = frozenset(
    {"", "-", "--", "不明", "?", "未確認", "ー", "―", "–", "n/a", "未記入", "記載なし"}
)
"""Cells that say that the value is unknown."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_COUNTED = "頭|匹|羽|個体|尾"
_NONE = re.compile(
    rf"(?:目撃|出没|個体|姿|痕跡|異常|該当|発見|捕獲|確認|頭数)?\s*(?:な|無)し|無|零|〇|ゼロ|[-±]?0+(?:\.0+)?\s*(?:{_COUNTED})?|none|nil|zero"
    r"|(?:居|い)(?:ない|ません(?:でした)?|なかった|ず)|見(?:えず|られず|当たらず|つからず)|不在|(?:未|非)出没"
    r"|(?:確認|発見|目撃)(?:できず|されず|せず|できなかった|出来ず)|absent|not seen|no animals?",
    re.IGNORECASE,
)
_WHOLE = re.compile(r"(\d+)(?:\.0+)?(?![\d.])")
_SUM = re.compile(rf"\D*\d+\s*(?:{_COUNTED})(?:\s*[、・と+&,]\s*[^\d~-]*\d+\s*(?:{_COUNTED}))+\D*")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_DESTROYED = re.compile(r"\d(?:\.\d+)?E\+?\d+", re.IGNORECASE)


def plain(text: str) -> str:
    """The text with half-width letters, digits and signs, without spaces around it."""
    folded = unicodedata.normalize("NFKC", text).strip()
    return re.sub(r"[〜~∼]", "~", folded)


def unguarded(text: str) -> str:
    """The text without the apostrophe that keeps a spreadsheet from taking it for a formula."""
    return text[1:] if text[:1] == "'" and text[1:2] in _FORMULA_STARTS else text


def noted(text: str, note: Note) -> str:
    """`plain`; calls `note` when digits were full-width."""
    if re.search(r"[０-９]", text):
        note("全角の数字を半角として読みました / full-width digits read as plain ones")
    return plain(text)


def is_destroyed(text: str) -> bool:
    """Whether a spreadsheet turned a code into a rounded number, like 5.44E+08."""
    return _DESTROYED.fullmatch(plain(text)) is not None


def is_none(text: str) -> bool:
    """Whether a cell says that nothing was seen."""
    return _NONE.fullmatch(plain(text)) is not None


def number(text: str, note: Note) -> int | None:
    """The number in a cell; None where it is unknown."""
    cell = noted(text, note)
    if cell.lower() in NOTHING:
        return None
    digits = kanji_numbers.to_digits(_THOUSANDS.sub("", cell))
    if re.fullmatch(r"-\s*\d.*|.*\d\.\d*[1-9].*|.*\d\D?E[+-]?\d.*", digits, re.IGNORECASE):
        found: list[str] = []  # negative, a fraction, or rounded by a spreadsheet
    else:
        found = _WHOLE.findall(digits)
    if not found or any(int(one[:6]) > MOST_ANIMALS for one in found):
        note("数として読めません。不明とします / not a number; left unknown")
        return None
    if len(found) > 1 and _SUM.fullmatch(digits):
        note("足して数えました / several numbers; their sum is taken")
        return sum(map(int, found))
    if len(found) > 1:
        note("範囲の初めの数を使います / a range; its first number is taken")
    elif not re.fullmatch(rf"\d+(?:\.0+)?\s*(?:{_COUNTED})?", cell):
        note("書かれた数だけを使います / only the number in it is taken")
    return int(found[0])


def degrees(text: str, axis: Axis, note: Note, *, has_comma: bool = False) -> float:
    """Degrees of latitude or longitude, read as in a list of devices."""
    noted(text, note)
    value, is_sexagesimal = written_degrees.read(text, axis, most=180, has_comma=has_comma)
    if is_sexagesimal:
        note("度分秒を度にしました / degrees, minutes and seconds; read as degrees")
    return value
