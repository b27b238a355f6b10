"""Numbers in kanji are read whole: 十二頭 is twelve and never two."""

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ingest.tables import cell_values, dates, kanji_numbers

DIGITS = "〇一二三四五六七八九"


def written(number: int) -> str:
    """A number up to 9,999 as it is written in kanji, by an independent rule."""
    parts = []
    for place, word in ((1_000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // place % 10
        if digit:
            parts.append(("" if digit == 1 and word else DIGITS[digit]) + word)
    return "".join(parts)


def ignore(_: str) -> None:
    """Remarks are not looked at here."""


@given(st.integers(1, 9_999))
def test_every_number_of_animals_is_read_whole(number: int) -> None:
    assert cell_values.number(f"{written(number)}頭", ignore) == number


@given(st.integers(1, 9_999))
def test_digits_one_by_one_are_read_likewise(number: int) -> None:
    assert kanji_numbers.value("".join(DIGITS[int(one)] for one in str(number))) == number


@pytest.mark.parametrize("unclear", ["数頭", "十数頭", "何頭か", "三三五十頭", "一部"])
def test_what_is_no_number_stays_unknown(unclear: str) -> None:
    remarks: list[str] = []
    assert cell_values.number(unclear, remarks.append) is None
    assert remarks


def test_hours_and_days_may_be_written_in_kanji() -> None:
    assert dates.clock("午後三時ごろ", ignore) == time(15)
    assert dates.clock("十時半", ignore) == time(10, 30)
    assert dates.clock("午前九時十五分", ignore) == time(9, 15)
    assert dates.day("令和七年四月十五日", ignore) == (date(2025, 4, 15), "")


def test_a_range_in_kanji_is_its_first_number() -> None:
    remarks: list[str] = []
    assert cell_values.number("二、三頭", remarks.append) == 2
    assert "its first number" in remarks[0]
