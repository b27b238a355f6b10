"""Reads cells with a day or a time of day. PURE.

Owns the accepted forms of such cells. `note` is called when a cell was repaired; a cell that cannot be used
raises ValueError with the allowed forms.
"""

import re
from datetime import date, time, timedelta

from gateway.ingest.tables import kanji_numbers
from gateway.ingest.tables.cell_values import NOTHING, Note, noted

# Era, its letter, its first day; the newest first.
ERAS = (
    ("令和", "R", date(2019, 5, 1)),
    ("平成", "H", date(1989, 1, 8)),
    ("昭和", "S", date(1926, 12, 25)),
    ("大正", "T", date(1912, 7, 30)),
)
SHEET_EPOCH = date(1899, 12, 30)  # day 0 of the spreadsheets' day numbers
SHEET_DAYS = range(20_000, 80_000)  # 1954 to 2119
CENTURY = 2_000  # of a year with two digits beside the name of a month
_MINUTES_A_DAY = 1_440
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAY = r"(?:\s*\(?[月火水木金土日](?:曜日?)?(?:[・･,、]?祝日?)?\)|\s*[月火水木金土日]曜日?)?"
_DAY = re.compile(
    r"(?:(?P<era>令和|平成|昭和|大正|[RHSTrhst])[./\s]*)?(?P<year>元|\d{1,4})\s*[年./-]\s*"
    rf"(?P<month>\d{{1,2}})\s*[月./-]\s*(?P<day>\d{{1,2}})(?!\d)日?{_WEEKDAY}[T\s]*(?P<rest>.*)"
)
_PACKED = re.compile(r"(?P<year>(?:19|20)\d\d)(?P<month>\d\d)(?P<day>\d\d)")
_NAMED = re.compile(
    rf"(?:(?P<day>\d{{1,2}})[\s./-]*(?P<month>{'|'.join(_MONTHS)})[a-z]*"
    rf"|(?P<month2>{'|'.join(_MONTHS)})[a-z]*[\s./-]*(?P<day2>\d{{1,2}}),?)[\s./-]+(?P<year>\d{{4}}|\d{{2}})(?!\d)"
    r"[T\s]*(?P<rest>.*)",
    re.IGNORECASE,
)
_SERIAL = re.compile(r"(?P<day>\d{5})(?:\.(?P<fraction>\d+))?")
_YEARLESS = re.compile(rf"\d{{1,2}}\s*[月/.-]\s*\d{{1,2}}日?{_WEEKDAY}")
_TIME = re.compile(
    r"(?P<half>午前|午後|深夜|未明|早朝|朝|昼|夕方|夕|夜|晩|[AP]\.?M\.?)?\s*(?P<hour>\d{1,2})\s*(?P<unit>時間?|:)\s*"
    r"(?:(?P<minute>\d{1,2})(?:\s*分|:\d{2}(?:\.\d+)?|(?!\d))|(?P<past>半))?(?:\s*(?P<after>[AP]\.?M\.?))?",
    re.IGNORECASE,
)
_FRACTION = re.compile(r"0?\.\d+")
_CLOCK_DIGITS = re.compile(r"(?P<hour>\d{1,2})(?P<minute>\d\d)")
_WORDS = {"正午": time(12), "noon": time(12), "midnight": time(0)}
_AFTERNOON = {  # hours of 12 that such a word puts after noon
    **dict.fromkeys(("夕方", "夕", "夜", "晩"), range(4, 12)),
    "昼": range(1, 5),
}
_AFTER_TIME = {"", "頃", "ごろ", "ころ", "頃に", "過ぎ"}
_ONLY_DAY = "時刻として読めません。日だけを使います / not a time; the day alone is kept"
_FIRST = "初めの時刻を使います / the first time in it is taken"


