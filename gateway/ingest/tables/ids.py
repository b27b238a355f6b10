"""Ids in cells: recognises ids that a spreadsheet has changed, and ids that may be the same. PURE.

Owns the patterns of a changed id. Must not know which ids exist.
"""

import re
import unicodedata

_MONTH = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_TEXT = (
    "。列の書式を「文字列」にして入れ直してください / format the column as text and enter it anew"
)
_DATE = (
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[ T]\d{1,2}:\d\d(?::\d\d)?)?|\d{4}年\d{1,2}月(?:\d{1,2}日)?"
    rf"|\d{{1,2}}月\d{{1,2}}日|\d{{1,2}}-(?:{_MONTH})(?:-\d{{2,4}})?|(?:{_MONTH})-\d{{2,4}}"
)
_ERROR = r"#+|#(?:N/A|REF!|NAME\?|VALUE!|NUM!|NULL!|DIV/0!|SPILL!|CALC!)"
_ROUNDED = "表計算ソフトが番号を丸めました / a spreadsheet rounded this number"
_ZEROS = (
    "16桁以上で 0 に終わります。表計算ソフトが丸めたようです（正しい EUI なら 01-23-… と2桁ずつ書いて） / "
    "over 15 digits that end in 0: a spreadsheet seems to have rounded it (a right EUI: write it in "
    "pairs, 01-23-…)"
)
_CAUSES = {  # how a destroyed id looks -> what happened to it
    r"[+-]?\d(?:\.\d+)?E\+\d+|[+-]?\d\.\d+E\d+": _ROUNDED,
    r"\d{15}\d*0": _ZEROS,
    r"\d+\.0+": "番号が小数になっています / a number with decimals",
    _ERROR: "表計算ソフトの誤りの印です / a spreadsheet's mark of an error",
    "true|false": "表計算ソフトが真偽値にしました / a spreadsheet made a truth value of it",
    "=.*": "計算式です / a formula",
    _DATE: "表計算ソフトが日付にしました / a spreadsheet made a date of it",
}
_MARKS = tuple(
    (re.compile(pattern, re.IGNORECASE), cause + _TEXT) for pattern, cause in _CAUSES.items()
)
_GUARDED = re.compile(r"=\"(?P<formula>[^\"]*)\"|'(?P<quote>\d+)")
_WIDE = re.compile(r"[！-～　]")


def unguarded(text: str) -> str:
    """An id without the marks that protect it in a spreadsheet: ="0012", '0012."""
    found = _GUARDED.fullmatch(text)
    bare = (found["formula"] or found["quote"] or "") if found else text
    folded = unicodedata.normalize("NFKC", bare).strip()
    return folded if _WIDE.search(bare) and folded.isascii() else bare.strip()


def why_destroyed(text: str) -> str:
    """What a spreadsheet did to an id and what to do, in both languages; "" for an id that may be right."""
    plain = unicodedata.normalize("NFKC", text).strip()
    return next((cause for mark, cause in _MARKS if mark.fullmatch(plain)), "")


def likeness(id_: str) -> str:
    """Equal for ids that differ only in case, width or spaces: people mean the same device."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", id_)).casefold()


def without_zeros(id_: str) -> str:
    """A number without its leading zeros, as a spreadsheet leaves it; "" for any other id."""
    return id_.lstrip("0") if id_.isascii() and id_.isdecimal() else ""
