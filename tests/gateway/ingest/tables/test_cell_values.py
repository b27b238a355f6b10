"""Cell values: what people write in cells becomes plain values, and every repair is said."""

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ingest.tables import cell_values, dates

SHEET = "a spreadsheet's day number; read as a date"
WIDE = "full-width digits read as plain ones"
ONLY_DAY = "not a time; the day alone is kept"
FRACTION = "a spreadsheet's fraction of a day; read as a time"
FIRST = "the first time in it is taken"


def english(said: list[str]) -> list[str]:
    """The English halves of remarks that are told in both languages."""
    assert all(" / " in one for one in said)
    return [one.split(" / ", 1)[1] for one in said]


@pytest.mark.parametrize(
    ("text", "day", "rest", "notes"),
    [
        ("R4.4.24", date(2022, 4, 24), "", []),
        ("令和4年4月24日", date(2022, 4, 24), "", []),
        ("令和元年5月1日(水)", date(2019, 5, 1), "", []),
        ("㋿6年10月3日", date(2024, 10, 3), "", []),
        ("平成31年4月30日", date(2019, 4, 30), "", []),
        ("S63/12/31", date(1988, 12, 31), "", []),
        ("r6-1-5", date(2024, 1, 5), "", []),
        ("2025.1.9", date(2025, 1, 9), "", []),
        ("2019/5/29", date(2019, 5, 29), "", []),
        ("2025-01-09 10:30", date(2025, 1, 9), "10:30", []),
        ("2025-01-09T10:30:00", date(2025, 1, 9), "10:30:00", []),
        (" 2025年1月9日 8時頃", date(2025, 1, 9), "8時頃", []),
        ("Ｒ６．４．２４", date(2024, 4, 24), "", [WIDE]),
        ("43575", date(2019, 4, 20), "", [SHEET]),
        ("20250410", date(2025, 4, 10), "", []),
        ("45757.7708", date(2025, 4, 10), "0.7708", [SHEET]),
        ("5-Apr-25", date(2025, 4, 5), "", ["a year with two digits; taken as 20xx"]),
        ("April 5, 2025 6:30 PM", date(2025, 4, 5), "6:30 PM", []),
        ("令和７年４月５日（土・祝）18時", date(2025, 4, 5), "18時", [WIDE]),
        (
            "R1.4.18",
            date(2019, 4, 18),
            "",
            ["before its era began; the year is counted all the same"],
        ),
    ],
)
def test_a_day_is_read_in_any_notation(text: str, day: date, rest: str, notes: list[str]) -> None:
    shown: list[str] = []
    assert dates.day(text, shown.append) == (day, rest)
    assert english(shown) == notes


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "must be a day like"),
        ("昨日", "must be a day like"),
        ("6.4.24", "four digits or an era"),
        ("R6.2.30", "no day of the calendar"),
        ("2024/13/1", "no day of the calendar"),
        ("R0.1.1x", "must be a day|before its era"),
        ("123456", "must be a day like"),
        ("4月6日", "no year"),
        ("4/5/2025", "must be a day like"),
        ("05/04/25", "four digits or an era"),
        ("20251301", "no day of the calendar"),
        ("2024/4/245", "must be a day like"),
    ],
)
def test_what_is_no_day_is_refused(text: str, why: str) -> None:
    shown: list[str] = []
    if text == "R0.1.1x":
        assert dates.day(text, shown.append)[1] == "x"
        assert shown
        return
    with pytest.raises(ValueError, match=why):
        dates.day(text, shown.append)


