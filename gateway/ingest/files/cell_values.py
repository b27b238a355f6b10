"""Cells as people fill them in: Japanese dates, times, numbers and coordinates to plain values. PURE.

Owns what a cell may look like. A cell that is usable after a repair says so through `note`; one that
is not raises ValueError with what is allowed.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date, time, timedelta

from gateway.domain.geo import degrees as written_degrees
from gateway.domain.geo.degrees import Axis

Note = Callable[[str], None]
"""Is told what was repaired, in words that are the same for the same fault."""

# Era, its letter, its first day; the newest first.
ERAS = (
    ("令和", "R", date(2019, 5, 1)),
    ("平成", "H", date(1989, 1, 8)),
    ("昭和", "S", date(1926, 12, 25)),
    ("大正", "T", date(1912, 7, 30)),
)
SHEET_EPOCH = date(1899, 12, 30)  # day 0 of the spreadsheets' day numbers
SHEET_DAYS = range(20_000, 80_000)  # 1954 to 2119
_DAY = re.compile(
    r"(?:(?P<era>令和|平成|昭和|大正|[RHSTrhst])[.\s]*)?(?P<year>元|\d{1,4})\s*[年./-]\s*"
    r"(?P<month>\d{1,2})\s*[月./-]\s*(?P<day>\d{1,2})(?!\d)日?\s*(?:\([月火水木金土日]\))?[T\s]*(?P<rest>.*)"
)
_TIME = re.compile(
    r"(?P<half>午前|午後|AM|PM)?\s*(?P<hour>\d{1,2})\s*(?P<unit>時間?|:)\s*"
    r"(?:(?P<minute>\d{1,2})(?:\s*分|:\d{2}(?:\.\d+)?|(?!\d))|(?P<past>半))?"
)
_AFTER_TIME = {"", "頃", "ごろ", "頃に", "過ぎ"}
_NOTHING = {"", "-", "--", "不明", "なし", "?", "未確認", "ー", "―"}
_BETWEEN = re.compile(r"[・、，,/;+＋&]|と(?=[ァ-ヴー一-龠])|\s+")
_NONE = re.compile(r"(?:な|無)し|無|零|ゼロ|0+(?:\.0+)?\s*(?:頭|匹|羽|個体)?|none", re.IGNORECASE)
_DESTROYED = re.compile(r"\d(?:\.\d+)?E\+?\d+", re.IGNORECASE)


def plain(text: str) -> str:
    """Full-width letters, digits and signs as plain ones, no spaces around."""
    folded = unicodedata.normalize("NFKC", text).strip()
    return re.sub(r"[〜~∼]", "~", folded)


def noted(text: str, note: Note) -> str:
    """`plain`, saying so when digits were full-width."""
    if re.search(r"[０-９]", text):
        note("full-width digits read as plain ones")
    return plain(text)


def is_destroyed(text: str) -> bool:
    """Whether a spreadsheet turned a code into a rounded number, like 5.44E+08."""
    return _DESTROYED.fullmatch(plain(text)) is not None


def day(text: str, note: Note) -> tuple[date, str]:
    """The day, and what stands behind it in the cell (a time, or nothing)."""
    cell = noted(text, note)
    if cell.isdecimal() and int(cell[:9]) in SHEET_DAYS:
        note("a spreadsheet's day number; read as a date")
        return SHEET_EPOCH + timedelta(int(cell)), ""
    found = _DAY.fullmatch(cell)
    if found is None:
        raise ValueError("must be a day like R6.4.24, 令和6年4月24日 or 2024/4/24")
    month, of_month = int(found["month"]), int(found["day"])
    try:
        return date(_year(found, note, month, of_month), month, of_month), found["rest"].strip()
    except ValueError as error:
        raise ValueError(f"no day of the calendar: {error}") from None


def _year(found: re.Match[str], note: Note, month: int, of_month: int) -> int:
    number = 1 if found["year"] == "元" else int(found["year"])
    if found["era"] is None:
        if number < 1_000:
            raise ValueError("a year needs four digits or an era")
        return number
    letter = found["era"][0].upper()
    first = next(begin for name, short, begin in ERAS if letter in {name[0], short})
    year = first.year + number - 1
    if (year, month, of_month) < (first.year, first.month, first.day):
        note("before its era began; the year is counted all the same")
    return year


def clock(text: str, note: Note) -> time | None:
    """The time of day, None where the cell says that nobody knows."""
    cell = noted(text, note)
    if cell in _NOTHING:
        return None
    found = _TIME.search(cell)
    if found is None:
        note("not a time; the day alone is kept")
        return None
    hour, minute = int(found["hour"]), 30 if found["past"] else int(found["minute"] or 0)
    if found["half"] in {"午後", "PM"} and hour < 12:
        hour += 12
    if hour > 23 or minute > 59:
        note("not a time; the day alone is kept")
        return None
    if found["unit"] == "時間" or found.start() or cell[found.end() :].strip() not in _AFTER_TIME:
        note("the first time in it is taken")
    return time(hour, minute)


def parts(text: str) -> list[str]:
    """The words of a cell that lists several: ``A・B``, ``A、B``, ``A/B``."""
    found = (part.strip() for part in _BETWEEN.split(plain(text).removesuffix("等")))
    return [part for part in found if part]


def is_none(text: str) -> bool:
    """Whether a count says that nothing was seen."""
    return _NONE.fullmatch(plain(text)) is not None


def number(text: str, note: Note) -> int | None:
    """How many, None where the cell says that nobody knows."""
    cell = noted(text, note)
    if cell in _NOTHING:
        return None
    found = re.findall(r"\d+", cell)
    if not found or int(found[0][:6]) > 10_000:
        note("not a number; left unknown")
        return None
    if len(found) > 1:
        note("a range; its first number is taken")
    elif not re.fullmatch(r"\d+\s*(?:頭|匹|羽|個体)?", cell):
        note("only the number in it is taken")
    return int(found[0])


def degrees(text: str, axis: Axis, note: Note) -> float:
    """Degrees of latitude or longitude, as a list of devices reads them too."""
    noted(text, note)
    value, is_sexagesimal = written_degrees.read(text, axis, most=180)
    if is_sexagesimal:
        note("degrees, minutes and seconds; read as degrees")
    return value