def day(text: str, note: Note) -> tuple[date, str]:
    """The day, and the rest of the cell (a time, or nothing)."""
    cell = kanji_numbers.to_digits(noted(text, note))
    serial = _SERIAL.fullmatch(cell)
    if serial and int(serial["day"]) in SHEET_DAYS:
        note("表計算ソフトの日数を日付にしました / a spreadsheet's day number; read as a date")
        fraction = serial["fraction"]
        return SHEET_EPOCH + timedelta(int(serial["day"])), f"0.{fraction}" if fraction else ""
    if packed := _PACKED.fullmatch(cell):
        return _calendar(int(packed["year"]), int(packed["month"]), int(packed["day"])), ""
    if named := _NAMED.fullmatch(cell):
        return _with_month_name(named, note), named["rest"].strip()
    found = _DAY.fullmatch(cell)
    if found is None and _YEARLESS.fullmatch(cell):
        raise ValueError(
            "年がありません。年も書いてください / no year: must be a day like 2024/4/24"
        )
    if found is None:
        raise ValueError(
            "R6.4.24、令和6年4月24日、2024/4/24 の形で / "
            "must be a day like R6.4.24, 令和6年4月24日 or 2024/4/24"
        )
    month, of_month = int(found["month"]), int(found["day"])
    return _calendar(_year(found, note, month, of_month), month, of_month), found["rest"].strip()


def _calendar(year: int, month: int, of_month: int) -> date:
    try:
        return date(year, month, of_month)
    except ValueError as error:
        raise ValueError(f"暦にない日です / no day of the calendar: {error}") from None


def _with_month_name(found: re.Match[str], note: Note) -> date:
    year, month = int(found["year"]), (found["month"] or found["month2"]).lower()
    if year < 100:
        year += CENTURY
        note("年が2桁。20xx年とします / a year with two digits; taken as 20xx")
    return _calendar(year, _MONTHS.index(month) + 1, int(found["day"] or found["day2"]))


def _year(found: re.Match[str], note: Note, month: int, of_month: int) -> int:
    number = 1 if found["year"] == "元" else int(found["year"])
    if found["era"] is None:
        if number < 1_000:
            raise ValueError("年は4桁か元号で / a year needs four digits or an era")
        return number
    letter = found["era"][0].upper()
    first = next(begin for name, short, begin in ERAS if letter in {name[0], short})
    year = first.year + number - 1
    if (year, month, of_month) < (first.year, first.month, first.day):
        note(
            "元号が始まる前の日。年は数えました / before its era began; the year is counted all the same"
        )
    return year


def clock(text: str, note: Note) -> time | None:
    """The time of day; None where it is unknown."""
    cell = noted(text, note)
    if cell.lower() in NOTHING | {"なし"}:
        return None
    cell = kanji_numbers.to_digits(cell)
    if cell.lower() in _WORDS:
        return _WORDS[cell.lower()]
    if _FRACTION.fullmatch(cell):
        return _of_fraction(float(cell), note)
    if digits := _CLOCK_DIGITS.fullmatch(cell):
        note("時分の並びとして読みました / read as hours and minutes")
        return _time(int(digits["hour"]), int(digits["minute"]), note)
    found = _TIME.search(cell)
    return _written(found, cell, note) if found else _time(24, 0, note)


def _of_fraction(share: float, note: Note) -> time | None:
    note(
        "表計算ソフトの時刻の数を時刻にしました / a spreadsheet's fraction of a day; read as a time"
    )
    minutes = round(share * _MINUTES_A_DAY)
    return _time(minutes // 60, minutes % 60, note)


def _written(found: re.Match[str], cell: str, note: Note) -> time | None:
    hour, minute = int(found["hour"]), 30 if found["past"] else int(found["minute"] or 0)
    half = (found["half"] or found["after"] or "").upper().replace(".", "")
    if (half in {"午後", "PM"} and hour < 12) or hour in _AFTERNOON.get(half, ()):
        hour += 12
    elif half in {"夜", "晩", "深夜"} and hour == 12:
        hour = 24  # midnight, but of an unknown day
    elif half in {"AM", "午前"} and hour == 12:
        hour = (
            0 if half == "AM" or minute else 24
        )  # 午前12時 means noon to some, midnight to others
    at = _time(hour, minute, note)
    is_first = (
        found["unit"] == "時間" or found.start() or cell[found.end() :].strip() not in _AFTER_TIME
    )
    if at and is_first:
        note(_FIRST)
    return at


def _time(hour: int, minute: int, note: Note) -> time | None:
    if hour > 23 or minute > 59:
        note(_ONLY_DAY)
        return None
    return time(hour, minute)