@pytest.mark.parametrize(
    ("text", "hour", "notes"),
    [
        ("10時30分頃", time(10, 30), []),
        ("2時頃", time(2, 0), []),
        ("7時半ごろ", time(7, 30), []),
        ("午後3時20分", time(15, 20), []),
        ("午前0時5分", time(0, 5), []),
        ("10:30", time(10, 30), []),
        ("10:30:00", time(10, 30), []),
        ("", None, []),
        ("不明", None, []),
        ("６時５分頃", time(6, 5), [WIDE]),
        ("18時30分〜;19時00分頃", time(18, 30), [FIRST]),
        ("17時30分～19時頃", time(17, 30), [FIRST]),
        ("20時間33分頃", time(20, 33), [FIRST]),
        ("6:30 PM", time(18, 30), []),
        ("12:30 AM", time(0, 30), []),
        ("0530", time(5, 30), ["read as hours and minutes"]),
        ("0.2291", time(5, 30), [FRACTION]),
        ("0.5", time(12, 0), [FRACTION]),
        ("正午", time(12, 0), []),
        ("夜8時半", time(20, 30), []),
        ("夕方 17:30", time(17, 30), []),
        ("午前12時", None, [ONLY_DAY]),
        ("夜12時", None, [ONLY_DAY]),
        ("夕方", None, [ONLY_DAY]),
        ("25時10分", None, [ONLY_DAY]),
        ("10時75分", None, [ONLY_DAY]),
    ],
)
def test_a_time_is_read_or_left_unknown(text: str, hour: time | None, notes: list[str]) -> None:
    shown: list[str] = []
    assert dates.clock(text, shown.append) == hour
    assert english(shown) == notes


@pytest.mark.parametrize(
    ("text", "count", "notes"),
    [
        ("1", 1, []),
        ("2頭", 2, []),
        ("", None, []),
        ("-", None, []),
        ("成獣１頭", 1, [WIDE, "only the number in it is taken"]),
        ("2〜3頭", 2, ["a range; its first number is taken"]),
        ("複数", None, ["not a number; left unknown"]),
        ("99999999", None, ["not a number; left unknown"]),
        ("1.0", 1, []),
        ("1.5", None, ["not a number; left unknown"]),
        ("-1", None, ["not a number; left unknown"]),
        ("1E+2", None, ["not a number; left unknown"]),
        ("一頭", 1, ["only the number in it is taken"]),
        ("成獣1頭、幼獣2頭", 3, ["several numbers; their sum is taken"]),
        ("2、3頭", 2, ["a range; its first number is taken"]),
    ],
)
def test_a_number_is_read_or_left_unknown(text: str, count: int | None, notes: list[str]) -> None:
    shown: list[str] = []
    assert cell_values.number(text, shown.append) == count
    assert english(shown) == notes


def test_a_code_that_a_spreadsheet_destroyed_is_known() -> None:
    assert [
        cell_values.is_destroyed(text) for text in ("5.44E+08", "５.44e+08", "5E8", "544165324")
    ] == [
        True,
        True,
        True,
        False,
    ]


def test_degrees_are_numbers() -> None:
    assert cell_values.degrees("３６.５", "lat", lambda _: None) == 36.5
    assert cell_values.degrees("136.5度", "lon", lambda _: None) == 136.5
    with pytest.raises(ValueError, match="must be degrees"):
        cell_values.degrees("北緯", "lat", lambda _: None)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused_by_a_sentence(text: str) -> None:
    shown: list[str] = []
    assert isinstance(dates.clock(text, shown.append), time | None)
    assert isinstance(cell_values.number(text, shown.append), int | None)
    try:
        found: date | str = dates.day(text, shown.append)[0]
    except ValueError as error:
        found = str(error)
    assert found


@given(st.dates(date(2019, 5, 1), date(2099, 12, 31)))
def test_an_era_and_a_plain_year_mean_the_same_day(day: date) -> None:
    wareki = f"令和{day.year - 2018}年{day.month}月{day.day}日"
    assert dates.day(wareki, pytest.fail)[0] == dates.day(day.isoformat(), pytest.fail)[0] == day


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "０",
        "0頭",
        "0.0",
        "なし",
        "無し",
        "いない",
        "いませんでした",
        "見えず",
        "目撃なし",
        "異常なし",
        "確認できず",
        "ゼロ",
        "none",
    ],
)
def test_words_for_nothing_are_known(text: str) -> None:
    assert cell_values.is_none(text)


@pytest.mark.parametrize(
    "text", ["", "不明", "-", "1", "10", "数頭", "複数", "いのしし", "なし崩し"]
)
def test_other_words_do_not_mean_nothing(text: str) -> None:
    assert not cell_values.is_none(text)
